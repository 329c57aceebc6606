package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.Events;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Step;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** The steps of a restore, in order. */
@ApplicationScoped
class RestoreSteps {
    private final List<Step<RestoreRun>> unordered;
    private final List<Step<RestoreRun>> ordered;
    private final List<Step<RestoreRun>> dryRun;
    private final List<Step<RestoreRun>> files;
    private final RestoreOrders orders;
    private final RetryObjectsStep retries;
    private final PointArchive archives;
    private final Activities activities;
    private final String operatorNamespace;

    RestoreSteps(
            KubernetesClient client,
            PointResolver points,
            PointArchive archives,
            NamespaceGate gate,
            MoverJobs movers,
            Snapshots snapshots,
            KeptSnapshots retained,
            BreakwaterConfig config,
            Events events,
            Clock clock) {
        this.operatorNamespace = config.namespace();
        this.archives = archives;
        this.activities = new Activities();
        ConcurrentRuns concurrentRuns = new ConcurrentRuns(client, gate);
        ValidateStep validate =
                new ValidateStep(client, config.site(), concurrentRuns, points, archives, activities, events);
        RestoreClaimsStep claims = new RestoreClaimsStep(client, archives);
        RestoreGate restoreGate = new RestoreGate(client, gate);
        this.orders = new RestoreOrders(archives, activities);
        ReleasePodsStep release = new ReleasePodsStep(restoreGate, movers, retained, orders);
        RestoreHooksStep hooks = new RestoreHooksStep(client, archives, activities, clock);
        this.retries = new RetryObjectsStep(archives, hooks, activities, clock);
        OrderedRestoreStep orderedRestore = new OrderedRestoreStep(
                archives, orders, new Workloads(client), gate, restoreGate, hooks, retries, activities, clock);
        this.unordered = List.of(
                validate,
                new PreflightReadStep(client, movers),
                new HoldPodsStep(archives, gate, concurrentRuns),
                new RestoreClassesStep(archives, activities),
                new ImportSnapshotsStep(client, snapshots, retained, config.namespace()),
                claims,
                new FillVolumesStep(client, movers),
                new RestoreObjectsStep(archives, activities),
                release,
                retries,
                hooks);
        List<Step<RestoreRun>> more = new ArrayList<>(unordered);
        more.add(more.indexOf(retries), orderedRestore);
        this.ordered = List.copyOf(more);
        this.files = List.of(validate, new RestoreFilesStep(client, movers), release);
        this.dryRun = List.of(validate, new DryRunStep(archives, claims, new DryRunReport(client), activities));
    }

    /**
     * The steps of a Restore; a dry run has none that changes anything.
     *
     * @throws BreakwaterException Forbidden, when the Restore names a namespace that it may not write to
     */
    List<Step<RestoreRun>> of(Restore restore) {
        TenancyCheck.checkTarget(restore, operatorNamespace);
        RestoreSpec spec = restore.getSpec();
        if (spec.files != null) {
            return files;
        }
        if (spec.dryRun()) {
            return dryRun;
        }
        return spec.ordered() ? ordered : unordered;
    }

    /** Work of this process for its runs. */
    Activities activities() {
        return activities;
    }

    /** Forgets a run that is over or gone. */
    void forget(String uid) {
        orders.forget(uid);
        retries.forget(uid);
        archives.release(uid);
    }
}
