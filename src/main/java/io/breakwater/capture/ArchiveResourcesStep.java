package io.breakwater.capture;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus.StoredObject;
import io.breakwater.location.Stores;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.store.SoftDeleteStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The namespace's objects, into an archive that Velero can read too. */
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
                        run, new SoftDeleteStore(stores.open(run.route().location()), run.site(), run.namespace())),
                run.wake());
        if (result.isEmpty()) {
            return Outcome.waiting("writing the archive of resources", Duration.ofSeconds(10));
        }
        run.update(s -> {
            s.resourceCount = Math.toIntExact(result.get().count());
            if (!result.get().warnings().isEmpty()) {
                s.warnings = merged(s.warnings, result.get().warnings());
            }
            s.archive = result.get().objects().stream()
                    .map(ArchiveResourcesStep::status)
                    .toList();
        });
        return Outcome.done(result.get().count() + " resources");
    }

    /** Warnings of this step beside those of others. */
    static List<String> merged(List<String> before, List<String> more) {
        return Stream.concat(before == null ? Stream.of() : before.stream(), more.stream())
                .distinct()
                .limit(64)
                .toList();
    }

    private static StoredObject status(ArchiveUpload.Stored o) {
        StoredObject s = new StoredObject();
        s.key = o.key();
        s.size = o.size();
        s.sha256 = o.sha256();
        return s;
    }

    /** Objects of a written archive, as a list for the seal. */
    static List<io.breakwater.catalog.PointDocument.StoredObject> sealed(CaptureRun run) {
        return run.status().archive.stream()
                .map(o -> new io.breakwater.catalog.PointDocument.StoredObject(o.key, o.size, o.sha256))
                .toList();
    }
}
