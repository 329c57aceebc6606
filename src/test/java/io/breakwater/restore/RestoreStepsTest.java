package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.Dependency;
import io.breakwater.config.TestConfig;
import io.breakwater.steps.Step;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Classes come before the claims that name them; deferred objects wait until the pods are released. */
class RestoreStepsTest {
    @Test
    void restoresClassesBeforeClaimsAndRetriesAfterTheRelease() {
        assertThat(names(new RestoreSpec()))
                .containsSubsequence("Hold", "Classes", "Claims", "Fill", "Objects", "Release", "Retry", "Hooks");
    }

    /** A webhook may run in the pods of a later stage. */
    @Test
    void retriesAfterTheLastStage() {
        RestoreSpec spec = new RestoreSpec();
        spec.order = List.of(new Dependency());
        assertThat(names(spec)).containsSubsequence("Release", "Order", "Retry", "Hooks");
    }

    private static List<String> names(RestoreSpec spec) {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            RestoreSteps steps = new RestoreSteps(
                    cluster.client(),
                    null,
                    new PointArchive(cluster.client(), TestConfig.of(Map.of()), null, null),
                    null,
                    null,
                    null,
                    null,
                    TestConfig.of(Map.of()),
                    null,
                    Clock.systemUTC());
            Restore restore = StampedRestores.plain();
            restore.setSpec(spec);
            return steps.of(restore).stream().map(Step::name).toList();
        }
    }
}
