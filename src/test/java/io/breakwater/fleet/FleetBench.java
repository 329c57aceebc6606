package io.breakwater.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.points.PointIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures the packaged operator next to a real API server with a fleet of points: at rest, and while all policies are due in one
 * minute. Prints a table. {@code bench/fleet} starts it.
 */
final class FleetBench {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path DIRECTORY = Path.of("target/fleet-bench");
    private static final Duration SETTLE = Duration.ofMinutes(2);
    private static final String POINTS =
            "/apis/" + ServedKind.BREAKWATER_VERSION + "/restorepoints?limit=" + PointIndex.PAGE + "&continue=";
    private static final Duration MOST = Duration.ofMinutes(30);
    private static final String GROUP = "/apis/breakwater.io/v1alpha1/namespaces/";
    private static final String SEALS = "put points";

    private final Map<String, Integer> numbers =
            new HashMap<>(Map.of("--policies", 1000, "--points", 100, "--lists", 4, "--rest", 10, "--memory", 640));

    /** Ends what runs when this program is stopped. */
    private final Thread end = Thread.ofPlatform().unstarted(this::close);

    private final List<String> rows = new ArrayList<>();
    private Instant start;
    private FleetClock clock;
    private GeneratedStore store;
    private ControlPlane plane;
    private ContainedOperator operator;

    private FleetBench(List<String> arguments) {
        for (int i = 0; i < arguments.size(); i += 2) {
            String option = arguments.get(i);
            if (!numbers.containsKey(option) || i + 1 == arguments.size()) {
                throw new IllegalArgumentException(option + " is no option, or has no number; see bench/fleet --help");
            }
            numbers.put(option, Integer.valueOf(arguments.get(i + 1)));
        }
    }

    /** The first argument is the program of {@code dev/cluster}; pairs of an option and its number follow. */
    public static void main(String[] arguments) throws IOException {
        List<String> all = List.of(arguments);
        new FleetBench(all.subList(1, all.size())).run(Path.of(all.getFirst()));
    }

    private void run(Path program) throws IOException {
        empty(DIRECTORY);
        start = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        clock = new FleetClock(start);
        store = new GeneratedStore(clock);
        Thread.ofPlatform().daemon().name("time").start(this::passTime);
        // The objects of one minute are due after the rest, and the rest starts after the lists of all points.
        Duration before = SETTLE.multipliedBy(2).plusMinutes(number("--lists") + number("--rest"));
        int minute = start.plus(before).plusSeconds(59).atOffset(ZoneOffset.UTC).getMinute();
        FleetObjects objects = new FleetObjects(number("--policies"), number("--points"), start, 1).dueAt(minute);
        Runtime.getRuntime().addShutdownHook(end);
        try {
            plane = new ControlPlane(DIRECTORY, program);
            timed("points and their policies written to etcd", () -> new EtcdFleet(plane, start).write(objects, store));
            timed("start of the API server", plane::startServer);
            EtcdFleet.createKinds(plane);
            await("the kinds of Breakwater", () -> answers(GROUP + FleetObjects.OPERATOR + "/backuplocations?limit=1"));
            timed("list of all points in pages, by the API server that has just started", this::listPoints);
            timed("the same list again", this::listPoints);
            timed("start of the operator to ready", this::startOperator);
            rest(objects);
            due(objects, minute);
        } finally {
            close();
        }
        System.out.println();
        System.out.println("| line | figure |\n|---|---|");
        rows.forEach(System.out::println);
    }

    private synchronized void close() {
        try {
            if (operator != null) {
                operator.close();
            }
        } catch (IOException e) {
            System.err.println("could not remove the control group: " + e.getMessage());
        }
        if (plane != null) {
            plane.close();
        }
        store.close();
    }

    private int number(String option) {
        return numbers.get(option);
    }

    private void passTime() {
        while (true) {
            clock.advance(Duration.between(start, Instant.now()).toNanos());
            ControlPlane.pause();
        }
    }

