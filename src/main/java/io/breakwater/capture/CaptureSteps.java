package io.breakwater.capture;

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
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The steps of a capture up to its seal, in order. {@link SealedCaptureSweep} does the rest. */
@ApplicationScoped
class CaptureSteps {
    /** Longest time for which snapshots wait for the claims that are created from them. */
    static final Duration CLAIMS_GONE = Duration.ofMinutes(1);

    /** Interval of {@link #cleanUp}. */
    static final Duration RECHECK = Duration.ofSeconds(2);

    private final KubernetesClient client;
    private final Snapshots snapshots;
    private final GroupSnapshots groups;
    private final KeptSnapshots retained;
    private final MoverJobs movers;
    private final List<Step<CaptureRun>> all;
    private final Activities activities = new Activities();

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
        RestoreInProgressCheck restores = new RestoreInProgressCheck(gate);
        QuotaCheck quota = new QuotaCheck(quotas, activities, events);
        this.all = List.of(
                new PrepareStep(client, planner, catalog, restores, quota, new RetainedQuota(retained), activities),
                new SnapshotStep(client, snapshots, groups, activities, restores, authors, guard),
                new ArchiveResourcesStep(upload, stores, activities),
                new MoveVolumesStep(client, snapshots, movers, quota, register, adoption),
                new RetainSnapshotsStep(snapshots, retained),
                new SealStep(client, catalog, guard, register, activities, version));
    }

    List<Step<CaptureRun>> all() {
        return all;
    }

    /**
     * Deletes the objects that a run created in the cluster; they have no use once it is over, successful or not. The snapshots wait for
     * the claims.
     *
     * @param since time of the first call; the snapshots do not wait longer than {@link #CLAIMS_GONE}
     * @return whether everything is deleted; if not, call again
     */
    boolean cleanUp(RestorePoint point, String since, Instant now) {
        String namespace = point.getMetadata().getNamespace();
        String label = RunLabel.of(point);
        movers.delete(namespace, label);
        Instant captured = SnapshotTaker.startOf(point);
        boolean gone = new TemporaryClaims(client).delete(namespace, label, captured);
        if (!gone && now.isBefore(Instant.parse(since).plus(CLAIMS_GONE))) {
            return false;
        }
        snapshots.deleteWithContents(namespace, label, captured);
        if (point.getStatus() != null && SnapshotTaker.isGrouped(point.getStatus().volumes)) {
            groups.delete(namespace, label, point.getMetadata().getUid(), captured);
        }
        return true;
    }

    /** Whether a step of a capture takes snapshots or writes into the store, also after its point was deleted. */
    boolean isBusy(String uid) {
        return activities.isRunning(uid);
    }

    /** Records on the retained snapshots of a point that it has a seal. */
    void sealed(RestorePoint point) {
        retained.sealed(RunLabel.of(point));
    }
}
