package io.breakwater.fleet;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Two sites with FailoverPlans. Each has the process of an operator and that of a guard, with the memory of the chart. */
final class PlanFleet implements AutoCloseable {
    /** Name of the resident memory among the areas. */
    static final String RESIDENT = "Resident";

    private static final Path DIRECTORY = Path.of("target/fleet/plans");
    private static final Duration STEP = Duration.ofSeconds(2);
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
        objects.addPlans(run.api(), FleetObjects.SITE);
        west = run.addCluster(FleetObjects.OTHER_CLUSTER);
        objects.addPlans(west, FleetObjects.SITE);
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

    /** Bytes of each process, by what they are used for. */
    Map<String, Map<String, Long>> memory() {
        Map<String, Map<String, Long>> memory = new LinkedHashMap<>();
        processes.forEach((name, process) -> {
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

    void pass(Duration time) {
        run.pass(time, STEP);
    }

    @Override
    public void close() {
        run.close();
    }
}
