package io.breakwater.restore;

import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.api.Texts;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;

/**
 * Verifies the volumes whose content replaces existing content, before that is changed: a damaged repository would leave
 * neither the old nor the new content. New claims need no such check. A failover needs none either, because all data of its
 * site is in the repository.
 */
final class PreflightReadStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;

    private final KubernetesClient client;
    private final MoverJobs movers;

    PreflightReadStep(KubernetesClient client, MoverJobs movers) {
        this.client = client;
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
                .filter(Objects::nonNull)
                .toList();
        if (snapshots.isEmpty() || run.ofPlan()) {
            return Outcome.done("no volume to verify first");
        }
        var request = new MoverJobs.Request(
                run.target(),
                run.label(),
                run.uid() + "/read",
                new MoverTask.Verify(snapshots),
                FillVolumesStep.access(run),
                FillVolumesStep.settings(client, run));
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> Outcome.waiting(message);
            case MoverJobs.State.Failed(String message) ->
                throw run.refused(
                        FillVolumesStep.reason(message),
                        "claims " + Texts.first(claims(run), SHOWN)
                                + " are unchanged, because the content of the point cannot be read completely: "
                                + message);
            case MoverJobs.State.Succeeded s -> {
                movers.delete(run.target(), run.label());
                yield Outcome.done("verified every block of " + snapshots.size() + " volumes");
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
