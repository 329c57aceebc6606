package io.breakwater.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.testing.DashboardProof;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What Prometheus scrapes from the packaged operator. Quarkus chooses the metrics of controllers at build time. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "the agent reads the states of threads from /proc")
class FleetMetricsIT {
    private static final Instant START = Instant.parse("2026-11-30T12:02:00Z");

    @Test
    void exportsTheMetricsOfControllersAndStores() {
        FleetObjects objects = new FleetObjects(2, 5, START, 1);
        try (FleetRun run = new FleetRun(objects, Path.of("target/fleet-metrics"), "256m", Map.of())) {
            run.start();
            run.pass(Duration.ofMinutes(1), Duration.ofSeconds(5));
            run.heapAfterGc();

            String scrape = run.operator().scrape();

            DashboardProof.requireSeries(Set.of("Controllers", "Memory"), scrape);
            assertThat(scrape)
                    .containsPattern(
                            "breakwater_reconciles_total\\{controller=\"backuplocation\",result=\"Completed\",?}")
                    .containsPattern("breakwater_store_calls_total\\{[^}]*result=\"Answered\",verb=\"put\",?}")
                    .containsPattern("breakwater_policies\\{state=\"protected\",?}");
            assertThat(scrape.lines().filter(line -> line.startsWith("breakwater_reconcile")))
                    .as("labels of controllers name no objects")
                    .noneMatch(line -> line.contains("namespace=") || line.contains(FleetObjects.namespace(0)));
        }
    }
}
