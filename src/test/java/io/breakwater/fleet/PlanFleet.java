package io.breakwater.fleet;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** Two sites with FailoverPlans. Each has the process of an operator and that of a guard, with the memory of the chart. */
final class PlanFleet implements AutoCloseable {
    /** Name of the resident memory among the areas. */
    static final String RESIDENT = "Resident";

    private static final Path DIRECTORY = Path.of("target/fleet/plans");
    private static final String CREATED = "2026-01-01T00:00:00Z";
    private static final Duration STEP = Duration.ofSeconds(5);
    private static final String OPERATOR_HEAP = "256m";
    private static final String GUARD_HEAP = "192m";

    private final FleetRun run;
    private final GeneratedApiServer west;
    private final Map<String, OperatorProcess> processes = new LinkedHashMap<>();

    /**
     * Starts both sites.
     *
     * @param plans number of plans; site east is active
     * @param pointsEach points of each policy
     * @param extra further options of the JVMs
     */
    PlanFleet(int plans, int pointsEach, Instant start, List<String> extra) {
        FleetObjects objects = new FleetObjects(plans, pointsEach, start, 2);
        run = new FleetRun(
                objects, DIRECTORY.resolve("east"), with(ImageOptions.ofOperator(OPERATOR_HEAP), extra), Map.of());
        addPlans(run.api(), plans);
        west = run.addCluster(FleetObjects.OTHER_CLUSTER);
        addPlans(west, plans);
        processes.put("operator of the active site", run.operator());
        processes.put("guard of the active site", guard(run.api(), "east-guard", extra, FleetObjects.SITE));
        processes.put(
                "operator of the passive site",
                run.addProcess(
                        west,
                        DIRECTORY.resolve("west"),
                        with(ImageOptions.ofOperator(OPERATOR_HEAP), extra),
                        Map.of("BREAKWATER_SITE", FleetObjects.OTHER_SITE)));
        processes.put("guard of the passive site", guard(west, "west-guard", extra, FleetObjects.OTHER_SITE));
        run.start();
    }

    /**
     * Creates a FailoverPlan for each of the first policies, with a rendezvous in the last location, and the master key that the
     * sites share.
     */
    private static void addPlans(GeneratedApiServer api, int plans) {
        String key = base64("fleet".repeat(7).substring(0, 32));
        api.create("""
                {"apiVersion":"v1","kind":"Secret","metadata":{"name":"breakwater-master-key","namespace":"%s",
                "labels":{"breakwater.io/exclude":"true","breakwater.io/location-credentials":"true"}},"type":"Opaque",
                "data":{"masterKey":"%s"}}""".formatted(FleetObjects.OPERATOR, base64(key)));
        IntStream.range(0, plans)
                .forEach(i -> api.create("""
                {"apiVersion":"breakwater.io/v1alpha1","kind":"FailoverPlan","metadata":{"name":"plan","namespace":"%s",
                "uid":"%s","creationTimestamp":"%s"},"spec":{"sites":[{"name":"%s","locationRef":{"name":"%s"}},
                {"name":"%s","locationRef":{"name":"%s"}}],"activeSite":"%s","rendezvousRef":{"name":"%s"},
                "policyRef":{"name":"%s"},"maxDataLoss":"0s","lease":{"duration":"30s"}}}""".formatted(
                                FleetObjects.namespace(i),
                                FleetObjects.uid(6, i),
                                CREATED,
                                FleetObjects.SITE,
                                FleetObjects.LOCATIONS.getFirst(),
                                FleetObjects.OTHER_SITE,
                                FleetObjects.LOCATIONS.getLast(),
                                FleetObjects.SITE,
                                FleetObjects.LOCATIONS.getLast(),
                                FleetObjects.POLICY)));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    private OperatorProcess guard(GeneratedApiServer cluster, String directory, List<String> extra, String site) {
        return run.addProcess(
                cluster,
                DIRECTORY.resolve(directory),
                with(ImageOptions.ofGuard(GUARD_HEAP), extra),
                Map.of("BREAKWATER_ROLE", "guard", "BREAKWATER_SITE", site, "BREAKWATER_WEBHOOK_PORT", "0"));
    }

    private static List<String> with(List<String> options, List<String> extra) {
        List<String> all = new ArrayList<>(options);
        all.addAll(extra);
        return all;
    }

    FleetRun run() {
        return run;
    }

    /** The processes by what they are. */
    Map<String, OperatorProcess> processes() {
        return processes;
    }

    /**
     * Bytes of each process after a collection, by what they are used for. A process at rest collects by itself within minutes, but
     * virtual time leaves it no rest.
     */
    Map<String, Map<String, Long>> memory() {
        Map<String, Map<String, Long>> memory = new LinkedHashMap<>();
        processes.forEach((name, process) -> {
            FleetRun.heapAfterGc(process);
            Map<String, Long> areas = new TreeMap<>(NativeMemory.of(process.pid()));
            areas.put(RESIDENT, process.memory("VmRSS"));
            memory.put(name, areas);
        });
        return memory;
    }

    /** Roles of the plans of a site, with their numbers. */
    Map<String, Long> roles(boolean active) {
        Map<String, Long> roles = new LinkedHashMap<>();
        (active ? run.api() : west)
                .table(ServedKind.BREAKWATER_VERSION, "failoverplans")
                .each(
                        null,
                        new ListSelector(null, null),
                        (key, plan) -> roles.merge(plan.at("/status/role").asText("none"), 1L, Long::sum));
        return roles;
    }

    /** Lets time pass, with {@code -Dbreakwater.fleet.real=true} no faster than real time. */
    void pass(Duration time) {
        if (!Boolean.getBoolean("breakwater.fleet.real")) {
            run.pass(time, STEP);
            return;
        }
        for (Duration left = time; left.isPositive(); left = left.minus(STEP)) {
            long began = System.nanoTime();
            run.pass(STEP, STEP);
            LockSupport.parkNanos(STEP.toNanos() - (System.nanoTime() - began));
        }
    }

    @Override
    public void close() {
        run.close();
    }
}
