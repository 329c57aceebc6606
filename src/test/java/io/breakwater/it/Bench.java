package io.breakwater.it;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.VolumeMethod;
import io.breakwater.api.Condition;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestoreSpec.OnConflict;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Measures the installed product against peers in the same run, on the same cluster. Called by {@code bench/run};
 * {@code bench/README.md} describes each line.
 *
 * <p>Arguments: {@code --objects N}, {@code --mebibytes N}, {@code --only PART,PART}.
 */
final class Bench {
    private static final String POLICY = "bench";
    private static final String VELERO = "velero-bench";
    private static final int ROUNDS = 3;

    /** The default class of the rig, whose snapshots copy each file, and the class without snapshots. */
    private static final String COPYING = "csidir";

    private static final String IN_PLACE = "csidir-nosnap";

    /** The targets of {@code bench/README.md}. */
    private static final double PART_OF_FIRST = 0.15;

    private static final double POD_SECONDS = 5;
    private static final double READY_SECONDS = 10;
    private static final double CALLS_BESIDES_KINDS = 12;
    private static final double MEBIBYTES_AFTER_LOAD = 256;
    private static final int POINTS = 10;
    private static final Duration AFTER_LOAD = Duration.ofMinutes(2);

    /** An operator runs for weeks. In its first minute the compiler dominates the measurement. */
    private static final int WARM_UPS = 4;

    private final Rig rig;
    private final Site site;
    private final List<String> table = new ArrayList<>();
    private final BenchTargets targets;
    private Velero velero;

    private Bench(Rig rig) {
        this.rig = rig;
        this.site = rig.east();
        this.targets = new BenchTargets(site, text -> line("%s", text));
    }

    public static void main(String[] arguments) {
        int objects = option(arguments, "--objects", 30_000);
        int mebibytes = option(arguments, "--mebibytes", 1024);
        String only = option(arguments, "--only", "");
        Progress progress = new Progress(System.out);
        int code = 1;
        try (Rig rig = Rig.start(progress)) {
            rig.install();
            rig.locate();
            rig.install(rig.east().cluster(), "quickstart.enabled=true");
            rig.east().awaitLocation(Rig.SYSTEM, "quickstart");
            Bench bench = new Bench(rig);
            try {
                Map<String, Runnable> parts = new LinkedHashMap<>();
                parts.put("idle", bench::idle);
                parts.put("smallest", bench::smallest);
                parts.put("start", bench::start);
                parts.put("calls", bench::calls);
                parts.put("files", () -> bench.files(mebibytes));
                parts.put("increment", () -> bench.increments(mebibytes));
                parts.put("restore", () -> bench.restored(objects / 3));
                parts.put("capture", () -> bench.captured(objects));
                parts.put("flat", () -> bench.flat(List.of(1_000, objects, 10 * objects)));
                parts.forEach((name, part) -> {
                    if (only.isEmpty() || List.of(only.split(",")).contains(name)) {
                        part.run();
                    }
                });
                bench.line("targets that were missed: %d", bench.targets.missed());
                code = 0;
            } finally {
                System.out.println();
                bench.table.forEach(System.out::println);
            }
        } catch (RuntimeException | AssertionError e) {
            e.printStackTrace(System.out);
        }
        System.exit(code);
    }

    private static int option(String[] arguments, String name, int otherwise) {
        return Integer.parseInt(option(arguments, name, String.valueOf(otherwise)));
    }

    private static String option(String[] arguments, String name, String otherwise) {
        int at = List.of(arguments).indexOf(name);
        return at < 0 ? otherwise : arguments[at + 1];
    }

    private void idle() {
        Progress.pause(Duration.ofSeconds(20));
        memory("operator with gateway, idle");
    }

