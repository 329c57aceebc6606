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
import io.breakwater.api.Digests;
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
import io.breakwater.location.TestRegister;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.trust.TestAdoption;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Restores of points whose status a user has written. */
class PointResolverTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.namespace", "ops"));
    private final List<String> reads = new ArrayList<>();
    private final MemoryStore repositories = new MemoryStore();
    private PointDocument sealed;
    private final PointResolver points = new PointResolver(
            client,
            TestLocations.of(client, config),
            new FakeCatalog(),
            new FakeArchives(),
            config,
            new IdentityRule(
                    config,
                    PointKeys.identities("east"),
                    TestAdoption.rule(PointKeys.identities("east"), List.of(), () -> Optional.of("lost"))),
            TestRegister.of(repositories));

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

    /** Users of the namespace can read the password of its movers, which opens the data of every owner of the repository. */
    @ParameterizedTest
    @CsvSource({
        // captured in, other owner of the repository, the namespace may restore
        "lost/n1,                       ,                              true",
        "lost/n1,                       east/shop/lost/n2,             true",
        "lost/n1,                       east/shop/new/n2,              false",
        "lost/n1,                       east/bank/lost/n2,             false",
        "cluster-of-east/uid-of-shop,   east/shop/new/n2,              true",
        "lost/n1,                       east/shop/cluster-of-east/uid-of-shop, true"
    })
    void readsARepositoryOnlyForItsOwnersAndForThoseThatAdoptAllOfThem(String captured, String other, boolean may) {
        CapturedNamespace source = namespace("east/shop/" + captured);
        OwnedRepository repository = TestRegister.create(repositories, source);
        if (other != null) {
            TestRegister.addOwner(repositories, repository, namespace(other));
        }
        PointKey key = PointKeys.of(source, "p");
        sealed = PointDocument.builder(key, "uid")
                .repository(repository.id())
                .capturedAt("2026-06-01T00:00:00Z")
                .volumes(List.of(new PointDocument.Volume(
                        "data", "fast", "1Gi", "/volumes/data", Digests.sha256Hex("snapshot"), 7, 7)))
                .archive(key.archiveKey("uid"), 1)
                .build();
        RestorePoint point = point("shop", "shop", "shared");
        PointKeys.state(point.getStatus(), key);
        client.resource(point).update();

        for (Restore restore : List.of(restore("shop", "shop"), sandbox())) {
            if (may) {
                assertThat(points.find(restore).digest()).isEqualTo("digest");
            } else {
                assertThat(refusal(() -> points.find(restore)))
                        .hasMessageContaining("an administrator can restore the point in the operator's namespace ops")
                        .satisfies(e ->
                                assertThat(((BreakwaterException) e).reason()).isEqualTo(Reason.Forbidden));
            }
        }
        assertThat(points.find(restore("ops", "shop")).digest()).isEqualTo("digest");

        Restore started = restore("shop", "shop");
        started.setStatus(new RestoreStatus());
        started.getStatus().restorePoint = key.path();
        started.getStatus().location = "shared";
        started.getStatus().digest = "digest";
        if (may) {
            assertThat(points.reopen(started).digest()).isEqualTo("digest");
        } else {
            assertThat(refusal(() -> points.reopen(started)).reason()).isEqualTo(Reason.Forbidden);
        }
    }

    private static CapturedNamespace namespace(String path) {
        return CapturedNamespace.of(List.of(path.split("/"))).orElseThrow();
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
            return Optional.of(new Sealed(sealed == null ? TestPoints.document(key) : sealed, "digest"));
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
