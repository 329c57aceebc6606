package io.breakwater.capture;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.Snapshots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Lets the snapshots of volumes that are not moved outlive their VolumeSnapshots, once the driver has finished them. */
final class RetainSnapshotsStep implements Step<CaptureRun> {
    private final Snapshots snapshots;
    private final KeptSnapshots kept;

    RetainSnapshotsStep(Snapshots snapshots, KeptSnapshots kept) {
        this.snapshots = snapshots;
        this.kept = kept;
    }

    @Override
    public String name() {
        return "Keep";
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        List<VolumeStatus> all =
                run.status().volumes.stream().filter(v -> v.kept != null).toList();
        if (all.isEmpty()) {
            return Outcome.done("every volume was moved");
        }
        var owner = new KeptSnapshots.Owner(
                run.label(),
                run.key().toString(),
                KeptSnapshots.locationName(run.route().location()));
        Map<String, Kept> ready = new LinkedHashMap<>();
        Map<String, String> waiting = new LinkedHashMap<>();
        for (VolumeStatus v : all) {
            Snapshots.State state = snapshots
                    .state(run.namespace(), v.snapshot)
                    .orElseThrow(() -> BreakwaterException.permanent(
                            Reason.SnapshotFailed,
                            "VolumeSnapshot " + run.namespace() + "/" + v.snapshot + " of claim " + v.pvc
                                    + " was deleted before the point was sealed; create another RestorePoint"));
            Optional<KeptSnapshots.Handle> handle =
                    state.ready() ? kept.keep(run.namespace(), v.snapshot, owner) : Optional.empty();
            handle.ifPresentOrElse(
                    h -> ready.put(v.pvc, new Kept(h.driver(), h.id())),
                    () -> waiting.put(
                            v.pvc, state.error() == null ? "snapshot is not ready yet" : "snapshot: " + state.error()));
        }
        if (!waiting.isEmpty()) {
            return Outcome.waiting(
                    (all.size() - waiting.size()) + " of " + all.size() + " snapshots ready; " + waiting);
        }
        run.update(
                s -> s.volumes.stream().filter(v -> ready.containsKey(v.pvc)).forEach(v -> v.kept = ready.get(v.pvc)));
        return Outcome.done("the snapshots of "
                + all.stream().map(v -> v.pvc).collect(Collectors.joining(", "))
                + " stay in the storage of site " + run.site());
    }
}
