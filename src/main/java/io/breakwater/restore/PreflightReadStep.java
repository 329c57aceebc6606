package io.breakwater.restore;

import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.util.List;

/**
 * Reads the volumes out of the repository whose content takes the place of what is there, before that is touched: filling a
 * claim from a damaged repository would leave neither. Claims that are new need no such care, and nor does a failover, whose
 * site holds nothing that is not in the repository.
 */
final class PreflightReadStep implements Step<RestoreRun> {
    private final MoverJobs movers;

    PreflightReadStep(MoverJobs movers) {
        this.movers = movers;
    }

    @Override
    public String name() {
        return "Read";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        List<String> snapshots = run.volumes().stream()
                .filter(v -> Boolean.TRUE.equals(v.replaces))
                .map(v -> v.repositorySnapshot)
                .filter(java.util.Objects::nonNull)
                .toList();
        if (snapshots.isEmpty() || run.ofPlan()) {
            return Outcome.done("no volume that must be read first");
        }
        var request = new MoverJobs.Request(
                run.target(),
                run.label(),
                run.uid() + "/read",
                new MoverTask.Verify(snapshots, FillVolumesStep.locked(run)),
                FillVolumesStep.access(run));
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> Outcome.waiting(message);
            case MoverJobs.State.Failed(String message) ->
                throw run.refused(
                        FillVolumesStep.reason(message),
                        "claims " + claims(run)
                                + " were left as they are, since the point's content cannot be read whole: " + message);
            case MoverJobs.State.Succeeded s -> {
                movers.delete(run.target(), run.label());
                yield Outcome.done(snapshots.size() + " volumes can be read to their last block");
            }
        };
    }

    private static List<String> claims(RestoreRun run) {
        return run.volumes().stream()
                .filter(v -> Boolean.TRUE.equals(v.replaces) && v.repositorySnapshot != null)
                .map((VolumeFill v) -> v.pvc)
                .toList();
    }
}
