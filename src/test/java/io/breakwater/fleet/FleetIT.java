package io.breakwater.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The operator next to a fleet of policies and points, in the memory that the chart gives to it. */
class FleetIT {
    private static final Instant START = Instant.parse("2026-11-30T12:02:00Z");
    private static final Duration WARM_UP = Duration.ofMinutes(5);
    private static final Duration REST = Duration.ofMinutes(10);
    private static final Duration STEP = Duration.ofSeconds(5);

    @Test
    void restsWithAThousandPoints() {
        FleetFigures figures = new FleetFigures("1,000 points of 10 policies at rest for ten minutes, heap 256 MiB");
        rest(figures, new FleetObjects(10, 100, START), "256m");
        assertThat(figures.missed()).isEmpty();
    }

    private static void rest(FleetFigures figures, FleetObjects objects, String heap) {
        try (FleetRun run = new FleetRun(objects, Path.of("target/fleet"), heap, Map.of())) {
            run.start();
            Map<String, Long> started = run.api().counts().now();
            figures.line("API calls until all is settled: " + started);
            run.pass(WARM_UP, STEP);
            Map<String, Long> api = run.api().counts().now();
            Map<String, Long> store = run.store().counts().now();
            run.pass(REST, STEP);
            api = CallCounts.between(api, run.api().counts().now());
            store = CallCounts.between(store, run.store().counts().now());
            figures.calls("API calls at rest", api, objects.policies(), REST);
            figures.line("store calls at rest in ten minutes: " + store);
            figures.bar("LISTs of points at rest", api.getOrDefault("list restorepoints", 0L), 0, false);
            figures.bar(
                    "API calls at rest, for each policy and hour",
                    CallCounts.sum(api) * 6.0 / objects.policies(),
                    2,
                    false);
            figures.bar("heap after a collection, MiB", FleetFigures.mebi(run.heapAfterGc()), 128, true);
            figures.bar("resident memory, MiB", FleetFigures.mebi(run.operator().memory("VmRSS")), 300, false);
        }
    }
}
