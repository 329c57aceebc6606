package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.resource.FakeApiServer.Request;
import io.breakwater.steps.Outcome;
import io.breakwater.trust.Author;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RestoreAuthorTest {
    private static final Author JANE = new Author("jane", "u-1", List.of("dev"), Map.of("k/a", List.of("v")));
    private static final Author OPERATOR = new Author("system:serviceaccount:bw:operator", "", List.of(), Map.of());

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
        assertThat(userOfTheClaim(StampedRestores.of(JANE), true)).isEqualTo("jane");
    }

    @Test
    void writesClaimsAsTheOperatorWithoutImpersonation() {
        assertThat(userOfTheClaim(StampedRestores.of(JANE), false)).isEmpty();
        assertThat(userOfTheClaim(StampedRestores.of(OPERATOR), true)).isEmpty();
    }

    /** The guard runs FailoverPlans, and creates their Restores. */
    @Test
    void treatsTheGuardAsTheOperator() {
        server.allow((verb, resource) -> false);
        assertThat(userOfTheClaim(StampedRestores.of(account("breakwater-system", "breakwater-guard")), true))
                .isEmpty();
        for (Author other : List.of(
                account("shop", "breakwater-guard"),
                account("breakwater-system", "breakwater-gateway"),
                account("breakwater-system", "default"))) {
            assertThatThrownBy(() -> userOfTheClaim(StampedRestores.of(other), true))
                    .hasMessageContaining(other.username() + " may not get/create persistentvolumeclaims");
        }
    }

    private static Author account(String namespace, String name) {
        return new Author("system:serviceaccount:" + namespace + ":" + name, "", List.of(), Map.of());
    }

    /** Since the preview the author may have lost rights. */
    @Test
    void createsNoClaimForAnAuthorWhoLacksARightByNow() {
        server.allow((verb, resource) -> !verb.equals("create"));
        for (boolean impersonate : List.of(true, false)) {
            assertThatThrownBy(() -> userOfTheClaim(StampedRestores.of(JANE), impersonate))
                    .hasMessageContaining("author jane may not create persistentvolumeclaims in namespace shop");
        }
        assertThat(server.at("/api/v1/namespaces/shop/persistentvolumeclaims/data"))
                .isNull();
    }

    /** A seal can name a volume whose claim is not in the archive. The volume of that name must not be overwritten. */
    @Test
    void fillsNoVolumeForAnAuthorWhoMayNotWriteClaims() {
        server.allow((verb, resource) -> !resource.equals("persistentvolumeclaims"));
        PointArchive archives =
                new PointArchive(server.client(), TestConfig.of(Map.of()), null, StampFixture.stamps()) {
                    @Override
                    List<PersistentVolumeClaim> claims(RestoreRun run) {
                        return List.of();
                    }
                };
        RestoreRun run = StampedRestores.run(StampedRestores.of(JANE), server.client(), () -> {});
        RestoreClaimsStep step = new RestoreClaimsStep(server.client(), archives);
        assertThat(step.run(run, 1)).isInstanceOf(Outcome.Done.class);

        VolumeFill fill = new VolumeFill();
        fill.pvc = "data";
        run.status().volumes = List.of(fill);
        assertThatThrownBy(() -> step.run(run, 1))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                .hasMessageContaining("author jane may not get/create persistentvolumeclaims");
    }

    @Test
    void reportsAClaimThatTheApiServerRefusesToTheAuthor() {
        server.refuse((method, path) -> method.equals("POST") && path.endsWith("/persistentvolumeclaims") ? 403 : 0);
        assertThatThrownBy(() -> userOfTheClaim(StampedRestores.of(JANE), true))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                .hasMessageContaining("could not create claim shop/data");
    }

    @Test
    void refusesAnAuthorThatIsNotSigned() {
        Restore plain = StampedRestores.plain();
        StampedRestores.annotate(plain, JANE.userInfo().toString());
        Restore foreign = StampedRestores.plain();
        StampedRestores.annotate(foreign, StampFixture.foreign().stamp(JANE, foreign, foreign.getSpec()));
        Restore changed = StampedRestores.of(JANE);
        changed.getSpec().restorePointRef = new NamedRef("another");
        Restore copied = StampedRestores.of(JANE);
        copied.getMetadata().setName("copied");
        for (Restore restore : List.of(StampedRestores.plain(), plain, foreign, changed, copied)) {
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
                        StampFixture.stamps()) {
                    @Override
                    List<PersistentVolumeClaim> claims(RestoreRun run) {
                        return List.of(claim);
                    }
                };
        RestoreRun run = StampedRestores.run(restore, server.client(), () -> {});
        new RestoreClaimsStep(server.client(), archives).run(run, 1);
        return server.requests().stream()
                .filter(r -> r.method().equals("POST") && r.path().endsWith("/persistentvolumeclaims"))
                .map(Request::user)
                .reduce((a, b) -> a + "," + b)
                .orElseThrow();
    }
}
