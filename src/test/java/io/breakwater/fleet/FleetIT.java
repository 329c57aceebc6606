package io.breakwater.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * The operator next to a fleet of policies and points, in the memory that the chart gives to it. All figures are counts, sizes and
 * virtual times, so they do not depend on the machine.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "the agent reads the states of threads from /proc")
class FleetIT {
    private static final Instant START = Instant.parse("2026-11-30T12:02:00Z");
    private static final Instant BEFORE_THE_HOUR = Instant.parse("2026-11-30T12:58:00Z");
    private static final Instant HOUR = Instant.parse("2026-11-30T13:00:00Z");

    /** Points that are due at once, in two locations; {@code -Dbreakwater.fleet.due=500} for more. */
    private static final int DUE = Integer.getInteger("breakwater.fleet.due", 100);

    private static final Duration NEAR = Duration.ofMillis(20);
    private static final Duration MOST = Duration.ofMinutes(5);
    private static final Duration WARM_UP = Duration.ofMinutes(5);
    private static final Duration REST = Duration.ofMinutes(10);
    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration LONG_STEP = Duration.ofSeconds(30);
    private static final Duration STEP = Duration.ofSeconds(5);

    /** The bars that are met. A bar becomes a gate with the change that meets it. */
    private static final boolean ENDURES = false;

    private static final boolean ENDURES_MANY_DUE = true;

    private static final boolean ASKS_SELDOM = true;
    private static final boolean IS_SMALL = true;
    private static final boolean IS_RESIDENT = false;
    private static final boolean IS_FLAT = false;
    private static final boolean CAPTURES_WITH_FEW_CALLS = true;
    private static final boolean STORES_WITH_FEW_CALLS = true;
    private static final boolean IS_NOT_DELAYED = true;
    private static final boolean SEALS_IN_FEW_ROUND_TRIPS = true;

    private final FleetFigures figures = new FleetFigures();

    /** Calls for each policy and hour at rest. The calls of a location do not depend on its policies, so a small fleet has its own bar. */
    private static final double CALLS = 2;

    private static final double CALLS_OF_A_SMALL_FLEET = 150;

    /** The smallest fleet, by which the harness itself is checked: its gates are met. */
    @Test
    @Tag("long")
    void restsWithAThousandPoints() {
        rest(
                "1,000 points of 10 policies at rest",
                new FleetObjects(10, 100, START, 1),
                "256m",
                CALLS_OF_A_SMALL_FLEET,
                true);
    }

    @Test
    void restsWithAHundredThousandPoints() {
        rest("100,000 points of 1,000 policies at rest", new FleetObjects(1000, 100, START, 1), "256m", CALLS, true);
    }

    @Test
    @Tag("long")
    void restsWithAMillionPoints() {
        rest(
                "1,000,000 points of 10,000 policies at rest",
                new FleetObjects(10_000, 100, START, 1),
                "512m",
                CALLS,
                ENDURES);
    }

    private void rest(String title, FleetObjects objects, String heap, double calls, boolean endures) {
        figures.title(title + " for ten minutes, with a heap of " + heap);
        try (FleetRun run = new FleetRun(objects, Path.of("target/fleet"), heap, Map.of())) {
            run.start();
            figures.line("API calls until all is settled: " + run.api().counts().now());
            run.pass(WARM_UP, LONG_STEP);
            Map<String, Long> api = run.api().counts().now();
            Map<String, Long> store = run.store().counts().now();
            run.pass(REST, LONG_STEP);
            api = CallCounts.between(api, run.api().counts().now());
            figures.calls("API calls", api, objects.policies(), REST);
            figures.line("store calls: "
                    + CallCounts.between(store, run.store().counts().now()));
            figures.bar("LISTs of points", api.getOrDefault("list restorepoints", 0L), 0, ASKS_SELDOM);
            double each = CallCounts.sum(api) * 6.0 / objects.policies();
            figures.bar("API calls for each policy and hour", each, calls, ASKS_SELDOM);
            figures.bar("heap after a collection, MiB", FleetFigures.mebi(run.heapAfterGc()), 128, endures || IS_SMALL);
            double resident = FleetFigures.mebi(run.operator().memory("VmRSS"));
            figures.bar("resident memory, MiB", resident, 300, IS_RESIDENT);
        } catch (OperatorProcess.ProcessEnd e) {
            figures.ended(e, endures);
        }
        assertThat(figures.missed()).isEmpty();
    }

