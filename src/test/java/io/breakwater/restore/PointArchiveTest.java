package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.StatusWriter;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.resource.FakeApiServer.Request;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.CustomResource;
import java.io.IOException;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PointArchiveTest {
    private static final Author JANE = new Author("jane", "u-1", List.of("dev"), Map.of("k/a", List.of("v")));
    private static final Author OPERATOR = new Author("system:serviceaccount:bw:operator", "", List.of(), Map.of());

    private final AuthorStamps stamps = StampFixture.stamps();
    private FakeApiServer server;

    @BeforeEach
    void start() throws IOException {
        server = new FakeApiServer().serveUsual();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void writesClaimsAsTheAuthor() {
        assertThat(userOfTheClaim(stamped(JANE), true)).isEqualTo("jane");
    }

    @Test
    void writesClaimsAsTheOperatorWithoutImpersonation() {
        assertThat(userOfTheClaim(stamped(JANE), false)).isEmpty();
        assertThat(userOfTheClaim(stamped(OPERATOR), true)).isEmpty();
    }

    @Test
    void reportsAClaimThatTheApiServerRefusesToTheAuthor() {
        server.refuse((method, path) -> method.equals("POST") && !path.endsWith("/subjectaccessreviews") ? 403 : 0);
        assertThatThrownBy(() -> userOfTheClaim(stamped(JANE), true))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                .hasMessageContaining("could not create claim shop/data");
    }

    @Test
    void refusesAnAuthorThatIsNotSigned() {
        Restore plain = restore();
        annotate(plain, JANE.userInfo().toString());
        Restore foreign = restore();
        annotate(foreign, StampFixture.foreign().stamp(JANE, foreign, foreign.getSpec()));
        Restore changed = stamped(JANE);
        changed.getSpec().restorePointRef = new NamedRef("another");
        Restore copied = stamped(JANE);
        copied.getMetadata().setName("copied");
        for (Restore restore : List.of(restore(), plain, foreign, changed, copied)) {
            for (boolean impersonate : List.of(true, false)) {
                assertThatThrownBy(() -> userOfTheClaim(restore, impersonate))
                        .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                            assertThat(e.reason()).isEqualTo(Reason.Forbidden);
                            assertThat(e.isRetryable()).isFalse();
                        })
                        .hasMessageContaining("the author of the Restore is unknown")
                        .hasMessageContaining("create the Restore again");
            }
        }
        assertThat(server.requests()).noneMatch(r -> r.method().equals("POST"));
    }

    /** The user that creates the only claim of the point; empty for the operator. */
    private String userOfTheClaim(Restore restore, boolean impersonate) {
        server.clear();
        PersistentVolumeClaim claim = new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName("data")
                .endMetadata()
                .withNewSpec()
                .withNewResources()
                .addToRequests("storage", new Quantity("1Gi"))
                .endResources()
                .endSpec()
                .build();
        PointArchive archives =
                new PointArchive(
                        server.client(),
                        TestConfig.of(Map.of("breakwater.restore.impersonate", Boolean.toString(impersonate))),
                        null,
                        stamps) {
                    @Override
                    List<PersistentVolumeClaim> claims(RestoreRun run) {
                        return List.of(claim);
                    }
                };
        RestoreRun run = new RestoreRun(
                restore,
                new StatusWriter(server.client()) {
                    @Override
                    public <S, T extends CustomResource<?, S>> boolean update(
                            T resource, Class<S> type, Consumer<S> change) {
                        change.accept(resource.getStatus());
                        return true;
                    }
                },
                Clock.systemUTC(),
                () -> new RestoreRun.Source(location(), document(), "digest"),
                () -> {});
        new RestoreClaimsStep(server.client(), archives).run(run, 1);
        return server.requests().stream()
                .filter(r -> r.method().equals("POST") && r.path().endsWith("/persistentvolumeclaims"))
                .map(Request::user)
                .reduce((a, b) -> a + "," + b)
                .orElseThrow();
    }

    private Restore stamped(Author author) {
        Restore restore = restore();
        annotate(restore, stamps.stamp(author, restore, restore.getSpec()));
        return restore;
    }

    private static void annotate(Restore restore, String stamp) {
        restore.getMetadata().setAnnotations(new HashMap<>(Map.of(Api.AUTHOR, stamp)));
    }

    private static Restore restore() {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName("undo");
        restore.setSpec(new RestoreSpec());
        restore.setStatus(new RestoreStatus());
        return restore;
    }

    private static BackupLocation location() {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("shop");
        location.setSpec(new BackupLocationSpec());
        return location;
    }

    private static PointDocument document() {
        return new PointDocument(
                1,
                "east",
                "shop",
                "p",
                "uid",
                "shop",
                Trigger.Manual,
                0,
                "1",
                "2026-01-02T03:04:05Z",
                Consistency.Crash,
                List.of(),
                List.of(),
                "archive",
                1,
                List.of(),
                "key",
                null,
                null);
    }
}
