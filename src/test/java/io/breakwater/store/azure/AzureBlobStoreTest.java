package io.breakwater.store.azure;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Errors of a store that does not answer. */
class AzureBlobStoreTest {
    @Tag("slow")
    @Test
    void reportsAnUnreachableStoreWithItsEndpoint() {
        AzureBlob spec = new AzureBlob();
        spec.account = "missing";
        spec.container = "breakwater";
        spec.endpoint = "http://127.0.0.1:9/missing";
        ObjectStore store = AzureBlobStore.open(spec, "AAAA", null, null);

        assertThatThrownBy(() -> store.read("x"))
                .hasMessageContaining("http://127.0.0.1:9/missing")
                .hasMessageContaining("no connection")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.StoreUnavailable && e.isRetryable());
    }

    @Test
    void reportsAMalformedKey() {
        AzureBlob spec = new AzureBlob();
        spec.account = "missing";
        spec.container = "breakwater";

        assertThatThrownBy(() -> AzureBlobStore.open(spec, "not base64!", null, null))
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.CredentialsRejected && !e.isRetryable());
    }
}
