package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.RestorePointStatus;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The gateway in separate pods, as in large installations; the first mover is its first client. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GatewayIT {
    private static final String NAMESPACE = "apart";

    private final Rig rig;
    private final Site site;

    GatewayIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void install() {
        rig.locate();
        rig.install(site.cluster(), "gateway.embedded=false", "gateway.replicas=1");
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, TamperingIT.NOTE.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        site.client()
                .resource(Examples.policy(NAMESPACE, "note", "blob-" + Rig.WEST))
                .create();
    }

    @AfterAll
    void embed() {
        rig.install(site.cluster(), "gateway.embedded=true");
        site.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    void servesTheFirstMoverThatAsks() {
        assertThat(site.client()
                        .pods()
                        .inNamespace(Rig.SYSTEM)
                        .withLabel("app.kubernetes.io/component", "gateway")
                        .list()
                        .getItems())
                .hasSize(1);

        site.createPoint(NAMESPACE, "first", "note");
        RestorePointStatus status = site.awaitPoint(NAMESPACE, "first").getStatus();

        assertThat(status.volumes)
                .singleElement()
                .satisfies(v -> assertThat(v.repositorySnapshot).isNotEmpty());
    }
}
