package io.breakwater.restore;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.Texts;
import io.breakwater.catalog.PointDocument;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;

/** Writes single files of the point into an existing volume, by a mover Job. Pods continue to run, and no file is deleted. */
final class RestoreFilesStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;
    private static final int LONGEST_PATH = 300;
    private static final String COPY_FROM_WHOLE_CLAIM =
            " restore the whole claim into another namespace, and copy the files from there";

    private final KubernetesClient client;
    private final MoverJobs movers;

    RestoreFilesStep(KubernetesClient client, MoverJobs movers) {
        this.client = client;
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
                                + Texts.first(
                                        document.volumes().stream()
                                                .map(PointDocument.Volume::pvc)
                                                .toList(),
                                        SHOWN)));
        if (volume.kept() != null) {
            throw run.refused(
                    Reason.InvalidSpec,
                    "volume " + pvc
                            + " of spec.files.pvc is a retained snapshot, from which single files cannot be restored;"
                            + COPY_FROM_WHOLE_CLAIM);
        }
        if (volume.ofBlocks()) {
            throw run.refused(
                    Reason.InvalidSpec,
                    "volume " + pvc
                            + " of spec.files.pvc is a raw block volume, in which Breakwater does not see files;"
                            + COPY_FROM_WHOLE_CLAIM);
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
                spec.files.paths);
        MoverJobs.Request request = new MoverJobs.Request(
                        run.target(),
                        run.label(),
                        run.uid() + "/files/" + claim,
                        task,
                        FillVolumesStep.access(run),
                        FillVolumesStep.settings(client, run))
                .as(volume.user());
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> Outcome.waiting(message);
            case MoverJobs.State.Failed(String message) ->
                throw run.refused(
                        message.contains("exit 3:") ? Reason.Partial : Reason.MoverFailed,
                        "could not write all files to claim " + claim + ": " + message);
            case MoverJobs.State.Succeeded(JsonNode report) -> finish(run, report);
        };
    }

    /** The {@code files_restored} of restic also counts parent directories; {@code total_files} counts what the paths name. */
    private static Outcome finish(RestoreRun run, JsonNode report) {
        RestoreSpec.Files spec = run.restore().getSpec().files;
        long files = report.path("total_files").asLong();
        long skipped = report.path("files_skipped").asLong();
        if (files + skipped == 0) {
            throw run.refused(
                    Reason.InvalidSpec,
                    "volume " + spec.pvc + " of the point has nothing at the paths of spec.files.paths: "
                            + Texts.first(
                                    spec.paths.stream()
                                            .map(RestoreFilesStep::quoted)
                                            .toList(),
                                    SHOWN));
        }
        List<String> missing = missing(report.path("missing"), spec.paths);
        run.update(s -> {
            s.volumes.forEach(v -> v.filled = true);
            s.files = files;
            s.bytes = report.path("bytes_restored").asLong();
            s.warnings = Warnings.merged(s.warnings, warnings(spec.pvc, missing));
        });
        return Outcome.done("wrote " + files + " files, skipped " + skipped + " existing files; " + run.status().bytes
                + " bytes" + (missing.isEmpty() ? "" : "; " + missing.size() + " paths match nothing"));
    }

    /** The paths that the mover reports by their numbers. */
    private static List<String> missing(JsonNode numbers, List<String> paths) {
        List<String> missing = new ArrayList<>();
        for (JsonNode number : numbers) {
            int i = number.asInt(-1);
            if (i >= 0 && i < paths.size()) {
                missing.add(paths.get(i));
            }
        }
        return missing;
    }

    private static List<String> warnings(String pvc, List<String> missing) {
        return missing.stream()
                .map(path -> "volume " + pvc + " of the point has nothing at path " + quoted(path)
                        + " of spec.files.paths: check its spelling")
                .toList();
    }

    /** A path can have spaces and line breaks. */
    private static String quoted(String path) {
        return "'" + Texts.line(path, LONGEST_PATH) + "'";
    }
}
