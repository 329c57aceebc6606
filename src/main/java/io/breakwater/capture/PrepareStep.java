package io.breakwater.capture;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.resource.capture.CaptureScope;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.VolumePlanner;
import io.breakwater.volume.VolumePlanner.Planned;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;

/** Decides what is captured, and refuses before anything is touched what cannot end well. */
final class PrepareStep implements Step<CaptureRun> {
    private final KubernetesClient client;
    private final VolumePlanner planner;
    private final Catalog catalog;
    private final RestoreInProgressCheck halfRestored;
    private final QuotaCheck room;

    PrepareStep(
            KubernetesClient client,
            VolumePlanner planner,
            Catalog catalog,
            RestoreInProgressCheck halfRestored,
            QuotaCheck room) {
        this.client = client;
        this.planner = planner;
        this.catalog = catalog;
        this.halfRestored = halfRestored;
        this.room = room;
    }

    @Override
    public String name() {
        return "Prepare";
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        Trigger trigger = run.point().getSpec().trigger;
        if (!run.route().active() && trigger != Trigger.Final && trigger != Trigger.Divergent) {
            // The role may not have been read yet, so this is waited out for a while.
            throw BreakwaterException.retryable(
                    Reason.Standby,
                    "this site stands by for namespace " + run.namespace()
                            + ", so there is nothing to capture; create the RestorePoint on the active site");
        }
        halfRestored.by(run).ifPresent(message -> {
            throw BreakwaterException.retryable(Reason.RestoreInProgress, message);
        });
        Optional<PointDocument> namesake = catalog.find(run.route().location(), run.key());
        if (namesake.isPresent() && !run.uid().equals(namesake.get().uid())) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "location " + run.route().location().getMetadata().getName() + " already holds a point " + run.key()
                            + "; give the RestorePoint another name");
        }
        BackupPolicySpec policy = run.policy().getSpec();
        List<Planned> plan =
                planner.plan(run.namespace(), policy, CaptureScope.claims(client, run.namespace(), policy.source));
        // What a failover starts from must lie where the other site can read it.
        boolean keeps = policy.keepsSnapshots() && trigger != Trigger.Final && trigger != Trigger.Divergent;
        if (!keeps && plan.stream().anyMatch(p -> p.skipped() == null) && !room.requireRoom(run)) {
            return Outcome.waiting("finding out how much namespace " + run.namespace() + " holds in the location");
        }
        catalog.markStarted(run.route().location(), run.key());
        run.update(s -> {
            s.site = run.site();
            s.namespace = run.namespace();
            s.point = run.name();
            s.location = run.route().location().getMetadata().getName();
            s.epoch = run.route().epoch();
            s.volumes = plan.stream().map(p -> status(p, keeps)).toList();
            s.volumeCount = (int) plan.stream().filter(p -> p.skipped() == null).count();
        });
        return Outcome.done(run.status().volumeCount + " volumes");
    }

    private static VolumeStatus status(Planned planned, boolean keeps) {
        VolumeStatus v = new VolumeStatus();
        v.pvc = planned.claim().getMetadata().getName();
        v.storageClass = planned.claim().getSpec().getStorageClassName();
        v.volumeMode = planned.ofBlocks() ? VolumeMode.Block : VolumeMode.Filesystem;
        v.size = planned.size();
        v.snapshotClass = planned.snapshotClass();
        v.group = planned.group();
        v.skipped = planned.skipped();
        v.live = planned.live() ? true : null;
        v.kept = keeps && planned.skipped() == null ? new Kept() : null;
        return v;
    }
}
