package io.breakwater.location.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.TestConfig;
import io.breakwater.store.DeletionSigner;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.TestStores;
import io.breakwater.store.VersionedStore;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
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

    /** Each document that was ever valid has a valid signature, so only its counter shows that it is an older one. */
    @Test
    void refusesAnOlderDocumentUntilAnAdministratorNamesItsCounter() {
        VersionedStore store = new VersionedStore(null);
        probe(store);
        byte[] old = store.read(LocationDocument.KEY).orElseThrow().content();
        LocationDocument.read(store).orElseThrow().change(store, TestKeys.id(OLD), Set.of());
        location.setStatus(new BackupLocationStatus());
        location.getStatus().documentCounter = 2L;
        probe(store);
        store.write(LocationDocument.KEY, old, Precondition.NONE);

        assertThatThrownBy(() -> probe(store))
                .hasMessageContaining("it has counter 1, but this cluster has seen 2")
                .matches(e -> ((BreakwaterException) e).reason() == Reason.WentBack);

        location.getMetadata().setAnnotations(Map.of(Api.ACCEPT_DOCUMENT, "1"));
        probe(store);

        location.getStatus().acceptedDocument = 1L;
        assertThatThrownBy(() -> probe(store)).hasMessageContaining("was used before");
    }

    @Test
    void refusesADocumentWithoutASignature() {
        VersionedStore store = new VersionedStore(null);
        probe(store);
        byte[] forged =
                ("{\"schemaVersion\":1,\"keyId\":\"" + TestKeys.id(NEW) + "\"}").getBytes(StandardCharsets.UTF_8);
        store.write(LocationDocument.KEY, forged, Precondition.NONE);

        assertThatThrownBy(() -> probe(store))
                .hasMessageContaining(LocationDocument.KEY)
                .matches(e -> ((BreakwaterException) e).reason() == Reason.Tampered);
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
