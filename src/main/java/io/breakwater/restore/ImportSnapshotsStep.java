package io.breakwater.restore;

import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.api.Texts;
import io.breakwater.catalog.PointDocument;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.RunNames;
import io.breakwater.steps.Step;
import io.breakwater.steps.WaitReasons;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.KeptSnapshots.Handle;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Imports retained snapshots into the target namespace, so that claims can be created from them. Once all are ready, deletes
 * the claims that are to be re-created from them.
 */
final class ImportSnapshotsStep implements Step<RestoreRun> {
    private static final String NAME = "Bring";
    private static final int SHOWN = 5;
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final Snapshots snapshots;
    private final KeptSnapshots retained;
    private final String operatorNamespace;

    ImportSnapshotsStep(
            KubernetesClient client, Snapshots snapshots, KeptSnapshots retained, String operatorNamespace) {
        this.client = client;
        this.snapshots = snapshots;
        this.retained = retained;
        this.operatorNamespace = operatorNamespace;
    }

    @Override
    public String name() {
        return NAME;
    }

    /** Name of the VolumeSnapshot that a claim is created from. */
    static String snapshot(RestoreRun run, String pvc) {
        return RunNames.of(run.uid() + "/kept/" + pvc);
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        List<VolumeFill> fills = run.volumes().stream()
                .filter(v -> run.volume(v.pvc).kept() != null)
                .toList();
        if (fills.isEmpty()) {
            return Outcome.done("no retained snapshots");
        }
        WaitReasons waiting = new WaitReasons();
        for (VolumeFill v : fills) {
            importSnapshot(run, v).ifPresent(reason -> waiting.add(v.pvc, reason));
        }
        if (!waiting.isEmpty()) {
            if (run.clock().instant().isAfter(run.startOf(NAME).plus(PATIENCE))) {
                throw run.refused(
                        Reason.SnapshotFailed,
                        "the CSI driver did not make the snapshots ready within " + PATIENCE.toMinutes() + "m: "
                                + waiting + "; existing claims are unchanged");
            }
            return waiting.toOutcome(fills.size(), "snapshots ready");
        }
        List<String> replaced = fills.stream()
                .filter(v -> Boolean.TRUE.equals(v.replaces) && deleteReplaced(run, v.pvc))
                .map(v -> v.pvc)
                .toList();
        return replaced.isEmpty()
                ? Outcome.done("the snapshots of " + fills.size() + " claims are ready")
                : Outcome.waiting("waiting for claims " + Texts.first(replaced, SHOWN)
                        + " to be deleted before they are re-created from snapshots");
    }

    /** Imports the snapshot of one claim. Returns why it is not ready; empty when it is. */
    private Optional<String> importSnapshot(RestoreRun run, VolumeFill v) {
        PointDocument document = run.source().document();
        PointDocument.Kept snapshot = run.volume(v.pvc).kept();
        Handle handle = new Handle(snapshot.driver(), snapshot.handle());
        String name = snapshot(run, v.pvc);
        boolean ownedByOperator =
                run.source().location().getMetadata().getNamespace().equals(operatorNamespace);
        // Tenants with their own location could name any snapshot of the storage. So the cluster must know the snapshot
        // as one of this point.
        if (!ownedByOperator && !retained.isThere(document.key().path(), handle)) {
            throw run.refused(
                    Reason.VolumeDataAbsent,
                    "this cluster has no VolumeSnapshotContent of claim " + v.pvc + " for point " + document.key()
                            + ": its data was deleted, or is in the storage of another cluster; exclude the claim,"
                            + " or set spec.volumes to Skip to get it empty");
        }
        retained.importInto(document.key().path(), handle, run.target(), name, run.label());
        Optional<Snapshots.State> state = snapshots.state(run.target(), name);
        return state.filter(Snapshots.State::ready).isPresent()
                ? Optional.empty()
                : Optional.of(state.map(Snapshots.State::error).orElse("is not ready yet"));
    }

    /** Deletes a claim, unless it was created from the snapshot. Returns whether the old claim still exists. */
    private boolean deleteReplaced(RestoreRun run, String pvc) {
        var resource = client.persistentVolumeClaims().inNamespace(run.target()).withName(pvc);
        PersistentVolumeClaim claim = resource.get();
        if (claim == null || isFromSnapshot(run, claim)) {
            return false;
        }
        if (claim.getMetadata().getDeletionTimestamp() == null) {
            resource.delete();
        }
        return true;
    }

    private static boolean isFromSnapshot(RestoreRun run, PersistentVolumeClaim claim) {
        return claim.getSpec().getDataSource() != null
                && snapshot(run, claim.getMetadata().getName())
                        .equals(claim.getSpec().getDataSource().getName());
    }
}