    /** Ten plans and 2,000 points on two sites: the memory of each process is flat, also that of the site that only waits. */
    @Test
    @Tag("long")
    void restsWithTenPlans() {
        figures.title("10 plans and 2,000 points on two sites at rest for half an hour");
        try (PlanFleet fleet = new PlanFleet(10, 200, START, List.of(NativeMemory.OPTION))) {
            fleet.pass(WARM_UP.multipliedBy(3));
            assertThat(fleet.roles(true)).containsOnlyKeys("Active");
            assertThat(fleet.roles(false)).containsOnlyKeys("Passive");
            Map<String, Map<String, Long>> before = fleet.memory();
            fleet.pass(REST.multipliedBy(3));
            fleet.memory().forEach((process, now) -> {
                double first = FleetFigures.mebi(before.get(process).get(PlanFleet.RESIDENT));
                double last = FleetFigures.mebi(now.get(PlanFleet.RESIDENT));
                figures.bar("resident memory of the " + process + ", MiB", last, 300, IS_FLAT);
                figures.bar("growth of it in half an hour, MiB", last - first, 16, IS_FLAT);
                figures.line(NativeMemory.growth(before.get(process), now));
            });
        } catch (OperatorProcess.ProcessEnd e) {
            figures.ended(e, IS_FLAT);
        }
        assertThat(figures.missed()).isEmpty();
    }

    @Test
    void capturesPointsThatAreDueAtOnce() {
        captures(new FleetObjects(200, 5, BEFORE_THE_HOUR, 1), true);
    }

    @Test
    @Tag("long")
    void capturesAThousandPointsThatAreDueAtOnce() {
        captures(new FleetObjects(1000, 5, BEFORE_THE_HOUR, 1), ENDURES_MANY_DUE);
    }

    private void captures(FleetObjects objects, boolean endures) {
        figures.title(objects.policies() + " points due at once at a store that is 20 ms away, with a heap of 256m");
        try (FleetRun run = new FleetRun(objects, Path.of("target/fleet"), "256m", Map.of())) {
            run.start();
            Map<String, Long> api = run.api().counts().now();
            Map<String, Long> store = run.store().counts().now();
            passTheHour(run);
            String urgent = FleetObjects.createPoint(run.api(), objects.policies(), "urgent");
            Duration first = run.passUntil(() -> run.holds("restorepoints", urgent, "Succeeded"), MOST, NEAR);
            int due = objects.policies() + 1;
            Duration time = first.plus(run.passUntil(() -> run.sealed().size() == due, MOST, NEAR));
            figures.line("sealed " + run.sealed().size() + " points in " + time + " of virtual time");
            figures.bar(
                    "points that are not sealed", (double) due - run.sealed().size(), 0, endures);
            figures.bar("virtual seconds of the point that a user created", first.toMillis() / 1000.0, 5, endures);
            figures.line("longest wait for the first step: " + run.longestWait());
            perPoint(
                    CallCounts.between(api, run.api().counts().now()),
                    CallCounts.between(store, run.store().counts().now()),
                    due);
            figures.line("largest resident memory, MiB: "
                    + FleetFigures.mebi(run.operator().memory("VmHWM")));
        } catch (OperatorProcess.ProcessEnd e) {
            figures.ended(e, endures);
        }
        assertThat(figures.missed()).isEmpty();
    }

    private static void passTheHour(FleetRun run) {
        run.pass(Duration.between(run.clock().instant(), HOUR.minusSeconds(1)), STEP);
        run.store().latency = NEAR;
        run.pass(Duration.ofSeconds(1), NEAR);
    }

    /** A day of policies that each create a point an hour, and keep the last four. */
    @Test
    @Tag("long")
    void livesThroughADay() {
        day(FleetObjects.empty(2, 4, BEFORE_THE_HOUR));
    }

    @Test
    @Tag("long")
    void livesThroughADayOfAThousandPolicies() {
        day(FleetObjects.empty(1000, 4, BEFORE_THE_HOUR));
    }

