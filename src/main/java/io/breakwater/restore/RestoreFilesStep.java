package io.breakwater.restore;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.catalog.PointDocument;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.util.stream.Collectors;

/** Single files of the point into a volume that is there, by a mover Job. Pods go on, and no file is removed. */
final class RestoreFilesStep implements Step<RestoreRun> {
    private final MoverJobs movers;

    RestoreFilesStep(MoverJobs movers) {
        this.movers = movers;
    }

    @Override
    public String name() {
        return "WriteFiles";
    }

    /** The volume of the point that the files come from. */
    static PointDocument.Volume volume(RestoreRun run) {
        String pvc = run.restore().getSpec().files.pvc;
        PointDocument document = run.source().document();
        PointDocument.Volume volume = document.volumes().stream()
                .filter(v -> v.pvc().equals(pvc))
                .findFirst()
                .orElseThrow(() -> run.refused(
                        Reason.InvalidSpec,
                        "point " + document.key() + " has no volume " + pvc + " of spec.files.pvc; it has "
                                + document.volumes().stream()
                                        .map(PointDocument.Volume::pvc)
                                        .collect(Collectors.joining(", "))));
        if (volume.kept() != null) {
            throw run.refused(
                    Reason.InvalidSpec,
                    "volume " + pvc
                            + " of spec.files.pvc stays in the storage as a snapshot, which files cannot be taken"
                            + " from; restore the claim as a whole into another namespace, and take them from there");
        }
        if (volume.ofBlocks()) {
            throw run.refused(
                    Reason.InvalidSpec,
                    "volume " + pvc
                            + " of spec.files.pvc is a raw block volume: it has no files that Breakwater knows of;"
                            + " restore the claim as a whole into another namespace, and take them from there");
        }
        return volume;
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        RestoreSpec spec = run.restore().getSpec();
        PointDocument.Volume volume = volume(run);
        String claim = spec.files.targetPvc == null ? spec.files.pvc : spec.files.targetPvc;
        MoverTask task = new MoverTask.Files(
                claim,
                volume.path(),
                volume.repositorySnapshot(),
                spec.onConflict == OnConflict.Update,
                FillVolumesStep.locked(run),
                spec.files.paths);
        MoverJobs.Request request = new MoverJobs.Request(
                run.target(), run.label(), run.uid() + "/files/" + claim, task, FillVolumesStep.access(run));
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> Outcome.waiting(message);
            case MoverJobs.State.Failed(String message) ->
                throw run.refused(
                        message.contains("exit 3:") ? Reason.Partial : Reason.MoverFailed,
                        "not all files were written to claim " + claim + ": " + message);
            case MoverJobs.State.Succeeded(JsonNode report) -> written(run, report);
        };
    }

    /** restic's {@code files_restored} counts directories on the way too; {@code total_files} is what the paths name. */
    private static Outcome written(RestoreRun run, JsonNode report) {
        long files = report.path("total_files").asLong();
        long kept = report.path("files_skipped").asLong();
        if (files + kept == 0) {
            throw run.refused(
                    Reason.InvalidSpec,
                    "volume " + run.restore().getSpec().files.pvc
                            + " of the point has nothing at the paths of spec.files.paths");
        }
        run.update(s -> {
            s.volumes.forEach(v -> v.filled = true);
            s.files = files;
            s.bytes = report.path("bytes_restored").asLong();
        });
        return Outcome.done(files + " files written, " + kept + " left as they were; " + run.status().bytes + " bytes");
    }
}
