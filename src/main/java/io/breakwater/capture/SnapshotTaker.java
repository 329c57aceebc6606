package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.Texts;
import io.breakwater.steps.Activities;
import io.breakwater.steps.RunNames;
import io.breakwater.volume.GroupSnapshots;
import io.breakwater.volume.Snapshots;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Takes all snapshots of a run at the same time; the volumes of a group share one group snapshot. The work has three
 * parts, and the application has to be quiesced only during the second one.
 */
final class SnapshotTaker {
    private static final int SHOWN = 5;

    private final Snapshots snapshots;
    private final GroupSnapshots groups;
    private final Duration patience;

    SnapshotTaker(Snapshots snapshots, GroupSnapshots groups, Duration patience) {
        this.snapshots = snapshots;
        this.groups = groups;
        this.patience = patience;
    }

    /**
     * A snapshot to take, of one claim or of a group.
     *
     * @param name of the VolumeSnapshot, or of the VolumeGroupSnapshot of a group
     * @param group that the claims form; null for a single claim
     */
    private record SnapshotRequest(String name, String snapshotClass, String group, List<String> claims) {}

    /** Snapshots that can be taken now; the version is that of the API of group snapshots, null without a group. */
    record Prepared(List<SnapshotRequest> requests, String version) {}

    /**
     * The snapshot of one claim.
     *
     * @param group VolumeGroupSnapshot that it is a member of; null for a single snapshot
     */
    record TakenSnapshot(String name, Instant at, String group) {}

    /** Deletes everything that an earlier attempt has prepared or taken. */
    void discard(CaptureRun run) {
        Instant since = startOf(run.point());
        snapshots.deleteWithContents(run.namespace(), run.label(), since);
        if (isGrouped(run.status().volumes)) {
            groups.delete(run.namespace(), run.label(), run.uid(), since);
        }
    }

    /** What is older than the RestorePoint is not of its capture. */
    static Instant startOf(RestorePoint point) {
        return Instant.parse(point.getMetadata().getCreationTimestamp());
    }

    static boolean isGrouped(List<VolumeStatus> volumes) {
        return volumes != null && volumes.stream().anyMatch(v -> v.group != null);
    }

