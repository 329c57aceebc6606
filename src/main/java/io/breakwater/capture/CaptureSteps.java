package io.breakwater.capture;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.RestorePoint;
import io.breakwater.catalog.Catalog;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.location.Quotas;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.Events;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.RunLabel;
import io.breakwater.steps.Step;
import io.breakwater.trust.AdoptionRule;
import io.breakwater.trust.AuthorReview;
import io.breakwater.volume.GroupSnapshots;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.Snapshots;
import io.breakwater.volume.VolumePlanner;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The steps of a capture, in order. */
@ApplicationScoped
class CaptureSteps {
    private final KubernetesClient client;
    private final Snapshots snapshots;
    private final GroupSnapshots groups;
    private final KeptSnapshots retained;
    private final MoverJobs movers;
    private final Catalog catalog;
    private final List<Step<CaptureRun>> all;

    CaptureSteps(
            KubernetesClient client,
            NamespaceGate gate,
            VolumePlanner planner,
            Catalog catalog,
            Snapshots snapshots,
            GroupSnapshots groups,
            KeptSnapshots retained,
            MoverJobs movers,
            ArchiveUpload upload,
            Stores stores,
            EpochGuard guard,
            Quotas quotas,
            RepositoryRegister register,
            AdoptionRule adoption,
            Events events,
            AuthorReview authors,
            @ConfigProperty(name = "quarkus.application.version") String version) {
        this.client = client;
        this.snapshots = snapshots;
        this.groups = groups;
        this.retained = retained;
        this.movers = movers;
        this.catalog = catalog;
        Activities activities = new Activities();
        RestoreInProgressCheck restores = new RestoreInProgressCheck(gate);
        QuotaCheck quota = new QuotaCheck(quotas, activities, events);
        this.all = List.of(
                new PrepareStep(client, planner, catalog, restores, quota, new RetainedQuota(retained)),
                new SnapshotStep(client, snapshots, groups, activities, restores, authors),
                new ArchiveResourcesStep(upload, stores, activities),
                new MoveVolumesStep(client, snapshots, movers, quota, register, adoption),
                new RetainSnapshotsStep(snapshots, retained),
                new SealStep(catalog, guard, register, version),
                new CleanUpStep());
    }

    List<Step<CaptureRun>> all() {
        return all;
    }

    /** Deletes the objects that a run created in the cluster; they have no use once it is over, successful or not. */
    void cleanUp(RestorePoint point) {
        String namespace = point.getMetadata().getNamespace();
        String label = RunLabel.of(point);
        movers.delete(namespace, label);
        Instant since = SnapshotTaker.startOf(point);
        new TemporaryClaims(client).delete(namespace, label, since);
        snapshots.deleteWithContents(namespace, label, since);
        if (point.getStatus() != null && SnapshotTaker.isGrouped(point.getStatus().volumes)) {
            groups.delete(namespace, label, point.getMetadata().getUid(), since);
        }
    }

    private final class CleanUpStep implements Step<CaptureRun> {
        @Override
        public String name() {
            return "Tidy";
        }

        @Override
        public Outcome run(CaptureRun run, int attempt) {
            retained.sealed(run.label());
            cleanUp(run.point());
            try {
                catalog.markFinished(run.route().location(), run.key());
            } catch (BreakwaterException e) {
                // The point is sealed, so the sweep recognises that the capture is finished.
            }
            return Outcome.done("deleted the snapshots, claims and Jobs of this run");
        }
    }
}