    /** Five objects, from the creation of the RestorePoint to its seal. */
    private void smallest() {
        String namespace = namespace("bench-small", "blob-east");
        new BenchLoad(site, namespace).configMaps(5);
        capture(namespace, "warm-up");
        double seconds = median(5, i -> capture(namespace, "point-" + i));
        double peer =
                median(ROUNDS, i -> BenchLoad.seconds(() -> velero().backup(namespace + "-" + i, namespace, VELERO)));
        line(
                "a point of five objects, created to sealed: %.2f s; Velero's backup, created to seen: %.2f s",
                seconds, peer);
    }

    private void start() {
        targets.judge(
                "start of the operator's container to ready", targets.startToReady(rig.progress()), READY_SECONDS, "s");
    }

    /** Requests to the API server for each point, those of this program included: a creation, a read and a watch. */
    private void calls() {
        String namespace = namespace("bench-calls", "blob-east");
        new BenchLoad(site, namespace).configMaps(5);
        capture(namespace, "warm-up");
        double all =
                targets.requestsOf(() -> IntStream.range(0, POINTS).forEach(i -> capture(namespace, "point-" + i)));
        targets.judge("API calls for each point", all / POINTS, targets.kinds() + CALLS_BESIDES_KINDS, "calls");
    }

    /**
     * The time of a point after 1 % of a volume changed. A clone of blocks has the times and inodes of the volume, as a volume that is
     * read in place has. A clone of files has others.
     */
    private void increments(int mebibytes) {
        double cloned = increment("bench-cloned", IN_PLACE, VolumeMethod.LiveCopy, mebibytes, PART_OF_FIRST);
        double copied = increment("bench-copied", COPYING, VolumeMethod.SnapshotAndMove, mebibytes, 1);
        line("1 %% changed: a clone of files took %.2f times as long as a clone of blocks", copied / cloned);
    }

    private double increment(String name, String storageClass, VolumeMethod method, int mebibytes, double part) {
        BackupPolicySpec.Volumes volumes = new BackupPolicySpec.Volumes();
        volumes.method = method;
        String namespace = namespace(name, "quickstart", volumes);
        BenchLoad load = new BenchLoad(site, namespace);
        load.volume(storageClass);
        load.write(mebibytes);
        capture(namespace, "first");
        load.write(Math.max(1, mebibytes / 100));
        capture(namespace, "second");
        double first = seconds(namespace, "first", "Move");
        double second = seconds(namespace, "second", "Move");
        targets.judge(
                "%d MiB of class %s, 1 %% changed (%.1f s for the first point)"
                        .formatted(mebibytes, storageClass, first),
                second,
                part * first + POD_SECONDS,
                "s");
        site.cluster().deleteNamespace(namespace, rig.progress());
        return second;
    }

    /**
     * A volume into a repository, compared with restic alone. Both have a repository, and create a volume from a
     * snapshot first.
     */
    private void files(int mebibytes) {
        String namespace = namespace("bench-files", "quickstart");
        BenchLoad load = new BenchLoad(site, namespace);
        load.volume(COPYING);
        capture(namespace, "empty");
        load.write(mebibytes);
        load.prepareRestic();
        double alone = load.resticAlone();
        capture(namespace, "first");
        double ours = seconds(namespace, "first", "Move");
        line(
                "%d MiB of files, snapshot to repository: %.1f s; restic alone %.1f s: ratio of rates %.2f",
                mebibytes, ours, alone, alone / ours);
        int changed = Math.max(1, mebibytes / 100);
        load.write(changed);
        capture(namespace, "second");
        line(
                "%d of %d MiB changed: %.1f MiB moved in %.1f s",
                changed,
                mebibytes,
                status(namespace, "second").addedBytes / 1048576.0,
                seconds(namespace, "second", "Move"));
        site.cluster().deleteNamespace(namespace, rig.progress());
    }

