package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.Texts;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.resource.capture.CaptureScope;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.breakwater.volume.VolumePlanner;
import io.breakwater.volume.VolumePlanner.Planned;
import io.breakwater.volume.WorkloadUsers;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides what is captured. Refuses a capture that cannot succeed, before anything is changed. */
final class PrepareStep implements Step<CaptureRun> {
    private static final int LONGEST_REASON = 1024;

    private final KubernetesClient client;
    private final VolumePlanner planner;
    private final Catalog catalog;
    private final RestoreInProgressCheck restores;
    private final QuotaCheck quota;
    private final RetainedQuota retained;
    private final Activities activities;

    PrepareStep(
            KubernetesClient client,
            VolumePlanner planner,
            Catalog catalog,
            RestoreInProgressCheck restores,
            QuotaCheck quota,
            RetainedQuota retained,
            Activities activities) {
        this.activities = activities;
        this.retained = retained;
        this.client = client;
        this.planner = planner;
        this.catalog = catalog;
        this.restores = restores;
        this.quota = quota;
    }

    @Override
    public String name() {
        return "Prepare";
    }

    /** It changes nothing but the mark in the location, which a second attempt replaces. */
    @Override
    public boolean needsIntent(CaptureRun run) {
        return false;
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        if (run.memory().plan().isEmpty()) {
            Optional<CaptureMemory.Plan> plan = plan(run);
            if (plan.isEmpty()) {
                return Outcome.waiting(
                        "measuring the quota usage of namespace " + run.namespace() + " in the location");
            }
            run.memory().planned(plan.get());
        }
        Optional<Catalog.Opening> opening;
        try {
            opening = activities.poll(run.uid() + "/open", () -> open(run), run.wake());
        } catch (RuntimeException e) {
            run.memory().planned(null); // the next attempt may find other volumes
            throw e;
        }
        if (opening.isEmpty()) {
            return new Outcome.Working("marking the point as unfinished in the location", Duration.ofSeconds(10));
        }
        run.memory().opened(opening.get());
        CaptureMemory.Plan plan = run.memory().plan().orElseThrow();
        run.stage(s -> {
            s.site = run.site();
            s.namespace = run.namespace();
            s.cluster = run.key().source().cluster();
            s.namespaceUid = run.key().source().uid();
            s.point = run.name();
            s.location = run.route().location().getMetadata().getName();
            s.epoch = run.route().epoch();
            s.warnings = Warnings.merged(s.warnings, plan.warnings());
            s.volumes = plan.volumes();
            s.volumeCount =
                    (int) plan.volumes().stream().filter(v -> v.skipped == null).count();
        });
        return Outcome.done(run.status().volumeCount + " volumes");
    }

    /** Marks the point as unfinished, unless another RestorePoint has a point of that name. Runs outside the reconciler. */
    private Catalog.Opening open(CaptureRun run) {
        Catalog.Opening opening = catalog.startPoint(run.route().location(), run.key(), run.uid());
        Optional<PointDocument> present = opening.present();
        if (present.isPresent() && !run.uid().equals(present.get().uid())) {
            catalog.markFinished(run.route().location(), run.key());
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "location " + run.route().location().getMetadata().getName() + " already has point " + run.key()
                            + " of another RestorePoint; give this RestorePoint another name");
        }
        return opening;
    }

    /** Plans the volumes; empty while the quota usage is being measured. */
    private Optional<CaptureMemory.Plan> plan(CaptureRun run) {
        Trigger trigger = run.point().getSpec().trigger;
        if (!run.route().active() && trigger != Trigger.Final && trigger != Trigger.Divergent) {
            // This site may not have read its role yet, so the error is retried for a while.
            throw BreakwaterException.retryable(
                    Reason.Standby,
                    "namespace " + run.namespace()
                            + " is on standby on this site, so nothing is captured; create the RestorePoint on the"
                            + " active site");
        }
        restores.findBlocker(run).ifPresent(message -> {
            throw BreakwaterException.retryable(Reason.RestoreInProgress, message);
        });
        BackupPolicySpec policy = run.policy().getSpec();
        List<Planned> plan =
                planner.plan(run.namespace(), policy, CaptureScope.claims(client, run.namespace(), policy.source));
        // A failover needs its point in a location that the other site can read.
        boolean retains = policy.retainsSnapshots() && trigger != Trigger.Final && trigger != Trigger.Divergent;
        if (retains) {
            int added = (int) plan.stream().filter(p -> p.skipped() == null).count();
            retained.requireRoom(run.route().location(), run.namespace(), added);
        }
        if (!retains && plan.stream().anyMatch(p -> p.skipped() == null) && !quota.requireRoom(run)) {
            return Optional.empty();
        }
        WorkloadUsers users = new WorkloadUsers(client, run.namespace());
        return Optional.of(new CaptureMemory.Plan(
                plan.stream().map(p -> status(p, users, retains, trigger)).toList(), warnings(run, plan)));
    }

    private List<String> warnings(CaptureRun run, List<Planned> plan) {
        BackupPolicySpec policy = run.policy().getSpec();
        List<String> warnings = new ArrayList<>(
                InlineVolumes.areListedByCapture(policy.source)
                        ? List.of()
                        : InlineVolumes.warnings(client, run.namespace(), policy.source));
        Set<String> claims =
                plan.stream().map(p -> p.claim().getMetadata().getName()).collect(Collectors.toSet());
        // The same names apply to all namespaces of a template.
        Map<String, String> labels = run.policy().getMetadata().getLabels();
        boolean managed = labels != null && labels.containsKey(Api.TEMPLATE);
        if (policy.volumes != null && policy.volumes.allowUnprotected != null && !managed) {
            policy.volumes.allowUnprotected.stream()
                    .filter(name -> !claims.contains(name))
                    .map(name -> "spec.volumes.allowUnprotected names claim " + name + ", which is not in namespace "
                            + run.namespace() + " or not selected: check its spelling")
                    .forEach(warnings::add);
        }
        return warnings;
    }

    /**
     * A final or divergent point has no snapshots: nothing runs, so its movers read the claims themselves. A snapshot of a volume
     * that a node still has mounted would lack what the node has not written to the volume.
     */
    static VolumeStatus status(Planned planned, WorkloadUsers users, boolean retains, Trigger trigger) {
        boolean stopped = planned.skipped() == null && (trigger == Trigger.Final || trigger == Trigger.Divergent);
        VolumeStatus v = new VolumeStatus();
        v.pvc = planned.claim().getMetadata().getName();
        v.storageClass = planned.claim().getSpec().getStorageClassName();
        v.volumeMode = planned.ofBlocks() ? VolumeMode.Block : VolumeMode.Filesystem;
        v.size = planned.size();
        v.snapshotClass = stopped ? null : planned.snapshotClass();
        v.group = stopped ? null : planned.group();
        v.skipped = planned.skipped() == null ? null : Texts.cut(planned.skipped(), LONGEST_REASON);
        v.user = planned.skipped() == null ? users.of(v.pvc).orElse(null) : null;
        v.live = stopped || planned.live() ? true : null;
        v.kept = retains && planned.skipped() == null ? new Kept() : null;
        return v;
    }
}
