package io.breakwater.capture;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.PointLock;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.store.OwnedRepository;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Writes the seal. From then on the point exists. */
final class SealStep implements Step<CaptureRun> {
    private final Catalog catalog;
    private final EpochGuard guard;
    private final RepositoryRegister register;
    private final String version;

    SealStep(Catalog catalog, EpochGuard guard, RepositoryRegister register, String version) {
        this.catalog = catalog;
        this.guard = guard;
        this.register = register;
        this.version = version;
    }

    @Override
    public String name() {
        return "Seal";
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        if (run.point().getSpec().trigger != Trigger.Divergent) {
            // A site that lost its lease seals only its divergent point, with the data that no other site has.
            run.route().guard().ifPresent(guard::check);
        }
        Optional<String> lockedUntil = PointLock.end(
                        startOfLock(run), run.policy().getSpec().retention)
                .map(Instant::toString);
        ArchiveHeader archive = catalog.archiveHeader(run.route().location(), run.key(), run.uid());
        String digest = catalog.seal(run.route().location(), document(run, archive, lockedUntil.orElse(null)));
        run.update(s -> {
            s.lockedUntil = lockedUntil.orElse(null);
            s.digest = digest;
        });
        return Outcome.done("sealed, digest " + digest);
    }

    /** The capture; never before the object was created, whatever its status says: that would shorten the lock. */
    private static Instant startOfLock(CaptureRun run) {
        Instant captured = Instant.parse(run.status().capturedAt);
        Instant created = Instant.parse(run.point().getMetadata().getCreationTimestamp());
        return captured.isBefore(created) ? created : captured;
    }

    private PointDocument document(CaptureRun run, ArchiveHeader archive, String lockedUntil) {
        RestorePointStatus s = run.status();
        return PointDocument.builder(run.key(), run.uid())
                .policy(run.policy().getMetadata().getName())
                .trigger(run.point().getSpec().trigger)
                .epoch(s.epoch)
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
                .repository(repository(run))
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
