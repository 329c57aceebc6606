package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.Verification;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SandboxSweepTest {
    private static final String GONE = "aaaaaaaa-1111-2222-3333-444444444444";

    private final InMemoryApiServer cluster = new InMemoryApiServer();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void deletesOnlySandboxesWithoutAVerification() {
        Verification verification = new Verification();
        verification.setMetadata(
                new ObjectMetaBuilder().withNamespace("shop").withName("v").build());
        String present =
                cluster.client().resource(verification).create().getMetadata().getUid();
        namespace(VerifyRun.sandboxOf(present), present);
        namespace(VerifyRun.sandboxOf(GONE), GONE);
        namespace("bv-ffffffffffff", GONE);
        namespace("shop", GONE);

        new SandboxSweep(cluster.client(), TestConfig.of(Map.of())).sweep();

        assertThat(cluster.client().namespaces().list().getItems())
                .extracting(namespace -> namespace.getMetadata().getName())
                .contains(VerifyRun.sandboxOf(present), "bv-ffffffffffff", "shop")
                .doesNotContain(VerifyRun.sandboxOf(GONE));
    }

    private void namespace(String name, String owner) {
        cluster.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels(Api.SANDBOX, owner)
                        .endMetadata()
                        .build())
                .create();
    }
}
