package io.breakwater.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.Reason;
import io.breakwater.api.RepositoryNames;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.Texts;
import io.breakwater.api.TransferStatus;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverProgress;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.WaitReasons;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.AdoptionRule;
import io.breakwater.volume.ClaimUsers;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Copies the data of each volume into the repository: from a claim that is created from the snapshot, or from the volume
 * itself where there is no snapshot. The policy says how many movers run at the same time.
 */
final class MoveVolumesStep implements Step<CaptureRun> {
    /** Interval in which movers report their progress. The end of a mover wakes the run. */
    private static final Duration PROGRESS = Duration.ofSeconds(5);

    private static final Duration LOOK = Duration.ofSeconds(1);

    private final KubernetesClient client;
    private final MoverClaims claims;
    private final MoverJobs movers;
    private final QuotaCheck quota;
    private final RepositoryRegister register;
    private final AdoptionRule adoption;

    MoveVolumesStep(
            KubernetesClient client,
            Snapshots snapshots,
            MoverJobs movers,
            QuotaCheck quota,
            RepositoryRegister register,
            AdoptionRule adoption) {
        this.client = client;
        this.claims = new MoverClaims(client, snapshots);
        this.movers = movers;
        this.quota = quota;
        this.register = register;
        this.adoption = adoption;
    }

    @Override
    public String name() {
        return "Move";
    }

    @Override
    public boolean needsIntent(CaptureRun run) {
        return !moved(run).isEmpty();
    }

    private static List<VolumeStatus> moved(CaptureRun run) {
        return run.status().volumes.stream()
                .filter(v -> v.skipped == null && v.kept == null)
                .toList();
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        List<VolumeStatus> all = moved(run);
        if (all.isEmpty()) {
            return Outcome.done("no volumes");
        }
        OwnedRepository repository = repository(run);
        Repositories.Access access = QuotaCheck.access(run, repository);
        MoverSettings settings = run.policy().getSpec().mover();
        Optional<String> creating = movers.ensureRepository(run.namespace(), access, settings, run.urgency());
        if (creating.isPresent()) {
            // The claims become ready while the repository is created.
            for (int i = 0; i < Math.min(all.size(), settings.volumesAtATime()); i++) {
                claims.ensure(run, all.get(i), i > 0);
            }
            return Outcome.waiting(creating.get());
        }
        movers.wakeOnChange(run.namespace(), run.label(), run.wake());
        WaitReasons waiting = new WaitReasons();
        List<MoverProgress> running = new ArrayList<>();
        for (VolumeStatus v : List.copyOf(all)) {
            if (v.repositorySnapshot == null) {
                // In order, so that the movers run for the first volumes that are not moved.
                Optional<String> reason = waiting.size() < settings.volumesAtATime()
                        ? move(run, v, access, settings, !waiting.isEmpty(), running)
                        : Optional.of("its turn; spec.volumes.mover.parallelism is " + settings.volumesAtATime());
                reason.ifPresent(r -> waiting.add(v.pvc, r));
            }
        }
        if (!waiting.isEmpty()) {
            reportTransfer(run, all, running);
            boolean allRun = running.size() == Math.min(waiting.size(), settings.volumesAtATime());
            return waiting.toOutcome(all.size(), "volumes moved", allRun ? PROGRESS : LOOK);
        }
        run.stage(s -> {
            s.transfer = null;
            s.measured(
                    s.volumes.stream()
                            .mapToLong(v -> v.logicalBytes == null ? 0 : v.logicalBytes)
                            .sum(),
                    s.volumes.stream()
                            .mapToLong(v -> v.addedBytes == null ? 0 : v.addedBytes)
                            .sum());
        });
        return Outcome.done(all.size() + " volumes, " + run.status().addedBytes + " bytes added");
    }

