package io.breakwater.location.keys;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.config.TestConfig;
import io.breakwater.store.DeletionSigner;
import io.breakwater.store.TestStores;
import io.breakwater.store.VersionedStore;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An attacker with the store's credentials hides the document of a location while the keys are being rotated. */
class LocationDocumentTest {
    private static final byte[] OLD = new byte[32];
    private static final byte[] NEW =
            "0123456789abcdef0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final BackupLocation location = new BackupLocation();
    private Map<String, String> secret = TestKeys.data(OLD);

    @BeforeEach
    void start() {
        location.getMetadata().setNamespace("shop");
        location.getMetadata().setName("bucket");
        location.setSpec(new BackupLocationSpec());
    }

    @Test
    void restoresAHiddenDocument() {
        VersionedStore store = attacked(TestKeys.removals(OLD));

        probe(store);

        LocationDocument document = LocationDocument.read(store).orElseThrow();
        assertThat(document.keyId()).as("the other site may lack the new key").isEqualTo(TestKeys.id(OLD));
        assertThat(store.versions(LocationDocument.KEY)).hasSize(1);
    }

    @Test
    void writesANewDocumentWhereDeletionsAreNotSigned() {
        VersionedStore store = attacked(null);

        probe(store);

        assertThat(LocationDocument.read(store).orElseThrow().keyId()).isEqualTo(TestKeys.id(NEW));
        assertThat(store.versions(LocationDocument.KEY)).hasSize(3);
    }

    /** A location that is written with the old key, while the Secret already has the new one. */
    private VersionedStore attacked(DeletionSigner signer) {
        VersionedStore store = new VersionedStore(signer);
        probe(store);
        secret = TestKeys.data(NEW, OLD);
        store.delete(LocationDocument.KEY);
        return store;
    }

    private void probe(VersionedStore store) {
        TestKeys.probe(
                TestKeys.from(() -> secret),
                TestStores.always(store),
                TestConfig.of(Map.of("breakwater.site", "east")),
                location);
    }
}
