package io.breakwater.capture;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.PointLock;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Parallel;
import io.breakwater.steps.Step;
import io.breakwater.store.OwnedRepository;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Writes the seal. From then on the point exists. */
final class SealStep implements Step<CaptureRun> {
    private static final int READS = 3;

    private final KubernetesClient client;
    private final Catalog catalog;
    private final EpochGuard guard;
    private final RepositoryRegister register;
    private final Activities activities;
    private final String version;

    SealStep(
            KubernetesClient client,
            Catalog catalog,
            EpochGuard guard,
            RepositoryRegister register,
            Activities activities,
            String version) {
        this.client = client;
        this.activities = activities;
        this.catalog = catalog;
        this.guard = guard;
        this.register = register;
        this.version = version;
    }

    @Override
    public String name() {
        return "Seal";
    }

    /** @param lockedUntil as the seal has it; null without a lock */
    private record Sealed(String digest, String lockedUntil) {}

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        Optional<Sealed> sealed = activities.poll(run.uid() + "/seal", () -> seal(run), run.wake());
        if (sealed.isEmpty()) {
            return new Outcome.Working("writing the seal", Duration.ofSeconds(10));
        }
        run.stage(s -> {
            s.lockedUntil = sealed.get().lockedUntil;
            s.digest = sealed.get().digest;
        });
        return Outcome.done("sealed, digest " + sealed.get().digest);
    }

    /** Reads at the same time what must be known before the seal. Runs outside the reconciler. */
    private Sealed seal(CaptureRun run) {
        BackupLocation location = run.route().location();
        String lockedUntil = PointLock.end(startOfLock(run), run.policy().getSpec().retention)
                .map(Instant::toString)
                .orElse(null);
        AtomicReference<ArchiveHeader> archive = new AtomicReference<>();
        AtomicReference<String> repository = new AtomicReference<>();
        Parallel.each(
                READS,
                List.<Runnable>of(
                        () -> requireEpoch(run),
                        () -> archive.set(run.memory()
                                .header()
                                .orElseGet(() -> catalog.archiveHeader(location, run.key(), run.uid()))),
                        () -> repository.set(repository(run))),
                Runnable::run);
        PointDocument document = document(run, archive.get(), repository.get(), lockedUntil);
        String digest = catalog.seal(location, document, () -> {
            requirePoint(run);
            requireEpoch(run);
        });
        return new Sealed(digest, lockedUntil);
    }

    /** The deletion of a point deletes only what it finds, so nothing may be sealed after its start. */
    private void requirePoint(CaptureRun run) {
        RestorePoint now = client.resource(run.point()).get();
        if (now == null || !run.uid().equals(now.getMetadata().getUid()) || now.isMarkedForDeletion()) {
            throw BreakwaterException.permanent(
                    Reason.RestorePointNotSealed,
                    "point " + run.key() + " was not sealed: its RestorePoint is deleted; create a new RestorePoint");
        }
    }

    private void requireEpoch(CaptureRun run) {
        if (run.point().getSpec().trigger != Trigger.Divergent) {
            // A site that lost its lease seals only its divergent point, with the data that no other site has.
            run.route().guard().ifPresent(guard::check);
        }
    }

    /** The capture; never before the object was created, whatever its status says: that would shorten the lock. */
    private static Instant startOfLock(CaptureRun run) {
        Instant captured = Instant.parse(run.status().capturedAt);
        Instant created = Instant.parse(run.point().getMetadata().getCreationTimestamp());
        return captured.isBefore(created) ? created : captured;
    }

    private PointDocument document(CaptureRun run, ArchiveHeader archive, String repository, String lockedUntil) {
        RestorePointStatus s = run.status();
        return PointDocument.builder(run.key(), run.uid())
                .policy(run.policy().getMetadata().getName())
                .trigger(run.point().getSpec().trigger)
                .epoch(s.epoch)
                .sequence(s.sequence)
                .storeTime(s.storeTime)
                .operatorVersion(version)
                .capturedAt(s.capturedAt)
                .consistency(s.consistency)
                .volumes(s.volumes.stream()
                        .filter(v -> v.skipped == null)
                        .map(SealStep::volume)
                        .toList())
                .databases(
                        s.databases == null
                                ? List.of()
                                : s.databases.stream()
                                        .map(d -> new PointDocument.Database(d.name, d.kind, d.version, d.position))
                                        .toList())
                .archive(run.key().archiveKey(run.uid()), s.resourceCount)
                .objects(ArchiveResourcesStep.objectsOf(run))
                .keyId(archive.keyId())
                .archiveKey(archive.archiveKey())
                .lockedUntil(lockedUntil)
                .repository(repository)
                .build();
    }

    /** Id of the repository that the volumes were moved to, from the register; null when no data was moved. */
    private String repository(CaptureRun run) {
        boolean moved = run.status().volumes.stream().anyMatch(v -> v.skipped == null && v.kept == null);
        return moved
                ? register.find(run.route().location(), run.key().source())
                        .map(OwnedRepository::id)
                        .orElseThrow(() -> BreakwaterException.retryable(
                                Reason.StoreUnavailable,
                                "the owner entry of namespace " + run.key().source() + " in location "
                                        + run.route().location().getMetadata().getName()
                                        + " was deleted, so the point was not sealed; restore the object"))
                : null;
    }

    private static PointDocument.Volume volume(RestorePointStatus.VolumeStatus v) {
        return new PointDocument.Volume(
                v.pvc,
                v.storageClass,
                v.size,
                MoveVolumesStep.path(v),
                v.repositorySnapshot,
                v.logicalBytes == null ? 0 : v.logicalBytes,
                v.addedBytes == null ? 0 : v.addedBytes,
                v.volumeMode,
                v.kept == null ? null : new PointDocument.Kept(v.kept.driver, v.kept.handle),
                v.user);
    }
}
