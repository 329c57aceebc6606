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

    @Override
    public String name() {
        return RestorePoint.RESOURCES;
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        Optional<ArchiveUpload.Result> result = activities.poll(
                run.uid() + "/resources",
                () -> upload.write(
                        run,
                        new SoftDeleteStore(
                                stores.open(run.route().location()),
                                DeletionScope.points(run.key().source()))),
                run.wake());
        if (result.isEmpty()) {
            return Outcome.waiting("writing the resource archive", Duration.ofSeconds(10));
        }
        run.update(s -> {
            s.resourceCount = Math.toIntExact(result.get().count());
            s.warnings = Warnings.merged(s.warnings, result.get().warnings());
            s.archive = result.get().objects().stream()
                    .map(ArchiveResourcesStep::status)
                    .toList();
        });
        return Outcome.done(result.get().count() + " resources");
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
