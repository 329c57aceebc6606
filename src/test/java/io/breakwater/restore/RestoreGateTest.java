package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.config.TestConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.PlainStatusWriter;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pods are held while a volume of a failed restore is half filled, whatever is restored afterwards. */
class RestoreGateTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final NamespaceGate gate = new NamespaceGate(client, TestConfig.of(Map.of()));
    private final RestoreGate restoreGate = new RestoreGate(client, gate);

    @BeforeEach
    void failARestoreHalfWay() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName("shop")
                        .endMetadata()
                        .build())
                .create();
        RestoreRun failed = run("failed", new RestoreSpec(), volume("db", false), volume("files", true));
        failed.update(s -> Conditions.of(s, 1L, Clock.systemUTC()).failed(Reason.MoverFailed, "half-way"));
        gate.close("shop", RestoreRun.holder(failed.restore()));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void releasesPodsAfterAllFailedVolumesAreFilled() {
        RestoreRun run = run("whole", new RestoreSpec(), volume("db", true));
        assertThat(restoreGate.heldByFailed(run)).isEmpty();
        restoreGate.release(run);
        assertThat(gate.holders("shop")).isEmpty();
    }

    @Test
    void holdsPodsWhileFailedVolumesRemain() {
        RestoreRun run = run("part", new RestoreSpec(), volume("files", true));
        assertThat(restoreGate.heldByFailed(run))
                .singleElement()
                .asString()
                .contains("Restore shop/failed", "(db)", "Replace");
        restoreGate.release(run);
        restoreGate.releaseExcept(run, List.of());
        assertThat(gate.holders("shop")).containsExactly("restore/shop.failed");
        assertThat(gate.limit("shop", "restore/shop.failed")).isEmpty();
    }

    @Test
    void holdsPodsAfterAFileRestore() {
        RestoreSpec spec = new RestoreSpec();
        spec.files = new RestoreSpec.Files();
        RestoreRun run = run("files", spec, volume("db", true));
        restoreGate.release(run);
        assertThat(gate.holders("shop")).containsExactly("restore/shop.failed");
    }

    private RestoreRun run(String name, RestoreSpec spec, VolumeFill... volumes) {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName(name);
        restore.setSpec(spec);
        restore.setStatus(new RestoreStatus());
        restore.getStatus().volumes = List.of(volumes);
        return new RestoreRun(
                client.resource(restore).create(),
                new PlainStatusWriter(client),
                Clock.systemUTC(),
                () -> null,
                () -> {});
    }

    private static VolumeFill volume(String claim, boolean filled) {
        VolumeFill fill = new VolumeFill();
        fill.pvc = claim;
        fill.filled = filled;
        return fill;
    }
}
