package io.breakwater.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CertificateBundleTest {
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private static final Set<String> HOSTS = Set.of("gateway.example", "10.0.0.7");

    @Test
    void readsBackWrittenCertificates() throws Exception {
        CertificateBundle created = CertificateBundle.generate(HOSTS, NOW);
        CertificateBundle read = CertificateBundle.read(created.write());
        assertThat(read.serving()).isEqualTo(created.serving());
        assertThat(read.authorities()).isEqualTo(created.authorities());
        assertThat(read.key()).isEqualTo(created.key());
        assertThat(read.authorityKey()).isEqualTo(created.authorityKey());
    }

    @Test
    void aSecretWithAMissingOrMangledKeyIsRefused() throws Exception {
        Map<String, String> data =
                new HashMap<>(CertificateBundle.generate(HOSTS, NOW).write());
        data.put(CertificateBundle.KEY, "%%%");
        assertThatThrownBy(() -> CertificateBundle.read(data)).isInstanceOf(GeneralSecurityException.class);
        data.remove(CertificateBundle.KEY);
        assertThatThrownBy(() -> CertificateBundle.read(data)).hasMessageContaining(CertificateBundle.KEY);
        assertThatThrownBy(() -> CertificateBundle.read(null)).isInstanceOf(GeneralSecurityException.class);
    }

    @Test
    void aFreshCertificateIsGoodForItsHostsOnly() throws Exception {
        CertificateBundle created = CertificateBundle.generate(HOSTS, NOW);
        assertThat(created.isValid(HOSTS, NOW)).isTrue();
        assertThat(created.isValid(Set.of("other.example"), NOW)).isFalse();
    }

    @Test
    void renewsCertificatesAMonthEarlyByTheSameAuthority() throws Exception {
        CertificateBundle created = CertificateBundle.generate(HOSTS, NOW);
        Instant due = NOW.plus(CertificateBundle.SERVING_VALID).minus(CertificateBundle.SERVING_RENEWED);
        assertThat(created.isValid(HOSTS, due.minusSeconds(60))).isTrue();
        assertThat(created.isValid(HOSTS, due)).isFalse();
        CertificateBundle renewed = created.renew(HOSTS, due);
        assertThat(renewed.isValid(HOSTS, due)).isTrue();
        assertThat(renewed.authorities()).isEqualTo(created.authorities());
        assertThat(renewed.serving()).isNotEqualTo(created.serving());
    }

    @Test
    void replacesTheAuthorityAYearEarlyAndTrustsBoth() throws Exception {
        CertificateBundle created = CertificateBundle.generate(HOSTS, NOW);
        Instant due = NOW.plus(CertificateBundle.AUTHORITY_VALID).minus(Duration.ofDays(364));
        CertificateBundle renewed = created.renew(HOSTS, due);
        assertThat(renewed.isValid(HOSTS, due)).isTrue();
        assertThat(renewed.authorities())
                .hasSize(2)
                .contains(created.authorities().getFirst());
        renewed.serving().verify(renewed.authorities().getFirst().getPublicKey());
        assertThat(renewed.authorities().getFirst())
                .isNotEqualTo(created.authorities().getFirst());
    }

    @Test
    void preservesExistingHostsWhenAddingOne() throws Exception {
        CertificateBundle created = CertificateBundle.generate(HOSTS, NOW);
        CertificateBundle renewed = created.renew(Set.of("other.example"), NOW);
        assertThat(renewed.isValid(HOSTS, NOW)).isTrue();
        assertThat(renewed.isValid(Set.of("other.example"), NOW)).isTrue();
    }
}
