package io.breakwater.restore;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.api.TransferStatus;
import io.breakwater.catalog.PointDocument;
import io.breakwater.gateway.Repositories;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverProgress;
import io.breakwater.mover.MoverTask;
import io.breakwater.mover.PolicySettings;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.WaitReasons;
import io.breakwater.steps.Warnings;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Fills the claims with the data of the point, by mover Jobs, all volumes at the same time. A claim that was created from a
 * retained snapshot has its data already, and a pod mounts it once: many drivers create a volume only when a pod needs it, and
 * the imported snapshot is deleted by a later step.
 */
final class FillVolumesStep implements Step<RestoreRun> {
    static final String NAME = "Fill";
    private static final Pattern ALTERED = Pattern.compile(
            "ciphertext verification failed|hash mismatch|invalid data returned|wrong hash|does not match|blob not"
                    + " found|no matching ID found|not found in (?:index|repository)");

    private final KubernetesClient client;
    private final MoverJobs movers;

    FillVolumesStep(KubernetesClient client, MoverJobs movers) {
        this.client = client;
        this.movers = movers;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        if (run.volumes().isEmpty()) {
            return Outcome.done("no volumes");
        }
        WaitReasons waiting = new WaitReasons();
        List<MoverProgress> running = new ArrayList<>();
        for (VolumeFill v : List.copyOf(run.volumes())) {
            if (!Boolean.TRUE.equals(v.filled)) {
                fill(run, v, running).ifPresent(r -> waiting.add(v.pvc, r));
            }
        }
        int all = run.volumes().size();
        if (!waiting.isEmpty()) {
            reportTransfer(run, running);
            return waiting.toOutcome(all, "volumes filled");
        }
        run.update(s -> s.transfer = null);
        return Outcome.done(all + " volumes, " + run.status().bytes + " bytes");
    }

    private static void reportTransfer(RestoreRun run, List<MoverProgress> running) {
        if (running.isEmpty()) {
            return;
        }
        Long before = run.status().bytes;
        TransferStatus transfer = MoverProgress.transfer(before == null ? 0 : before, running);
        run.update(s -> s.transfer = transfer);
    }

    /** Starts or checks the mover of one volume, and adds its progress. Returns what the volume waits for. */
    private Optional<String> fill(RestoreRun run, VolumeFill v, List<MoverProgress> running) {
        MoverJobs.Request request = request(run, v);
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> {
                movers.progress(request).ifPresent(running::add);
                yield Optional.of(message);
            }
            case MoverJobs.State.Failed(String message) ->
                throw run.refused(
                        reason(message), "claim " + v.pvc + " does not have the content of the point: " + message);
            case MoverJobs.State.Succeeded(JsonNode report) -> {
                run.update(s -> {
                    s.volumes.stream().filter(o -> o.pvc.equals(v.pvc)).forEach(o -> o.filled = true);
                    s.warnings = Warnings.merged(s.warnings, differing(v.pvc, report));
                    s.bytes = (s.bytes == null ? 0 : s.bytes)
                            + report.path("total_bytes").asLong();
                });
                yield Optional.empty();
            }
        };
    }

    /** A mover without root reports how many files it could not give their owner, group or mode. */
    static List<String> differing(String claim, JsonNode report) {
        long files = report.path("differing").asLong();
        return files == 0
                ? List.of()
                : List.of("claim " + claim + ": " + files
                        + " files or directories do not have their owner, group or mode,"
                        + " because the mover ran without root; annotate the namespace with " + Api.PRIVILEGED_MOVERS
                        + "=true if it permits root, and restore again");
    }

    /** The reason for an error of restic, which checks all content by its SHA-256 and reports damage only in its messages. */
    static Reason reason(String message) {
        if (ALTERED.matcher(message).find()) {
            return Reason.Tampered;
        }
        return message.contains("exit 3:") ? Reason.Partial : Reason.MoverFailed;
    }

    private MoverJobs.Request request(RestoreRun run, VolumeFill v) {
        PointDocument.Volume volume = run.volume(v.pvc);
        MoverTask task;
        if (volume.kept() != null) {
            task = new MoverTask.Mount(v.pvc, volume.ofBlocks());
        } else if (volume.ofBlocks()) {
            task = new MoverTask.FillDevice(v.pvc, volume.path(), volume.repositorySnapshot());
        } else {
            task = new MoverTask.Fill(v.pvc, volume.path(), volume.repositorySnapshot());
        }
        return new MoverJobs.Request(
                        run.target(),
                        run.label(),
                        run.uid() + "/fill/" + v.pvc,
                        task,
                        access(run),
                        settings(client, run))
                .as(volume.user())
                .at(run.urgency());
    }

    /** Settings of the movers, from the policy of the point. */
    static MoverSettings settings(KubernetesClient client, RestoreRun run) {
        PointDocument document = run.source().document();
        return PolicySettings.find(client, document.policy(), run.target(), document.namespace());
    }

    /** Read access to the repository of the point. */
    static Repositories.Access access(RestoreRun run) {
        PointDocument document = run.source().document();
        return new Repositories.Access(
                run.source().location(), document.owned().orElse(null), Repositories.Mode.READ, Optional.empty());
    }
}