    /** Does everything that is possible before the application is quiesced: labels the claims of groups. */
    Prepared prepare(CaptureRun run) {
        List<SnapshotRequest> requests = new ArrayList<>();
        Map<String, List<VolumeStatus>> grouped = new TreeMap<>();
        long attempt = run.clock().millis();
        for (VolumeStatus v : run.status().volumes) {
            if (v.skipped != null || Boolean.TRUE.equals(v.live)) {
                continue;
            }
            if (v.group == null) {
                String name = RunNames.of(run.uid() + "/" + v.pvc + "/" + attempt);
                requests.add(new SnapshotRequest(name, v.snapshotClass, null, List.of(v.pvc)));
            } else {
                grouped.computeIfAbsent(v.group, g -> new ArrayList<>()).add(v);
            }
        }
        grouped.forEach((group, members) -> requests.add(new SnapshotRequest(
                RunNames.of(run.uid() + "/group/" + group + "/" + attempt),
                members.getFirst().snapshotClass,
                group,
                members.stream().map(v -> v.pvc).toList())));
        if (grouped.isEmpty()) {
            return new Prepared(requests, null);
        }
        String version = groups.version()
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.VolumeUnprotectable,
                        "the API server does not serve VolumeGroupSnapshots any more, which groups "
                                + Texts.first(grouped.keySet(), SHOWN)
                                + " need; install their CRDs again, or remove spec.volumes.groupBy from"
                                + " BackupPolicy " + run.policy().getMetadata().getName()));
        requests.stream()
                .filter(s -> s.group != null)
                .forEach(s -> groups.mark(run.namespace(), run.uid(), s.name, s.claims));
        return new Prepared(requests, version);
    }

    /** Creates all snapshots and waits until each is taken. Returns the time of each snapshot, by the name of its request. */
    Map<String, Instant> take(CaptureRun run, Prepared prepared) {
        Map<String, String> labels = Map.of(Api.RUN, run.label());
        // The snapshot controller needs one more round for a group, so groups are first.
        prepared.requests.stream()
                .filter(s -> s.group != null)
                .forEach(s ->
                        groups.create(prepared.version, run.namespace(), run.uid(), s.name, s.snapshotClass, labels));
        prepared.requests.stream()
                .filter(s -> s.group == null)
                .forEach(s -> snapshots.create(run.namespace(), s.name, s.claims.getFirst(), s.snapshotClass, labels));
        Map<String, Instant> moments = new HashMap<>();
        await(
                () -> {
                    prepared.requests.stream()
                            .filter(s -> !moments.containsKey(s.name))
                            .forEach(s -> takenAt(run.namespace(), s, prepared.version)
                                    .ifPresent(at -> moments.put(s.name, at)));
                    return moments.size() == prepared.requests.size();
                },
                () -> "snapshots of claims "
                        + Texts.first(
                                prepared.requests.stream()
                                        .filter(s -> !moments.containsKey(s.name))
                                        .flatMap(s -> s.claims.stream())
                                        .toList(),
                                SHOWN)
                        + " were not taken");
        return moments;
    }

    private Optional<Instant> takenAt(String namespace, SnapshotRequest request, String version) {
        String name =
                (request.group == null ? "VolumeSnapshot " : "VolumeGroupSnapshot ") + namespace + "/" + request.name;
        Instant at;
        String error;
        if (request.group == null) {
            Snapshots.State state = snapshots.state(namespace, request.name).orElseThrow(() -> deleted(name));
            at = state.cutAt();
            error = state.error();
        } else {
            GroupSnapshots.State state =
                    groups.state(version, namespace, request.name).orElseThrow(() -> deleted(name));
            at = state.cutAt();
            error = state.error();
        }
        if (error != null && at == null) {
            throw BreakwaterException.retryable(
                    Reason.SnapshotFailed,
                    name + " of " + (request.group == null ? "claim " : "claims ") + Texts.first(request.claims, SHOWN)
                            + ": " + error);
        }
        return Optional.ofNullable(at);
    }

    private static BreakwaterException deleted(String name) {
        return BreakwaterException.retryable(Reason.SnapshotFailed, name + " was deleted");
    }

    /** Finds the snapshot of each claim, since the snapshot controller names those of a group. Removes the labels. */
    Map<String, TakenSnapshot> resolve(CaptureRun run, Prepared prepared, Map<String, Instant> moments) {
        Map<String, TakenSnapshot> taken = new HashMap<>();
        for (SnapshotRequest request : prepared.requests) {
            Instant at = moments.get(request.name);
            if (request.group == null) {
                taken.put(request.claims.getFirst(), new TakenSnapshot(request.name, at, null));
            } else {
                members(run, request)
                        .forEach((claim, name) -> taken.put(claim, new TakenSnapshot(name, at, request.name)));
            }
        }
        if (prepared.version != null) {
            groups.unmark(run.namespace(), run.uid());
        }
        return taken;
    }

    private Map<String, String> members(CaptureRun run, SnapshotRequest request) {
        Map<String, String> members = new HashMap<>();
        await(
                () -> {
                    members.putAll(snapshots.members(run.namespace(), request.name));
                    return members.keySet().containsAll(request.claims);
                },
                () -> {
                    Set<String> missing = new TreeSet<>(request.claims);
                    missing.removeAll(members.keySet());
                    return "VolumeGroupSnapshot " + run.namespace() + "/" + request.name + " has no member for claims "
                            + Texts.first(missing, SHOWN);
                });
        if (members.size() > request.claims.size()) {
            throw BreakwaterException.retryable(
                    Reason.SnapshotFailed,
                    "VolumeGroupSnapshot " + run.namespace() + "/" + request.name + " has members for claims "
                            + Texts.first(members.keySet(), SHOWN) + " instead of " + Texts.first(request.claims, SHOWN)
                            + ": another program uses labels " + Api.CUT);
        }
        return members;
    }

    private void await(Supplier<Boolean> done, Supplier<String> failure) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!done.get()) {
            if (System.nanoTime() > deadline) {
                throw BreakwaterException.retryable(
                        Reason.SnapshotFailed,
                        failure.get() + " within " + patience.toSeconds()
                                + "s; check that the snapshotter of the CSI driver is running");
            }
            Activities.pause(Duration.ofMillis(50));
        }
    }
}
