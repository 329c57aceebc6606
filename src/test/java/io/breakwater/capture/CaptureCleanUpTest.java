package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.TestRepositories;
import io.breakwater.mover.MoverJobs;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The order in which the objects of a capture are deleted. */
class CaptureCleanUpTest {
    private static final String SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots";
    private static final String CLAIMS = "/api/v1/namespaces/shop/persistentvolumeclaims";
    private static final Instant END = Instant.parse("2026-11-30T12:00:00Z");

    private FakeApiServer server;
    private CaptureSteps steps;

    @BeforeEach
    void start() throws IOException {
        server = new FakeApiServer().serveUsual();
        server.serve("snapshot.storage.k8s.io/v1", "VolumeSnapshot", "volumesnapshots", true);
        server.serve("snapshot.storage.k8s.io/v1", "VolumeSnapshotContent", "volumesnapshotcontents", false);
        MoverJobs movers = new MoverJobs(
                server.client(),
                TestConfig.of(Map.of("breakwater.site", "east")),
                TestRepositories.with(List::of),
                Clock.systemUTC());
        steps = new CaptureSteps(
                server.client(),
                null,
                null,
                null,
                new Snapshots(server.client()),
                null,
                null,
                movers,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                "1");
        server.put(
                SNAPSHOTS,
                "{'apiVersion':'snapshot.storage.k8s.io/v1','kind':'VolumeSnapshot','metadata':{'name':'cut','namespace':'shop','labels':{'breakwater.io/run':'restorepoint.1'}}}");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void deletesTheSnapshotAfterTheClaimThatIsCreatedFromIt() {
        // A finalizer keeps the claim, as the fake shows by a claim that appears again.
        claim();
        server.refuse((method, path) -> method.equals("DELETE") && path.startsWith(CLAIMS + "/") ? 200 : 0);
        assertThat(cleanUp(0)).isFalse();
        assertThat(server.at(SNAPSHOTS + "/cut")).isNotNull();

        server.refuse((method, path) -> 0);
        assertThat(cleanUp(2)).isTrue();
        assertThat(server.at(CLAIMS + "/move")).isNull();
        assertThat(server.at(SNAPSHOTS + "/cut")).isNull();
    }

    @Test
    void doesNotWaitForAClaimForEver() {
        claim();
        server.refuse((method, path) -> method.equals("DELETE") && path.startsWith(CLAIMS + "/") ? 200 : 0);
        assertThat(cleanUp(59)).isFalse();
        assertThat(cleanUp(60)).isTrue();
        assertThat(server.at(SNAPSHOTS + "/cut")).isNull();
    }

    /** The deletion of the namespace deletes the snapshot first; the snapshot controller looks again only after a change. */
    @Test
    void wakesTheControllerOfASnapshotThatIsBeingDeleted() {
        ObjectNode snapshot = server.at(SNAPSHOTS + "/cut");
        snapshot.withObjectProperty("metadata").put("deletionTimestamp", END.toString());
        server.refuse((method, path) -> method.equals("DELETE") ? 200 : 0); // the controller's finalizer
        assertThat(cleanUp(0)).isTrue();
        assertThat(server.requests())
                .filteredOn(r -> r.method().equals("PATCH") && r.path().equals(SNAPSHOTS + "/cut"))
                .singleElement()
                .satisfies(r -> assertThat(
                                r.body().path("metadata").path("annotations").has("breakwater.io/unused"))
                        .isTrue());
    }

    private boolean cleanUp(int seconds) {
        RestorePoint point = new RestorePoint();
        point.setMetadata(new ObjectMetaBuilder()
                .withName("p")
                .withNamespace("shop")
                .withUid("1")
                .withCreationTimestamp("2026-11-30T11:00:00Z")
                .build());
        point.setStatus(new RestorePointStatus());
        return steps.cleanUp(point, END.toString(), END.plusSeconds(seconds));
    }

    private void claim() {
        server.put(
                CLAIMS,
                "{'apiVersion':'v1','kind':'PersistentVolumeClaim','metadata':{'name':'move','namespace':'shop','labels':{'breakwater.io/run':'restorepoint.1'}},'spec':{'dataSource':{'kind':'VolumeSnapshot','name':'cut'}},'status':{'phase':'Pending'}}");
    }
}
