package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.mover.MoverJobs;
import io.breakwater.volume.KeptSnapshots;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A deleted Restore holds the pods until nothing writes for it any more. */
class StoppedRestoreTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BreakwaterConfig config = TestConfig.of(Map.of());
    private final NamespaceGate gate = new NamespaceGate(client, config);
    private final Movers movers = new Movers();
    private final Steps steps = new Steps();
    private final Restore restore = new Restore();
    private final RestoreReconciler reconciler = new RestoreReconciler(
            client, null, null, null, Clock.systemUTC(), null, null, steps, gate, movers, new NoImports(), null);

    @BeforeEach
    void start() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("shop")
                        .endMetadata()
                        .build())
                .create();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName("half");
        restore.getMetadata().setUid("u1");
        restore.setSpec(new RestoreSpec());
        gate.close("shop", RestoreRun.holder(restore));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void holdsPodsUntilTheLastMoverHasEnded() {
        movers.pods = true;

        assertThat(stop().isRemoveFinalizer()).isFalse();
        assertThat(movers.deleted).isEqualTo("restore.u1");
        assertThat(gate.holders("shop")).containsExactly("restore/shop.half");

        movers.pods = false;
        assertThat(stop().isRemoveFinalizer()).isTrue();
        assertThat(gate.holders("shop")).isEmpty();
    }

    @Test
    void holdsPodsWhileObjectsAreWritten() {
        CompletableFuture<Object> writing = new CompletableFuture<>();
        steps.activities().poll("u1/Objects", writing::get, () -> {});

        assertThat(stop().isRemoveFinalizer()).isFalse();
        assertThat(gate.holders("shop")).containsExactly("restore/shop.half");
        writing.complete("written");
    }

    private DeleteControl stop() {
        return reconciler.cleanup(restore, null);
    }

    private final class Steps extends RestoreSteps {
        Steps() {
            super(client, null, null, null, null, null, null, config, null, Clock.systemUTC());
        }

        @Override
        void forget(String uid) {}
    }

    private static final class Movers extends MoverJobs {
        boolean pods;
        String deleted;

        Movers() {
            super(null, null, null, null);
        }

        @Override
        public void delete(String namespace, String run) {
            deleted = run;
        }

        @Override
        public boolean anyPod(String namespace, String run) {
            return pods;
        }
    }

    private static final class NoImports extends KeptSnapshots {
        NoImports() {
            super(null, null);
        }

        @Override
        public void removeImports(String namespace, String run) {}
    }
}