    private static void empty(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                    Files.delete(file);
                }
            }
        }
        Files.createDirectories(directory);
    }

    private interface Work {
        void run() throws IOException;
    }

    private void timed(String what, Work work) throws IOException {
        long begin = System.nanoTime();
        work.run();
        row(what, "%.1f s".formatted((System.nanoTime() - begin) / 1e9));
    }

    private void row(String line, String figure) {
        System.out.println("  " + line + ": " + figure);
        rows.add("| " + line + " | " + figure + " |");
    }

    private boolean answers(String path) {
        try {
            plane.get(path);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The API server of a cluster that has run for a while has its cache. This one fills it first. */
    private void listPoints() throws IOException {
        String next = "";
        do {
            JsonNode page = JSON.readTree(plane.get(POINTS + next));
            next = page.at("/metadata/continue").asText();
        } while (!next.isEmpty());
    }

    private void startOperator() throws IOException {
        operator = new ContainedOperator(
                DIRECTORY,
                number("--memory"),
                Map.of(
                        "KUBECONFIG",
                        plane.kubeconfig().toAbsolutePath().toString(),
                        "KUBERNETES_NAMESPACE",
                        FleetObjects.OPERATOR,
                        "BREAKWATER_SITE",
                        FleetObjects.SITE,
                        "BREAKWATER_NAMESPACE",
                        FleetObjects.OPERATOR,
                        "BREAKWATER_GATEWAY_PORT",
                        "" + ControlPlane.freePort(),
                        "BREAKWATER_STORE_ALLOWED_ENDPOINTS",
                        "127.0.0.1"));
        await("the operator", operator::isReady);
    }

    private static void await(String what, BooleanSupplier condition) throws IOException {
        if (!holds(condition, MOST)) {
            throw new IOException("waited " + MOST + " for " + what + "; logs are in " + DIRECTORY);
        }
    }

    private static boolean holds(BooleanSupplier condition, Duration most) {
        long end = System.nanoTime() + most.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            ControlPlane.pause();
        }
        return true;
    }

    private void rest(FleetObjects objects) throws IOException {
        String location = GROUP + FleetObjects.OPERATOR + "/backuplocations/" + FleetObjects.LOCATIONS.getFirst();
        await("the location", () -> isReady(location));
        objects.addSeals(List.of(store));
        row("memory of the operator is limited by", operator.limitedBy());
        pass(SETTLE);
        row("resident memory before the rest", resident());
        Usage usage = new Usage();
        Map<String, Long> calls = plane.requests();
        pass(Duration.ofMinutes(number("--rest")));
        row("resident memory after " + number("--rest") + " minutes at rest", resident());
        row("API calls in this time, by a policy and hour", perPolicy(calls, objects.policies()));
        row("API calls in this time", between(calls));
        usage.report(" at rest");
    }

    private String perPolicy(Map<String, Long> before, int policies) throws IOException {
        long calls = CallCounts.sum(CallCounts.between(before, plane.requests()));
        return FleetFigures.perHour(calls, policies, Duration.ofMinutes(number("--rest")));
    }

    private boolean isReady(String location) {
        try {
            for (var condition : JSON.readTree(plane.get(location)).at("/status/conditions")) {
                if (condition.path("type").asText().equals("Ready")) {
                    return condition.path("status").asText().equals("True");
                }
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    private void due(FleetObjects objects, int minute) throws IOException {
        Map<String, Long> calls = plane.requests();
        long sealed = seals();
        Usage usage = new Usage();
        Instant time = Instant.now().truncatedTo(ChronoUnit.HOURS).plus(minute, ChronoUnit.MINUTES);
        boolean isAhead = time.isAfter(Instant.now());
        row("the schedule was due", isAhead ? "after the rest" : "before the end of the rest: " + time);
        holds(() -> seals() - sealed >= objects.policies(), MOST);
        long count = seals() - sealed;
        row("points sealed of " + objects.policies(), "" + count);
        row(
                "time from the schedule to the last seal",
                Duration.between(time, Instant.now()).toSeconds() + " s");
        row(
                "API calls for each point",
                "%.1f"
                        .formatted((double) CallCounts.sum(CallCounts.between(calls, plane.requests()))
                                / Math.max(1, count)));
        row("API calls in this time", between(calls));
        usage.report(" while points were due");
        row("resident memory then", resident());
        pass(SETTLE);
        row("resident memory two minutes later", resident());
        row("largest memory of the container", "%.0f MiB".formatted(FleetFigures.mebi(operator.peak())));
        row("restarts", "" + operator.restarts());
    }

    private long seals() {
        return store.counts().now().getOrDefault(SEALS, 0L);
    }

    private static void pass(Duration time) {
        holds(() -> false, time);
    }

    private String resident() {
        return "%.0f MiB".formatted(FleetFigures.mebi(operator.memory("VmRSS")));
    }

    /** The calls since then, the most frequent ones. */
    private String between(Map<String, Long> before) throws IOException {
        return CallCounts.between(before, plane.requests()).entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(12)
                .map(call -> call.getKey() + " " + call.getValue())
                .collect(Collectors.joining(", "));
    }

    /** Time of the processors that the processes use from now on. */
    private final class Usage {
        private final double server = seconds(plane.serverPid());
        private final double etcd = seconds(plane.etcdPid());
        private final double own = seconds(operator.pid());

        void report(String when) {
            row(
                    "CPU of API server, etcd and operator" + when,
                    "%.1f s, %.1f s, %.1f s"
                            .formatted(
                                    seconds(plane.serverPid()) - server,
                                    seconds(plane.etcdPid()) - etcd,
                                    seconds(operator.pid()) - own));
        }

        private static double seconds(long pid) {
            return ProcessHandle.of(pid)
                            .flatMap(process -> process.info().totalCpuDuration())
                            .orElse(Duration.ZERO)
                            .toMillis()
                    / 1000.0;
        }
    }
}
