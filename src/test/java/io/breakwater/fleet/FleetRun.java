package io.breakwater.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** The operator next to the generated servers, and the virtual time of all of them. */
final class FleetRun implements AutoCloseable {
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();
    private static final int TRIES = 60;

    private final FleetObjects objects;
    private final FleetClock clock;
    private final GeneratedApiServer api;
    private final List<GeneratedStore> stores;
    private final OperatorProcess operator;
    private final Set<String> sealed = new TreeSet<>();
    private final List<GeneratedApiServer> clusters = new ArrayList<>();
    private final List<OperatorProcess> processes = new ArrayList<>();
    private long next;
    private long bookmarked;

    FleetRun(FleetObjects objects, Path directory, String heap, Map<String, String> settings) {
        this(objects, directory, ImageOptions.ofOperator(heap), settings);
    }

    FleetRun(FleetObjects objects, Path directory, List<String> options, Map<String, String> settings) {
        this.objects = objects;
        this.clock = new FleetClock(objects.start());
        this.api = new GeneratedApiServer(clock);
        this.stores = Stream.generate(() -> new GeneratedStore(clock))
                .limit(objects.locations())
                .toList();
        clusters.add(api);
        objects.addTo(api, stores, FleetObjects.CLUSTER);
        this.operator = addProcess(api, directory, options, settings);
    }

    /** Adds a cluster with the same objects, before the start. */
    GeneratedApiServer addCluster(String uid) {
        GeneratedApiServer cluster = new GeneratedApiServer(clock);
        clusters.add(cluster);
        objects.addTo(cluster, stores, uid);
        return cluster;
    }

    /** Adds a process of Breakwater in a cluster, before the start. */
    OperatorProcess addProcess(
            GeneratedApiServer cluster, Path directory, List<String> options, Map<String, String> settings) {
        OperatorProcess process = new OperatorProcess(directory, options, objects.start(), cluster.url(), settings);
        processes.add(process);
        return process;
    }

    GeneratedApiServer api() {
        return api;
    }

    /** The store of the first location. */
    GeneratedStore store() {
        return stores.getFirst();
    }

    /** The store of the last location. */
    GeneratedStore lastStore() {
        return stores.getLast();
    }

    OperatorProcess operator() {
        return operator;
    }

    FleetClock clock() {
        return clock;
    }

    /** Waits until the operator has started and set up the location, and neither it nor a server works. */
    void start() {
        do {
            settle("settle");
        } while (!processes.stream().allMatch(process -> process.hasLogged("Installed features")));
        for (int i = 0; i < TRIES && !isReady(); i++) {
            pass(Duration.ofSeconds(1), Duration.ofSeconds(1));
        }
        if (!isReady()) {
            throw new IllegalStateException("the location is not ready; the log of the operator is " + operator.log());
        }
        objects.addSeals(stores);
    }

    private boolean isReady() {
        return FleetObjects.LOCATIONS.stream()
                .limit(objects.locations())
                .allMatch(name -> holds("backuplocations", FleetObjects.OPERATOR + "/" + name, "Ready"));
    }

    /** Whether a condition of an object of Breakwater holds. */
    boolean holds(String plural, String key, String type) {
        ObjectNode object = api.table(ServedKind.BREAKWATER_VERSION, plural).get(key);
        JsonNode conditions = object == null ? MissingNode.getInstance() : object.at("/status/conditions");
        for (JsonNode condition : conditions) {
            if (condition.path("type").asText().equals(type)) {
                return condition.path("status").asText().equals("True");
            }
        }
        return false;
    }

    /** The RestorePoints that were created during the run, by their keys. */
    List<String> created() {
        return api.table(ServedKind.BREAKWATER_VERSION, "restorepoints").writtenKeys();
    }

    /** Those of them that are sealed. */
    Set<String> sealed() {
        created().stream()
                .filter(key -> !sealed.contains(key) && holds("restorepoints", key, "Succeeded"))
                .forEach(sealed::add);
        return sealed;
    }

    /** The longest virtual time from the creation of one of them to the start of its first step, in whole seconds. */
    Duration longestWait() {
        return created().stream()
                .map(api.table(ServedKind.BREAKWATER_VERSION, "restorepoints")::get)
                .map(point -> Duration.between(
                        Instant.parse(point.at("/metadata/creationTimestamp").asText()),
                        Instant.parse(point.at("/status/journal/0/startedAt")
                                .asText(clock.instant().toString()))))
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO);
    }

    private void settle(String request) {
        next = ask(request);
        for (long before = -1; before != clock.traffic() || !clock.isQuiet(); ) {
            before = clock.traffic();
            next = ask("settle");
        }
    }

    /** Asks each process; when something is due next in any of them. */
    private long ask(String request) {
        return processes.stream()
                .mapToLong(process -> process.ask(request).next())
                .reduce(Long.MAX_VALUE, Math::min);
    }

    /**
     * Lets a virtual time pass.
     *
     * @param step the least time between two moments at which something happens; what is due in between happens later
     */
    void pass(Duration time, Duration step) {
        passUntil(() -> false, time, step);
    }

    /**
     * Lets virtual time pass until something holds, or for a time at most.
     *
     * @param step as for {@link #pass}
     * @return the time that passed
     */
    Duration passUntil(BooleanSupplier condition, Duration most, Duration step) {
        long begin = clock.nanos();
        long end = begin + most.toNanos();
        settle("settle");
        while (clock.nanos() < end && !condition.getAsBoolean()) {
            long due = Math.min(next, clock.next());
            long to = Math.min(end, Math.max(due, clock.nanos() + step.toNanos()));
            clock.advance(to);
            if (to - bookmarked >= MINUTE) {
                bookmarked = to;
                clusters.forEach(GeneratedApiServer::bookmark);
            }
            settle("advance " + to);
        }
        return Duration.ofNanos(clock.nanos() - begin);
    }

    /** Heap of the operator after a collection of garbage, in bytes. */
    long heapAfterGc() {
        return heapAfterGc(operator);
    }

    static long heapAfterGc(OperatorProcess process) {
        process.ask("heap");
        return process.ask("heap").heap();
    }

    @Override
    public void close() {
        processes.forEach(OperatorProcess::close);
        clusters.forEach(GeneratedApiServer::close);
        stores.forEach(GeneratedStore::close);
    }
}
