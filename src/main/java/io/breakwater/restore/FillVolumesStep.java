package io.breakwater.restore;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.api.TransferStatus;
import io.breakwater.catalog.PointDocument;
import io.breakwater.gateway.Repositories;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverProgress;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The point's data into the claims, by mover Jobs; all volumes at the same time. What was made from a kept snapshot has its data
 * already, and is mounted once: many drivers make a volume only when a pod needs it, and the snapshot is there only now.
 */
final class FillVolumesStep implements Step<RestoreRun> {
    static final String NAME = "Fill";
    private static final Pattern ALTERED = Pattern.compile(
            "ciphertext verification failed|hash mismatch|invalid data returned|wrong hash|does not match|blob not"
                    + " found|no matching ID found|not found in (?:index|repository)");

    private final MoverJobs movers;
    private final ClaimDiagnosis claims;
    private final MoverStartTimeout starting;

    FillVolumesStep(MoverJobs movers, ClaimDiagnosis claims, MoverStartTimeout starting) {
        this.movers = movers;
        this.claims = claims;
        this.starting = starting;
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
        Map<String, String> waiting = new LinkedHashMap<>();
        List<MoverProgress> running = new ArrayList<>();
        boolean moves = false;
        for (VolumeFill v : List.copyOf(run.volumes())) {
            if (!Boolean.TRUE.equals(v.filled)) {
                Optional<String> message = fill(run, v, running);
                boolean started = message.isEmpty() || movers.isStarted(request(run, v));
                moves |= started;
                message.ifPresent(m -> waiting.put(v.pvc, started ? m : why(run, v, m)));
            }
        }
        int all = run.volumes().size();
        if (moves) {
            starting.progressed(run);
        }
        if (!waiting.isEmpty()) {
            if (!moves) {
                starting.waiting(run, waiting.values());
            }
            tell(run, running);
            return Outcome.waiting((all - waiting.size()) + " of " + all + " volumes filled; " + waiting);
        }
        starting.finished(run);
        run.update(s -> s.transfer = null);
        return Outcome.done(all + " volumes, " + run.status().bytes + " bytes");
    }

    /** A pod that waits for its volume says so in words that do not tell why. */
    private String why(RestoreRun run, VolumeFill v, String message) {
        return claims.of(run.target(), v.pvc).map(c -> message + "; " + c).orElse(message);
    }

    private static void tell(RestoreRun run, List<MoverProgress> running) {
        if (running.isEmpty()) {
            return;
        }
        Long before = run.status().bytes;
        TransferStatus transfer = MoverProgress.transfer(before == null ? 0 : before, running);
        run.update(s -> s.transfer = transfer);
    }

    /** Pushes one volume on, and adds how far it is; returns what it waits for. */
    private Optional<String> fill(RestoreRun run, VolumeFill v, List<MoverProgress> running) {
        MoverJobs.Request request = request(run, v);
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> {
                movers.progress(request).ifPresent(running::add);
                yield Optional.of(message);
            }
            case MoverJobs.State.Failed(String message) ->
                throw run.refused(reason(message), "claim " + v.pvc + " does not hold the point's content: " + message);
            case MoverJobs.State.Succeeded(JsonNode report) -> {
                run.update(s -> {
                    s.volumes.stream().filter(o -> o.pvc.equals(v.pvc)).forEach(o -> o.filled = true);
                    s.bytes = (s.bytes == null ? 0 : s.bytes)
                            + report.path("total_bytes").asLong();
                });
                yield Optional.empty();
            }
        };
    }

    /** restic names and checks everything by its SHA-256, and says so in words of its own. */
    static Reason reason(String message) {
        if (ALTERED.matcher(message).find()) {
            return Reason.Tampered;
        }
        return message.contains("exit 3:") ? Reason.Partial : Reason.MoverFailed;
    }

    private static MoverJobs.Request request(RestoreRun run, VolumeFill v) {
        PointDocument.Volume volume = run.volume(v.pvc);
        MoverTask task;
        if (volume.kept() != null) {
            task = new MoverTask.Mount(v.pvc, volume.ofBlocks());
        } else if (volume.ofBlocks()) {
            task = new MoverTask.FillDevice(v.pvc, volume.path(), volume.repositorySnapshot(), locked(run));
        } else {
            task = new MoverTask.Fill(v.pvc, volume.path(), volume.repositorySnapshot(), locked(run));
        }
        return new MoverJobs.Request(run.target(), run.label(), run.uid() + "/fill/" + v.pvc, task, access(run));
    }

    /** Whether the repository can be locked meanwhile: not where nothing may be written. */
    static boolean locked(RestoreRun run) {
        return run.source().location().getSpec().accessMode != AccessMode.ReadOnly;
    }

    /** The repository of the point, to read from. */
    static Repositories.Access access(RestoreRun run) {
        PointDocument document = run.source().document();
        return new Repositories.Access(
                run.source().location(),
                document.site(),
                document.namespace(),
                Repositories.Mode.READ,
                Optional.empty());
    }
}
