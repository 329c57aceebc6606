package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuotaTest {
    @ParameterizedTest
    @CsvSource({
        "0,0",
        "1,1",
        "2Ki,2048",
        "1.5Gi,1610612736",
        "100G,100000000000",
        "1k,1000",
        "999999999Pi,9223372036854775807"
    })
    void parsesKubernetesQuantities(String size, long bytes) {
        Quota quota = new Quota();
        quota.perNamespace = size;
        assertThat(quota.of("shop")).contains(bytes);
    }

    @Test
    void prefersTheQuotaOfTheNamespaceOverTheDefault() {
        Quota quota = new Quota();
        Quota.Share share = new Quota.Share();
        share.name = "bank";
        share.size = "5";
        quota.namespaces = List.of(share);
        assertThat(quota.of("shop")).isEmpty();
        assertThat(quota.of("bank")).contains(5L);
        quota.perNamespace = "3";
        assertThat(quota.of("shop")).contains(3L);
        assertThat(quota.of("bank")).contains(5L);
    }
}
