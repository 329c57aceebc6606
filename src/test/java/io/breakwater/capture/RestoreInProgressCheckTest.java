package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.config.TestConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Namespaces with an incomplete Restore are not captured. */
class RestoreInProgressCheckTest {
    private static final String NAMESPACE = "shop";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final NamespaceGate gate = new NamespaceGate(cluster.client(), TestConfig.of(Map.of()));
    private final RestoreInProgressCheck restores = new RestoreInProgressCheck(gate);

    @BeforeEach
    void namespace() {
        cluster.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @ParameterizedTest
    @CsvSource({"Scheduled, true", "Manual, true", "Final, true", "Divergent, false"})
    void blocksAllButDivergentPointsDuringARestore(Trigger trigger, boolean blocks) {
        assertThat(restores.findBlocker(run(trigger))).isEmpty();

        gate.close(NAMESPACE, NamespaceGate.PLAN + "shop");
        assertThat(restores.findBlocker(run(trigger)))
                .as("a plan only holds pods")
                .isEmpty();

        gate.close(NAMESPACE, NamespaceGate.RESTORE + "breakwater-system.undo.it");
        assertThat(restores.findBlocker(run(trigger)).isPresent()).isEqualTo(blocks);
        if (blocks) {
            assertThat(restores.findBlocker(run(trigger)).orElseThrow())
                    .startsWith("Restore breakwater-system/undo.it is writing to namespace shop");
        }
    }

    private CaptureRun run(Trigger trigger) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(NAMESPACE);
        point.getMetadata().setName("point");
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = trigger;
        return new CaptureRun(point, PointKeys.source("east", NAMESPACE), null, Clock.systemUTC(), () -> {});
    }
}