    private void captured(int count) {
        String namespace = namespace("bench-" + count, "blob-east");
        BenchLoad load = new BenchLoad(site, namespace);
        velero();
        load.objects(count);
        IntStream.range(0, WARM_UPS).forEach(i -> capture(namespace, "warm-up-" + i));
        List<Double> bare = new ArrayList<>();
        double ours = median(ROUNDS, i -> {
            bare.add(BenchLoad.seconds(load::list));
            return capture(namespace, "point-" + i);
        });
        double list = bare.stream().sorted().toList().get(ROUNDS / 2);
        int items = status(namespace, "warm-up-0").resourceCount;
        line(
                "capture of %d objects, created to sealed: %.1f s, %.0f/s; bare paged LISTs %.1f s: ratio of times"
                        + " %.2f",
                items, ours, items / ours, list, ours / list);
        memory("operator with gateway, after " + items + " objects");
        Progress.pause(AFTER_LOAD);
        double resident = memory("operator with gateway, two minutes after this load");
        targets.judge("memory two minutes after " + items + " objects", resident, MEBIBYTES_AFTER_LOAD, "MiB");
        double peer = median(
                ROUNDS, i -> Velero.rate(velero().backup(namespace + "-" + i, namespace, VELERO), "itemsBackedUp"));
        line("Velero's backup of the same objects: %.0f/s: ratio of rates %.1f", peer, items / ours / peer);
    }

    /** Memory while more and more objects are captured. An overflow of the heap would be visible as a restart. */
    private void flat(List<Integer> counts) {
        String namespace = namespace("bench-flat", "blob-east");
        BenchLoad load = new BenchLoad(site, namespace);
        int made = 0;
        for (int count : counts) {
            load.secretsAndConfigMaps(made, count);
            made = count;
            double seconds = capture(namespace, "point-" + count);
            int items = status(namespace, "point-" + count).resourceCount;
            line("capture of %d objects: %.1f s, %.0f/s", items, seconds, items / seconds);
            memory("operator with gateway, after " + items + " objects");
        }
    }

    /** Restore of a deleted namespace; the peer is the first creation of its objects. */
    private void restored(int count) {
        String namespace = namespace("bench-" + count, "blob-east");
        BenchLoad load = new BenchLoad(site, namespace);
        velero();
        double made = BenchLoad.seconds(() -> load.objects(count));
        capture(namespace, "point");
        site.cluster().deleteNamespace(namespace, rig.progress());
        String point = site.awaitListed(Rig.SYSTEM, Rig.EAST, namespace, "point")
                .getMetadata()
                .getName();
        site.createRestore(Rig.SYSTEM, namespace, point, namespace, OnConflict.Fail);
        Restore restore = site.client()
                .resources(Restore.class)
                .inNamespace(Rig.SYSTEM)
                .withName(namespace)
                .waitUntilCondition(
                        r -> r != null && r.getStatus() != null && r.getStatus().holds(Condition.READY),
                        10,
                        TimeUnit.MINUTES);
        memory("operator with gateway, after a restore");
        double ours = seconds(restore.getStatus().journal, "Objects");
        int created = restore.getStatus().created;
        line(
                "restore of %d objects into a new namespace: %.1f s, %.0f/s; bare parallel creates %.0f/s: ratio of"
                        + " rates %.2f",
                created, ours, created / ours, count / made, created / ours / (count / made));
        velero().backup(namespace, namespace, VELERO);
        double peer =
                Velero.rate(velero().restore(namespace, namespace, namespace, namespace + "-velero"), "itemsRestored");
        line(
                "Velero's restore of the same objects into a new namespace: %.1f/s: ratio of rates %.1f",
                peer, created / ours / peer);
        site.cluster().deleteNamespace(namespace + "-velero", rig.progress());
        site.cluster().deleteNamespace(namespace, rig.progress());
    }

    /**
     * From here on, the real Velero runs on the same cluster, with its fastest flags. It is installed before many
     * objects are created, because the cluster's controllers process its Deployment after all of those.
     */
    private Velero velero() {
        if (velero == null) {
            velero = Velero.install(rig, site, "--client-qps=1000", "--client-burst=2000");
            velero.location(VELERO, Rig.EAST, VELERO, "ReadWrite");
        }
        return velero;
    }