    private void day(FleetObjects objects) {
        figures.title("a day of " + objects.policies() + " hourly policies, with a heap of 256m");
        try (FleetRun run = new FleetRun(objects, Path.of("target/fleet"), "256m", Map.of())) {
            run.start();
            Map<String, Long> api = run.api().counts().now();
            Map<String, Long> store = run.store().counts().now();
            run.pass(DAY, LONG_STEP);
            api = CallCounts.between(api, run.api().counts().now());
            store = CallCounts.between(store, run.store().counts().now());
            int points = run.sealed().size();
            figures.line(
                    "sealed " + points + " points, of which " + run.created().size() + " exist");
            figures.calls("API calls", api, objects.policies(), DAY);
            perPoint(api, store, Math.max(1, points));
            figures.bar("heap after a collection, MiB", FleetFigures.mebi(run.heapAfterGc()), 128, IS_SMALL);
            figures.bar(
                    "points that were not sealed", (double) objects.policies() * DAY.toHours() - points, 0, ENDURES);
        } catch (OperatorProcess.ProcessEnd e) {
            figures.ended(e, ENDURES);
        }
        assertThat(figures.missed()).isEmpty();
    }

    private void perPoint(Map<String, Long> api, Map<String, Long> store, int points) {
        figures.line("API calls: " + api);
        figures.line("store calls: " + store);
        double most = ServedKind.ALL.size() + 12.0;
        figures.bar("API calls for each point", (double) CallCounts.sum(api) / points, most, CAPTURES_WITH_FEW_CALLS);
        figures.bar(
                "store calls for each point, without a copy",
                (double) CallCounts.sum(store) / points,
                40,
                STORES_WITH_FEW_CALLS);
    }

    /** Half of the policies have a location whose store does not answer for ten minutes. */
    @Test
    @Tag("long")
    void isNotDelayedByALocationThatHangs() {
        figures.title(DUE + " points due while the location of half of them hangs");
        isNotDelayedBy("hung", store -> store.hang = Duration.ofMinutes(10));
    }

    /** Half of the policies have a location whose store refuses each second call, and requests a pause. */
    @Test
    @Tag("long")
    void isNotDelayedByALocationThatThrottles() {
        figures.title(DUE + " points due while the location of half of them throttles");
        isNotDelayedBy("throttled", store -> store.throttleEvery = 2);
    }

    private void isNotDelayedBy(String fault, Consumer<GeneratedStore> cause) {
        Duration alone = shortest(store -> {});
        Duration withFault = shortest(cause);
        figures.line("the points of the other location took " + alone + ", and " + withFault + " while one location "
                + fault);
        figures.bar("times as long", (double) withFault.toMillis() / alone.toMillis(), 1.2, IS_NOT_DELAYED);
        assertThat(figures.missed()).isEmpty();
    }

    /** The shorter time of two runs: on a machine with other work, the harness sometimes waits for a timer of some seconds. */
    private static Duration shortest(Consumer<GeneratedStore> cause) {
        return Stream.generate(() -> dueBeside(cause))
                .limit(2)
                .min(Comparator.naturalOrder())
                .orElseThrow();
    }

    private static Duration dueBeside(Consumer<GeneratedStore> cause) {
        FleetObjects objects = new FleetObjects(DUE, 5, BEFORE_THE_HOUR, 2);
        try (FleetRun run = new FleetRun(objects, Path.of("target/fleet"), "256m", Map.of())) {
            run.start();
            cause.accept(run.lastStore());
            passTheHour(run);
            String second = FleetObjects.namespace(objects.policies() / 2);
            long others = objects.policies() / 2;
            return run.passUntil(
                    () -> run.sealed().stream()
                                    .filter(key -> key.compareTo(second) < 0)
                                    .count()
                            == others,
                    Duration.ofMinutes(2),
                    NEAR);
        }
    }

    /** Each call to the store lasts 80 ms of virtual time, so the time of a run is the number of calls one after the other. */
    @Test
    void countsRoundTripsByTheTimeThatTheyTake() {
        Duration latency = Duration.ofMillis(80);
        figures.title("one point at a store that is 80 ms away");
        try (FleetRun run = new FleetRun(new FleetObjects(1, 2, START, 1), Path.of("target/fleet"), "256m", Map.of())) {
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
            figures.bar("round trips to the store", (double) time.dividedBy(latency), 3, SEALS_IN_FEW_ROUND_TRIPS);
        }
        assertThat(figures.missed()).isEmpty();
    }
}
