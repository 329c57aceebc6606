package io.breakwater.restore;

import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.catalog.PointDocument;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.RunNames;
import io.breakwater.steps.Step;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.KeptSnapshots.Handle;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Brings the snapshots that stayed in the storage into the target namespace, for claims to be made from; and once all are there,
 * takes away the claims whose place those take.
 */
final class ImportSnapshotsStep implements Step<RestoreRun> {
    private static final String NAME = "Bring";
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final Snapshots snapshots;
    private final KeptSnapshots kept;
    private final String operatorNamespace;

    ImportSnapshotsStep(KubernetesClient client, Snapshots snapshots, KeptSnapshots kept, String operatorNamespace) {
        this.client = client;
        this.snapshots = snapshots;
        this.kept = kept;
        this.operatorNamespace = operatorNamespace;
    }

    @Override
    public String name() {
        return NAME;
    }

    /** Name of the VolumeSnapshot that a claim is made from. */
    static String snapshot(RestoreRun run, String pvc) {
        return RunNames.of(run.uid() + "/kept/" + pvc);
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        List<VolumeFill> fills = run.volumes().stream()
                .filter(v -> run.volume(v.pvc).kept() != null)
                .toList();
        if (fills.isEmpty()) {
            return Outcome.done("no kept snapshots");
        }
        Map<String, String> waiting = new LinkedHashMap<>();
        for (VolumeFill v : fills) {
            bring(run, v).ifPresent(message -> waiting.put(v.pvc, message));
        }
        if (!waiting.isEmpty()) {
            if (run.clock().instant().isAfter(run.startOf(NAME).plus(PATIENCE))) {
                throw run.refused(
                        Reason.SnapshotFailed,
                        "within " + PATIENCE.toMinutes() + "m the storage did not give the snapshots of claims "
                                + waiting + "; the claims were left as they are");
            }
            return Outcome.waiting(
                    (fills.size() - waiting.size()) + " of " + fills.size() + " snapshots are there; " + waiting);
        }
        List<String> leaving = fills.stream()
                .filter(v -> Boolean.TRUE.equals(v.replaces) && ensureLeaving(run, v.pvc))
                .map(v -> v.pvc)
                .toList();
        return leaving.isEmpty()
                ? Outcome.done("snapshots of " + fills.size() + " claims are there")
                : Outcome.waiting("claims " + leaving + " make room for those of the point");
    }

    private Optional<String> bring(RestoreRun run, VolumeFill v) {
        PointDocument document = run.source().document();
        PointDocument.Kept snapshot = run.volume(v.pvc).kept();
        Handle handle = new Handle(snapshot.driver(), snapshot.handle());
        String name = snapshot(run, v.pvc);
        boolean ours = run.source().location().getMetadata().getNamespace().equals(operatorNamespace);
        // With a location of their own, tenants could name any snapshot of the storage: the cluster must know it as the
        // point's.
        if (!ours && !kept.isThere(document.key().toString(), handle)) {
            throw run.refused(
                    Reason.VolumeDataAbsent,
                    "this cluster has no VolumeSnapshotContent of claim " + v.pvc + " for point " + document.key()
                            + ": its data was removed, or lies in the storage of another cluster; exclude the claim,"
                            + " or set spec.volumes to Skip to get it empty");
        }
        kept.importInto(document.key().toString(), handle, run.target(), name, run.label());
        Optional<Snapshots.State> state = snapshots.state(run.target(), name);
        return state.filter(Snapshots.State::ready).isPresent()
                ? Optional.empty()
                : Optional.of(state.map(Snapshots.State::error).orElse("is not ready yet"));
    }

    /** Sees to it that a claim goes, unless it is made from the snapshot already; whether it is still there. */
    private boolean ensureLeaving(RestoreRun run, String pvc) {
        var resource = client.persistentVolumeClaims().inNamespace(run.target()).withName(pvc);
        PersistentVolumeClaim claim = resource.get();
        if (claim == null || isMade(run, claim)) {
            return false;
        }
        if (claim.getMetadata().getDeletionTimestamp() == null) {
            resource.delete();
        }
        return true;
    }

    private static boolean isMade(RestoreRun run, PersistentVolumeClaim claim) {
        return claim.getSpec().getDataSource() != null
                && snapshot(run, claim.getMetadata().getName())
                        .equals(claim.getSpec().getDataSource().getName());
    }
}