    private String namespace(String name, String location) {
        return namespace(name, location, null);
    }

    /** @param volumes settings of the policy; null for the defaults */
    private String namespace(String name, String location, BackupPolicySpec.Volumes volumes) {
        site.cluster().createNamespace(name);
        BackupPolicy policy = Examples.policy(name, POLICY, location);
        policy.getSpec().volumes = volumes == null ? policy.getSpec().volumes : volumes;
        site.client().resource(policy).create();
        return name;
    }

    /** Creates a point; returns the seconds from the request to the seal, as a watch observes it. */
    private double capture(String namespace, String name) {
        long start = System.nanoTime();
        site.createPoint(namespace, name, POLICY);
        RestorePoint point = site.client()
                .resources(RestorePoint.class)
                .inNamespace(namespace)
                .withName(name)
                .waitUntilCondition(
                        p -> p != null
                                && p.getStatus() != null
                                && (p.getStatus().holds(Condition.SUCCEEDED)
                                        || p.getStatus().holds(Condition.STALLED)),
                        10,
                        TimeUnit.MINUTES);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (!point.getStatus().holds(Condition.SUCCEEDED)) {
            throw new AssertionError(site.describe(RestorePoint.class, namespace, name));
        }
        rig.progress()
                .print(
                        "%s/%s: %.2f s; %s",
                        namespace,
                        name,
                        seconds,
                        point.getStatus().journal.stream()
                                .filter(e -> e.finishedAt != null) // Tidy ends after the point has succeeded.
                                .map(e -> e.step + " " + seconds(point.getStatus().journal, e.step))
                                .collect(Collectors.joining(", ")));
        return seconds;
    }

    private RestorePointStatus status(String namespace, String point) {
        return site.get(RestorePoint.class, namespace, point).orElseThrow().getStatus();
    }

    private double seconds(String namespace, String point, String step) {
        return seconds(status(namespace, point).journal, step);
    }

    private static double seconds(List<JournalEntry> journal, String step) {
        JournalEntry entry =
                journal.stream().filter(e -> e.step.equals(step)).findFirst().orElseThrow();
        return Duration.between(Instant.parse(entry.startedAt), Instant.parse(entry.finishedAt))
                        .toMillis()
                / 1000.0;
    }

    private interface Round {
        double seconds(int i);
    }

    private static double median(int rounds, Round round) {
        return IntStream.range(0, rounds)
                .mapToDouble(round::seconds)
                .sorted()
                .skip(rounds / 2)
                .findFirst()
                .orElseThrow();
    }

    /** Resident memory of the operator's process: the current value and the maximum since its start. */
    private double memory(String when) {
        String status = site.cluster()
                .kubectl(
                        "exec",
                        "-n",
                        Rig.SYSTEM,
                        site.operatorPod(),
                        "--",
                        "sh",
                        "-c",
                        "grep -hE VmRSS\\|VmHWM /proc/[0-9]*/status");
        int restarts = site.client()
                .pods()
                .inNamespace(Rig.SYSTEM)
                .withName(site.operatorPod())
                .get()
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getRestartCount();
        double now = kibibytes(status, "VmRSS:").max().orElseThrow() / 1024;
        DoubleStream most = kibibytes(status, "VmHWM:");
        line(
                "memory of the %s: %.0f MiB resident, %.0f MiB at most, %d restarts",
                when, now, most.max().orElseThrow() / 1024, restarts);
        return now;
    }

    private static DoubleStream kibibytes(String status, String field) {
        return status.lines().filter(l -> l.startsWith(field)).mapToDouble(l -> Double.parseDouble(l.split("\\s+")[1]));
    }

    private void line(String format, Object... arguments) {
        String line = format.formatted(arguments);
        table.add(line);
        rig.progress().print("== %s", line);
    }
}
