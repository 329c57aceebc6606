package io.breakwater.capture;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.Texts;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.WaitReasons;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.Snapshots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Retains the snapshots of volumes whose data is not moved: they outlive their VolumeSnapshots once they are ready. */
final class RetainSnapshotsStep implements Step<CaptureRun> {
    private static final int SHOWN = 5;

    private final Snapshots snapshots;
    private final KeptSnapshots retained;

    RetainSnapshotsStep(Snapshots snapshots, KeptSnapshots retained) {
        this.snapshots = snapshots;
        this.retained = retained;
    }

    @Override
    public String name() {
        return "Keep";
    }

    @Override
    public boolean needsIntent(CaptureRun run) {
        return !retained(run).isEmpty();
    }

    private static List<VolumeStatus> retained(CaptureRun run) {
        return run.status().volumes.stream().filter(v -> v.kept != null).toList();
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        List<VolumeStatus> all = retained(run);
        if (all.isEmpty()) {
            return Outcome.done("every volume was moved, so no snapshot is retained");
        }
        var owner = new KeptSnapshots.Owner(
                run.label(),
                run.key().path(),
                KeptSnapshots.locationName(run.route().location()));
        Map<String, Kept> ready = new LinkedHashMap<>();
        WaitReasons waiting = new WaitReasons();
        for (VolumeStatus v : all) {
            Snapshots.State state = snapshots
                    .state(run.namespace(), v.snapshot)
                    .orElseThrow(() -> BreakwaterException.permanent(
                            Reason.SnapshotFailed,
                            "VolumeSnapshot " + run.namespace() + "/" + v.snapshot + " of claim " + v.pvc
                                    + " was deleted before the point was sealed; create another RestorePoint"));
            Optional<KeptSnapshots.Handle> handle =
                    state.ready() ? retained.keep(run.namespace(), v.snapshot, owner) : Optional.empty();
            handle.ifPresentOrElse(
                    h -> ready.put(v.pvc, new Kept(h.driver(), h.id())),
                    () -> waiting.add(v.pvc, MoverClaims.waitReason(state)));
        }
        if (!waiting.isEmpty()) {
            return waiting.toOutcome(all.size(), "snapshots ready");
        }
        run.update(
                s -> s.volumes.stream().filter(v -> ready.containsKey(v.pvc)).forEach(v -> v.kept = ready.get(v.pvc)));
        return Outcome.done("retained the snapshots of claims "
                + Texts.first(all.stream().map(v -> v.pvc).toList(), SHOWN)
                + " in the storage of site " + run.site());
    }
}
