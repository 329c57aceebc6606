package io.breakwater.capture;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus.StoredObject;
import io.breakwater.catalog.PointDocument;
import io.breakwater.location.Stores;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.SoftDeleteStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Writes the objects of the namespace into an encrypted archive, and into Velero's layout if the location asks for it. */
final class ArchiveResourcesStep implements Step<CaptureRun> {
    private final ArchiveUpload upload;
    private final Stores stores;
    private final Activities activities;

    ArchiveResourcesStep(ArchiveUpload upload, Stores stores, Activities activities) {
        this.upload = upload;
        this.stores = stores;
        this.activities = activities;
    }

    /** A second attempt replaces the archive of the first one. */
    @Override
    public boolean needsIntent(CaptureRun run) {
        return false;
    }

    @Override
    public String name() {
        return RestorePoint.RESOURCES;
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        Optional<ArchiveUpload.Result> result =
                activities.poll(run.uid() + "/resources", () -> write(run, attempt), run.wake());
        if (result.isEmpty()) {
            return new Outcome.Working("writing the resource archive", Duration.ofSeconds(10));
        }
        run.memory().archived(result.get().header());
        run.stage(s -> {
            s.resourceCount = Math.toIntExact(result.get().count());
            s.warnings = Warnings.merged(s.warnings, result.get().warnings());
            s.archive = result.get().objects().stream()
                    .map(ArchiveResourcesStep::status)
                    .toList();
        });
        return Outcome.done(result.get().count() + " resources");
    }

    /**
     * The names contain the uid of the RestorePoint, so only an earlier attempt can have written or deleted objects with these
     * names. The first attempt of the process that began the capture creates them, which fails if there is one.
     */
    private ArchiveUpload.Result write(CaptureRun run, int attempt) {
        ObjectStore store = stores.open(run.route().location());
        // An earlier process may have written, and its journal does not show that.
        boolean again = run.memory().startWriting()
                || attempt > 1
                || run.memory().plan().isEmpty();
        return again
                ? upload.replace(
                        run,
                        new SoftDeleteStore(
                                store, DeletionScope.points(run.key().source())))
                : upload.create(run, store);
    }

    private static StoredObject status(ArchiveUpload.Stored o) {
        StoredObject s = new StoredObject();
        s.key = o.key();
        s.size = o.size();
        s.sha256 = o.sha256();
        return s;
    }

    /** Objects of the written archive, as the seal lists them. */
    static List<PointDocument.StoredObject> objectsOf(CaptureRun run) {
        return run.status().archive.stream()
                .map(o -> new PointDocument.StoredObject(o.key, o.size, o.sha256))
                .toList();
    }
}
