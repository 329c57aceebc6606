package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.catalog.ArchiveSpools;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.TestPoints;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.location.TestLocations;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Restores of points whose status a user has written. */
class PointResolverTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.namespace", "ops"));
    private final List<String> reads = new ArrayList<>();
    private final PointResolver points = new PointResolver(
            client,
            TestLocations.of(client, config),
            new FakeCatalog(),
            new FakeArchives(),
            config,
            new IdentityRule(config, PointKeys.identities("east")));

    @BeforeEach
    void locations() {
        location("ops", "shared");
        location("shop", "own");
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void readsThePointOfTheNamespace() {
        point("shop", "shop", "shared");
        assertThat(points.find(restore("shop", "shop")).digest()).isEqualTo("digest");
        assertThat(points.find(restore("ops", "shop")).digest()).isEqualTo("digest");
    }

    @Test
    void readsNothingOfAnotherNamespaceThatAStatusNames() {
        point("shop", "bank", "shared");
        for (Restore restore : List.of(restore("shop", "shop"), restore("ops", "shop"), sandbox())) {
            assertThat(refusal(() -> points.find(restore)).reason()).isEqualTo(Reason.Forbidden);
        }
        assertThat(reads).isEmpty();
    }

    @Test
    void letsOnlyAnAdministratorUseAForeignPointOfTheNamespacesOwnLocation() {
        point("shop", "bank", "own");
        for (Restore restore : List.of(restore("shop", "shop"), sandbox())) {
            assertThat(refusal(() -> points.find(restore)).reason()).isEqualTo(Reason.Forbidden);
        }
        assertThat(reads).isEmpty();
        assertThat(points.find(restore("ops", "shop")).location().getMetadata().getName())
                .isEqualTo("own");
    }

    @Test
    void continuesNoRestoreWhoseStatusNamesAnotherNamespace() {
        Restore restore = restore("shop", "shop");
        restore.setStatus(new RestoreStatus());
        restore.getStatus().restorePoint = PointKeys.of("east", "bank", "p").path();
        restore.getStatus().location = "shared";
        assertThat(refusal(() -> points.reopen(restore)).reason()).isEqualTo(Reason.Forbidden);
        assertThat(reads).isEmpty();
    }

    @Test
    void continuesOnlyWithTheSealThatItHasVerified() {
        Restore restore = restore("shop", "shop");
        restore.setStatus(new RestoreStatus());
        restore.getStatus().restorePoint = PointKeys.of("east", "shop", "p").path();
        restore.getStatus().location = "shared";
        for (String recorded : new String[] {"another", null}) {
            restore.getStatus().digest = recorded;
            assertThat(refusal(() -> points.reopen(restore)).reason()).isEqualTo(Reason.Tampered);
        }
        restore.getStatus().digest = "digest";
        assertThat(points.reopen(restore).digest()).isEqualTo("digest");
    }

    @Test
    void reportsNoDigestOfASealThatIsNotTheObjects() {
        RestorePoint point = point("shop", "shop", "shared");
        point.getStatus().digest = "another";
        client.resource(point).update();

        BreakwaterException e = refusal(() -> points.find(restore("shop", "shop")));

        assertThat(e.reason()).isEqualTo(Reason.Tampered);
        assertThat(e.getMessage()).doesNotContain("digest");
    }

    private static BreakwaterException refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        return catchThrowableOfType(BreakwaterException.class, call);
    }

    /** As a Verification creates it. */
    private static Restore sandbox() {
        Restore restore = restore("ops", "shop");
        restore.getMetadata().setLabels(Map.of(Api.SANDBOX, "uid"));
        return restore;
    }

    private static Restore restore(String namespace, String source) {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace(namespace);
        restore.getMetadata().setName("r");
        restore.setSpec(new RestoreSpec());
        restore.getSpec().sourceNamespace = source;
        restore.getSpec().restorePointRef = new NamedRef("o");
        return restore;
    }

    private RestorePoint point(String namespace, String captured, String location) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(namespace);
        point.getMetadata().setName("o");
        point.setSpec(new RestorePointSpec());
        RestorePointStatus s = new RestorePointStatus();
        PointKeys.state(s, PointKeys.of("east", captured, "p"));
        s.location = location;
        s.digest = "digest";
        s.capturedAt = "2026-06-01T00:00:00Z";
        Condition succeeded = new Condition();
        succeeded.type = Condition.SUCCEEDED;
        succeeded.status = "True";
        s.conditions.add(succeeded);
        point.setStatus(s);
        return client.resource(point).create();
    }

    private void location(String namespace, String name) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace(namespace);
        location.getMetadata().setName(name);
        location.setSpec(new BackupLocationSpec());
        location.getSpec().usagePolicy = new BackupLocationSpec.UsagePolicy();
        location.getSpec().usagePolicy.namespaces = Namespaces.All;
        client.resource(location).create();
    }

    /** Has every point. */
    private final class FakeCatalog extends Catalog {
        FakeCatalog() {
            super(null, null);
        }

        @Override
        public Optional<Sealed> read(BackupLocation location, PointKey key) {
            reads.add(key.toString());
            return Optional.of(new Sealed(TestPoints.document(key), "digest"));
        }

        @Override
        public void verifySnapshots(BackupLocation location, PointDocument document) {
            // they are unaltered
        }
    }

    /** Has every archive. */
    private static final class FakeArchives extends ArchiveSpools {
        FakeArchives() {
            super(null, null, 1L << 40);
        }

        @Override
        public void verify(String run, BackupLocation location, PointDocument document, String digest) {
            // it is unaltered
        }
    }
}