    /** The repository of the namespace; before its first data, one that it may continue, or a new one. */
    private OwnedRepository repository(CaptureRun run) {
        CapturedNamespace source = run.key().source();
        BackupLocation location = run.route().location();
        return register.findOrCreate(
                location,
                source,
                () -> adoption.continued(source, location),
                earlier -> adoption.continues(source, earlier, location));
    }

    /** Movers report their progress every five seconds, so the status is not written more often. */
    private static void reportTransfer(CaptureRun run, List<VolumeStatus> all, List<MoverProgress> running) {
        if (running.isEmpty()) {
            return;
        }
        long before = all.stream()
                .mapToLong(v -> v.logicalBytes == null ? 0 : v.logicalBytes)
                .sum();
        TransferStatus transfer = MoverProgress.transfer(before, running);
        run.update(s -> s.transfer = transfer);
    }

    /** Path of the volume's data in the snapshot of the repository. */
    static String path(VolumeStatus v) {
        return v.volumeMode == VolumeMode.Block ? RepositoryNames.deviceOf(v.pvc) : RepositoryNames.filesOf(v.pvc);
    }

    private MoverTask task(CaptureRun run, VolumeStatus v) {
        String host = run.site() + "-" + run.namespace();
        Map<String, String> tags = Map.of("point", run.name(), "pvc", v.pvc, "uid", run.uid());
        return v.volumeMode == VolumeMode.Block
                ? new MoverTask.BackupDevice(MoverClaims.name(run, v), path(v), host, tags)
                : new MoverTask.Backup(
                        MoverClaims.name(run, v),
                        path(v),
                        host,
                        tags,
                        MoverClaims.isLive(v)
                                ? ClaimUsers.node(client, claims.source(run, v)).orElse(null)
                                : null);
    }

    /**
     * Starts or checks the mover of one volume, and adds its progress. Returns what the volume waits for; empty when its data
     * is in the repository.
     */
    private Optional<String> move(
            CaptureRun run,
            VolumeStatus v,
            Repositories.Access access,
            MoverSettings settings,
            boolean othersMove,
            List<MoverProgress> running) {
        MoverTask task = task(run, v);
        String origin = MoverClaims.isLive(v) ? "live" : v.snapshot;
        var request = new MoverJobs.Request(
                        run.namespace(),
                        run.label(),
                        run.uid() + "/move/" + v.pvc + "/" + origin,
                        task,
                        access,
                        settings)
                .as(v.user)
                .at(run.urgency());
        Optional<String> reason = movers.reserve(request).or(() -> claims.ensure(run, v, othersMove));
        if (reason.isPresent()) {
            return reason;
        }
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> {
                movers.progress(request).ifPresent(running::add);
                yield Optional.of(message);
            }
            case MoverJobs.State.Failed(String message) ->
                throw quota.refusal(run, message)
                        .orElseGet(() -> BreakwaterException.permanent(
                                message.contains("exit 3:") ? Reason.Partial : Reason.MoverFailed,
                                "claim " + v.pvc + ": " + message));
            case MoverJobs.State.Succeeded(JsonNode report) -> {
                record(run, v.pvc, report);
                // The pod protects the claim until it is deleted.
                movers.discard(request);
                claims.release(run, v);
                yield Optional.empty();
            }
        };
    }

    private static void record(CaptureRun run, String pvc, JsonNode report) {
        String id = report.path("snapshot_id").asText("");
        if (!RepositoryNames.isSnapshot(id)) {
            throw BreakwaterException.permanent(
                    Reason.MoverFailed,
                    "claim " + pvc + ": the mover reported no valid snapshot id: " + Texts.cut(report.toString(), 500));
        }
        run.update(s -> s.volumes.stream().filter(v -> v.pvc.equals(pvc)).forEach(v -> {
            v.repositorySnapshot = id;
            v.logicalBytes = report.path("total_bytes_processed").asLong();
            v.addedBytes = report.path("data_added_packed")
                    .asLong(report.path("data_added").asLong());
        }));
    }
}
