package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
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
 * Takes all snapshots of a run at once, those of a group by one group snapshot. In three parts, of which the middle one alone
 * needs the application to hold still.
 */
final class SnapshotTaker {
    private final Snapshots snapshots;
    private final GroupSnapshots groups;
    private final Duration patience;

    SnapshotTaker(Snapshots snapshots, GroupSnapshots groups, Duration patience) {
        this.snapshots = snapshots;
        this.groups = groups;
        this.patience = patience;
    }

    /**
     * A snapshot to be taken, of a claim or of several.
     *
     * @param name of the VolumeSnapshot; of the VolumeGroupSnapshot, where there is a group
     * @param group that the claims form; null for a claim that is cut alone
     */
    private record SnapshotRequest(String name, String snapshotClass, String group, List<String> claims) {}

    /** Shots that were made ready; the version is that of the API of group snapshots, null where there is no group. */
    record Prepared(List<SnapshotRequest> shots, String version) {
        boolean isEmpty() {
            return shots.isEmpty();
        }
    }

    /**
     * The snapshot of one claim.
     *
     * @param group VolumeGroupSnapshot that it is a member of; null when it was cut alone
     */
    record TakenSnapshot(String name, Instant at, String group) {}

    /** Removes whatever an earlier attempt took, or made ready. */
    void discard(CaptureRun run) {
        snapshots.delete(run.namespace(), run.label(), List.of());
        if (isGrouped(run.status().volumes)) {
            groups.delete(run.namespace(), run.label(), run.uid());
        }
    }

    static boolean isGrouped(List<VolumeStatus> volumes) {
        return volumes != null && volumes.stream().anyMatch(v -> v.group != null);
    }

    /** Makes ready what can be before anything is held: marks the claims of groups. */
    Prepared prepare(CaptureRun run) {
        List<SnapshotRequest> shots = new ArrayList<>();
        Map<String, List<VolumeStatus>> together = new TreeMap<>();
        long attempt = run.clock().millis();
        for (VolumeStatus v : run.status().volumes) {
            if (v.skipped != null || Boolean.TRUE.equals(v.live)) {
                continue;
            }
            if (v.group == null) {
                String name = RunNames.of(run.uid() + "/" + v.pvc + "/" + attempt);
                shots.add(new SnapshotRequest(name, v.snapshotClass, null, List.of(v.pvc)));
            } else {
                together.computeIfAbsent(v.group, g -> new ArrayList<>()).add(v);
            }
        }
        together.forEach((group, members) -> shots.add(new SnapshotRequest(
                RunNames.of(run.uid() + "/group/" + group + "/" + attempt),
                members.getFirst().snapshotClass,
                group,
                members.stream().map(v -> v.pvc).toList())));
        if (together.isEmpty()) {
            return new Prepared(shots, null);
        }
        String version = groups.version()
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.VolumeUnprotectable,
                        "the API server does not serve VolumeGroupSnapshots any more, which groups "
                                + together.keySet()
                                + " need; install their CRDs again, or take spec.volumes.groupBy from"
                                + " BackupPolicy " + run.policy().getMetadata().getName()));
        shots.stream()
                .filter(s -> s.group != null)
                .forEach(s -> groups.mark(run.namespace(), run.uid(), s.name, s.claims));
        return new Prepared(shots, version);
    }

    /** Asks for all snapshots, and returns once each is cut: with the moment of each shot, by its name. */
    Map<String, Instant> take(CaptureRun run, Prepared aimed) {
        Map<String, String> labels = Map.of(Api.RUN, run.label());
        // A group takes the snapshot controller one round more.
        aimed.shots.stream()
                .filter(s -> s.group != null)
                .forEach(
                        s -> groups.create(aimed.version, run.namespace(), run.uid(), s.name, s.snapshotClass, labels));
        aimed.shots.stream()
                .filter(s -> s.group == null)
                .forEach(s -> snapshots.create(run.namespace(), s.name, s.claims.getFirst(), s.snapshotClass, labels));
        Map<String, Instant> moments = new HashMap<>();
        await(
                () -> {
                    aimed.shots.stream()
                            .filter(s -> !moments.containsKey(s.name))
                            .forEach(s ->
                                    cutAt(run.namespace(), s, aimed.version).ifPresent(at -> moments.put(s.name, at)));
                    return moments.size() == aimed.shots.size();
                },
                () -> "snapshots of claims "
                        + aimed.shots.stream()
                                .filter(s -> !moments.containsKey(s.name))
                                .flatMap(s -> s.claims.stream())
                                .toList()
                        + " were not cut");
        return moments;
    }

    private Optional<Instant> cutAt(String namespace, SnapshotRequest shot, String version) {
        String what = (shot.group == null ? "VolumeSnapshot " : "VolumeGroupSnapshot ") + namespace + "/" + shot.name;
        Instant at;
        String error;
        if (shot.group == null) {
            Snapshots.State state = snapshots.state(namespace, shot.name).orElseThrow(() -> gone(what));
            at = state.cutAt();
            error = state.error();
        } else {
            GroupSnapshots.State state =
                    groups.state(version, namespace, shot.name).orElseThrow(() -> gone(what));
            at = state.cutAt();
            error = state.error();
        }
        if (error != null && at == null) {
            throw BreakwaterException.retryable(
                    Reason.SnapshotFailed,
                    what + " of " + (shot.group == null ? "claim " : "claims ") + String.join(", ", shot.claims) + ": "
                            + error);
        }
        return Optional.ofNullable(at);
    }

    private static BreakwaterException gone(String what) {
        return BreakwaterException.retryable(Reason.SnapshotFailed, what + " was deleted");
    }

    /** Finds the snapshot of each claim, which the snapshot controller names in a group; takes the marks away. */
    Map<String, TakenSnapshot> resolve(CaptureRun run, Prepared aimed, Map<String, Instant> moments) {
        Map<String, TakenSnapshot> taken = new HashMap<>();
        for (SnapshotRequest shot : aimed.shots) {
            Instant at = moments.get(shot.name);
            if (shot.group == null) {
                taken.put(shot.claims.getFirst(), new TakenSnapshot(shot.name, at, null));
            } else {
                members(run, shot).forEach((claim, name) -> taken.put(claim, new TakenSnapshot(name, at, shot.name)));
            }
        }
        if (aimed.version != null) {
            groups.unmark(run.namespace(), run.uid());
        }
        return taken;
    }

    private Map<String, String> members(CaptureRun run, SnapshotRequest shot) {
        Map<String, String> members = new HashMap<>();
        await(
                () -> {
                    members.putAll(snapshots.members(run.namespace(), shot.name));
                    return members.keySet().containsAll(shot.claims);
                },
                () -> {
                    Set<String> missing = new TreeSet<>(shot.claims);
                    missing.removeAll(members.keySet());
                    return "VolumeGroupSnapshot " + run.namespace() + "/" + shot.name + " has no member for claims "
                            + missing;
                });
        if (members.size() > shot.claims.size()) {
            throw BreakwaterException.retryable(
                    Reason.SnapshotFailed,
                    "VolumeGroupSnapshot " + run.namespace() + "/" + shot.name + " took claims " + members.keySet()
                            + ", and should have taken " + shot.claims + ": somebody else uses labels " + Api.CUT);
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
                                + "s; is the CSI driver's snapshotter running?");
            }
            Activities.pause(Duration.ofMillis(50));
        }
    }
}
