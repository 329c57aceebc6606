package io.breakwater.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The operator next to a fleet of policies and points, in the memory that the chart gives to it. All figures are counts, sizes and
 * virtual times, so they do not depend on the machine.
 */
class FleetIT {
    private static final Instant START = Instant.parse("2026-11-30T12:02:00Z");
    private static final Instant BEFORE_THE_HOUR = Instant.parse("2026-11-30T12:58:00Z");
    private static final Duration WARM_UP = Duration.ofMinutes(5);
    private static final Duration REST = Duration.ofMinutes(10);
    private static final Duration STEP = Duration.ofSeconds(5);

    /** The bars that are met. A bar becomes a gate with the change that meets it. */
    private static final boolean ENDURES = false;

    private static final boolean ASKS_SELDOM = false;
    private static final boolean IS_SMALL = false;
    private static final boolean IS_RESIDENT = false;
    private static final boolean CAPTURES_WITH_FEW_CALLS = false;
    private static final boolean SEALS_IN_FEW_ROUND_TRIPS = false;

    private final FleetFigures figures = new FleetFigures();

    /** The smallest fleet, by which the harness itself is checked: its gates are met. */
    @Test
    void restsWithAThousandPoints() {
        rest("1,000 points of 10 policies at rest", new FleetObjects(10, 100, START), "256m", true);
    }

    @Test
    void restsWithAHundredThousandPoints() {
        rest("100,000 points of 1,000 policies at rest", new FleetObjects(1000, 100, START), "256m", ENDURES);
    }

    @Test
    @Tag("long")
    void restsWithAMillionPoints() {
        rest("1,000,000 points of 10,000 policies at rest", new FleetObjects(10_000, 100, START), "512m", ENDURES);
    }

    private void rest(String title, FleetObjects objects, String heap, boolean endures) {
        figures.title(title + " for ten minutes, with a heap of " + heap);
        try (FleetRun run = new FleetRun(objects, Path.of("target/fleet"), heap, Map.of())) {
            run.start();
            figures.line("API calls until all is settled: " + run.api().counts().now());
            run.pass(WARM_UP, STEP);
            Map<String, Long> api = run.api().counts().now();
            Map<String, Long> store = run.store().counts().now();
            run.pass(REST, STEP);
            api = CallCounts.between(api, run.api().counts().now());
            figures.calls("API calls", api, objects.policies(), REST);
            figures.line("store calls: "
                    + CallCounts.between(store, run.store().counts().now()));
            figures.bar("LISTs of points", api.getOrDefault("list restorepoints", 0L), 0, ASKS_SELDOM);
            double each = CallCounts.sum(api) * 6.0 / objects.policies();
            figures.bar("API calls for each policy and hour", each, 2, ASKS_SELDOM);
            figures.bar("heap after a collection, MiB", FleetFigures.mebi(run.heapAfterGc()), 128, endures || IS_SMALL);
            double resident = FleetFigures.mebi(run.operator().memory("VmRSS"));
            figures.bar("resident memory, MiB", resident, 300, IS_RESIDENT);
        } catch (OperatorProcess.ProcessEnd e) {
            figures.ended(e, endures);
        }
        assertThat(figures.missed()).isEmpty();
    }

    @Test
    void capturesAThousandPointsThatAreDueAtOnce() {
        captures(new FleetObjects(1000, 2, BEFORE_THE_HOUR));
    }

    private void captures(FleetObjects objects) {
        int due = objects.policies();
        figures.title(due + " points due in one minute, with a heap of 256m");
        try (FleetRun run = new FleetRun(objects, Path.of("target/fleet"), "256m", Map.of())) {
            run.start();
            run.pass(Duration.ofSeconds(60), STEP);
            Map<String, Long> api = run.api().counts().now();
            Map<String, Long> store = run.store().counts().now();
            Duration time =
                    run.passUntil(() -> run.sealed().size() == due, Duration.ofMinutes(30), Duration.ofMillis(200));
            api = CallCounts.between(api, run.api().counts().now());
            store = CallCounts.between(store, run.store().counts().now());
            figures.line("sealed " + run.sealed().size() + " points in " + time);
            figures.line("API calls: " + api);
            figures.line("store calls: " + store);
            double kinds = ServedKind.ALL.size();
            figures.bar(
                    "API calls for each point",
                    (double) CallCounts.sum(api) / due,
                    kinds + 12,
                    CAPTURES_WITH_FEW_CALLS);
            figures.bar(
                    "store calls for each point", (double) CallCounts.sum(store) / due, 40, CAPTURES_WITH_FEW_CALLS);
            figures.bar("points that are not sealed", due - run.sealed().size(), 0, ENDURES);
        } catch (OperatorProcess.ProcessEnd e) {
            figures.ended(e, ENDURES);
        }
        assertThat(figures.missed()).isEmpty();
    }

    /** Each call to the store lasts 80 ms of virtual time, so the time of a run is the number of calls one after the other. */
    @Test
    void countsRoundTripsByTheTimeThatTheyTake() {
        Duration latency = Duration.ofMillis(80);
        figures.title("one point at a store that is 80 ms away");
        try (FleetRun run = new FleetRun(new FleetObjects(1, 2, START), Path.of("target/fleet"), "256m", Map.of())) {
            run.start();
            run.pass(WARM_UP, STEP);
            run.store().latency = latency;
            Map<String, Long> api = run.api().counts().now();
            Map<String, Long> store = run.store().counts().now();
            String key = FleetObjects.createPoint(run.api(), 0, "manual");
            Duration time = run.passUntil(
                    () -> run.holds("restorepoints", key, "Succeeded"), Duration.ofMinutes(5), Duration.ZERO);
            assertThat(run.holds("restorepoints", key, "Succeeded"))
                    .as("point is sealed")
                    .isTrue();
            figures.line(
                    "API calls: " + CallCounts.between(api, run.api().counts().now()));
            figures.line("store calls: "
                    + CallCounts.between(store, run.store().counts().now()));
            figures.line("sealed after " + time);
            figures.bar("round trips to the store", time.dividedBy(latency), 3, SEALS_IN_FEW_ROUND_TRIPS);
        }
        assertThat(figures.missed()).isEmpty();
    }
}
