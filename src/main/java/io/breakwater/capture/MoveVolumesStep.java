package io.breakwater.capture;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.TransferStatus;
import io.breakwater.gateway.Repositories;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverProgress;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.RunNames;
import io.breakwater.steps.Step;
import io.breakwater.volume.ClaimUsers;
import io.breakwater.volume.Snapshots;
import io.breakwater.volume.VolumePlanner;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The data of each snapshot, through a volume made from it, into the repository, and that of volumes without one from where it
 * lies; as many at a time as the policy says.
 */
final class MoveVolumesStep implements Step<CaptureRun> {
    private static final String ONCE = "ReadWriteOnce";

    private final KubernetesClient client;
    private final Snapshots snapshots;
    private final MoverJobs movers;
    private final QuotaCheck room;

    MoveVolumesStep(KubernetesClient client, Snapshots snapshots, MoverJobs movers, QuotaCheck room) {
        this.client = client;
        this.snapshots = snapshots;
        this.movers = movers;
        this.room = room;
    }

    @Override
    public String name() {
        return "Move";
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        List<VolumeStatus> all = run.status().volumes.stream()
                .filter(v -> v.skipped == null && v.kept == null)
                .toList();
        if (all.isEmpty()) {
            return Outcome.done("no volumes");
        }
        Repositories.Access access = QuotaCheck.access(run);
        MoverSettings settings = run.policy().getSpec().mover();
        if (!movers.ensureRepository(run.namespace(), access)) {
            all.stream().limit(settings.volumesAtATime()).forEach(v -> claim(run, v)); // meanwhile
            return Outcome.waiting("making the repository of namespace " + run.namespace());
        }
        Map<String, String> waiting = new LinkedHashMap<>();
        List<MoverProgress> running = new ArrayList<>();
        for (VolumeStatus v : List.copyOf(all)) {
            if (v.repositorySnapshot == null) {
                // In order, so that the first ones that are not moved are those whose movers run.
                String message = waiting.size() < settings.volumesAtATime()
                        ? move(run, v, access, settings, running)
                        : "waits for its turn (spec.volumes.mover.parallelism " + settings.volumesAtATime() + ")";
                if (message != null) {
                    waiting.put(v.pvc, message);
                }
            }
        }
        if (!waiting.isEmpty()) {
            tell(run, all, running);
            return Outcome.waiting((all.size() - waiting.size()) + " of " + all.size() + " volumes moved; " + waiting);
        }
        run.update(s -> {
            s.transfer = null;
            s.logicalBytes = s.volumes.stream()
                    .mapToLong(v -> v.logicalBytes == null ? 0 : v.logicalBytes)
                    .sum();
            s.addedBytes = s.volumes.stream()
                    .mapToLong(v -> v.addedBytes == null ? 0 : v.addedBytes)
                    .sum();
        });
        return Outcome.done(all.size() + " volumes, " + run.status().addedBytes + " bytes added");
    }

    /** The movers say how far they are every five seconds, so that status is not written more often. */
    private static void tell(CaptureRun run, List<VolumeStatus> all, List<MoverProgress> running) {
        if (running.isEmpty()) {
            return;
        }
        long before = all.stream()
                .mapToLong(v -> v.logicalBytes == null ? 0 : v.logicalBytes)
                .sum();
        TransferStatus transfer = MoverProgress.transfer(before, running);
        run.update(s -> s.transfer = transfer);
    }

    /** Where the volume's data lies in the repository's snapshot. */
    static String path(VolumeStatus v) {
        return v.volumeMode == VolumeMode.Block ? "/" + v.pvc : "/volumes/" + v.pvc;
    }

    private MoverTask task(CaptureRun run, VolumeStatus v) {
        String host = run.site() + "-" + run.namespace();
        Map<String, String> tags = Map.of("point", run.name(), "pvc", v.pvc, "uid", run.uid());
        return v.volumeMode == VolumeMode.Block
                ? new MoverTask.BackupDevice(claimName(run, v), path(v), host, tags)
                : new MoverTask.Backup(
                        claimName(run, v),
                        path(v),
                        host,
                        tags,
                        isLive(v) ? ClaimUsers.node(client, source(run, v)).orElse(null) : null);
    }

    /** Pushes one volume on, and adds how far it is; returns what it waits for, or null when it is in the repository. */
    private String move(
            CaptureRun run,
            VolumeStatus v,
            Repositories.Access access,
            MoverSettings settings,
            List<MoverProgress> running) {
        String waits = claim(run, v);
        if (waits != null) {
            return waits;
        }
        MoverTask task = task(run, v);
        String of = isLive(v) ? "live" : v.snapshot;
        var request = new MoverJobs.Request(
                run.namespace(), run.label(), run.uid() + "/move/" + v.pvc + "/" + of, task, access, settings);
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> {
                movers.progress(request).ifPresent(running::add);
                yield message;
            }
            case MoverJobs.State.Failed(String message) ->
                throw room.refusal(run, message)
                        .orElseGet(() -> BreakwaterException.permanent(
                                message.contains("exit 3:") ? Reason.Partial : Reason.MoverFailed,
                                "claim " + v.pvc + ": " + message));
            case MoverJobs.State.Succeeded(JsonNode report) -> {
                record(run, v.pvc, report);
                yield null;
            }
        };
    }

    /** Makes the volume that is read; returns what its snapshot waits for, or null when the claim is there. */
    private String claim(CaptureRun run, VolumeStatus v) {
        if (isLive(v)) {
            return null;
        }
        Snapshots.State snapshot = snapshots
                .state(run.namespace(), v.snapshot)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.SnapshotFailed,
                        "VolumeSnapshot " + run.namespace() + "/" + v.snapshot + " of claim " + v.pvc
                                + " was deleted before its data was moved; create another RestorePoint"));
        if (!snapshot.ready()) {
            return snapshot.error() == null ? "snapshot is not ready yet" : "snapshot: " + snapshot.error();
        }
        createClaim(run, v, claimName(run, v), snapshot.restoreSize());
        return null;
    }

    private static boolean isLive(VolumeStatus v) {
        return Boolean.TRUE.equals(v.live);
    }

    private static String claimName(CaptureRun run, VolumeStatus v) {
        return isLive(v) ? v.pvc : RunNames.of(run.uid() + "/claim/" + v.pvc);
    }

    private static void record(CaptureRun run, String pvc, JsonNode report) {
        String id = report.path("snapshot_id").asText("");
        if (id.isEmpty()) {
            throw BreakwaterException.permanent(
                    Reason.MoverFailed, "claim " + pvc + ": the mover named no snapshot: " + report);
        }
        run.update(s -> s.volumes.stream().filter(v -> v.pvc.equals(pvc)).forEach(v -> {
            v.repositorySnapshot = id;
            v.logicalBytes = report.path("total_bytes_processed").asLong();
            v.addedBytes = report.path("data_added_packed")
                    .asLong(report.path("data_added").asLong());
        }));
    }

    private void createClaim(CaptureRun run, VolumeStatus v, String name, String restoreSize) {
        var claims = client.persistentVolumeClaims().inNamespace(run.namespace());
        if (claims.withName(name).get() != null) {
            return;
        }
        PersistentVolumeClaim source = source(run, v);
        PersistentVolumeClaim claim = new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(run.namespace())
                .addToLabels(Api.RUN, run.label())
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .withNewSpec()
                .withAccessModes(accessMode(source))
                .withStorageClassName(source.getSpec().getStorageClassName())
                .withVolumeMode(source.getSpec().getVolumeMode())
                .withNewResources()
                .addToRequests("storage", size(source, restoreSize))
                .endResources()
                .withNewDataSource()
                .withApiGroup("snapshot.storage.k8s.io")
                .withKind("VolumeSnapshot")
                .withName(v.snapshot)
                .endDataSource()
                .endSpec()
                .build();
        try {
            claims.resource(claim).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw BreakwaterException.retryable(
                        Reason.SnapshotFailed,
                        "a volume from VolumeSnapshot " + run.namespace() + "/" + v.snapshot + " was refused: "
                                + e.getMessage(),
                        e);
            }
        }
    }

    private PersistentVolumeClaim source(CaptureRun run, VolumeStatus v) {
        PersistentVolumeClaim source = client.persistentVolumeClaims()
                .inNamespace(run.namespace())
                .withName(v.pvc)
                .get();
        if (source == null) {
            throw BreakwaterException.permanent(
                    Reason.SnapshotFailed,
                    "PersistentVolumeClaim " + run.namespace() + "/" + v.pvc
                            + " was deleted while it was captured; create another RestorePoint");
        }
        return source;
    }

    /** One that the driver is known to serve; the mover is alone, so it needs no more than the least of them. */
    private static String accessMode(PersistentVolumeClaim source) {
        List<String> modes = source.getSpec().getAccessModes();
        return modes.isEmpty() || modes.contains(ONCE) ? ONCE : modes.getFirst();
    }

    private static Quantity size(PersistentVolumeClaim source, String restoreSize) {
        Quantity asked = VolumePlanner.sizeOf(source);
        if (restoreSize == null) {
            return asked;
        }
        Quantity least = new Quantity(restoreSize);
        return least.getNumericalAmount().compareTo(asked.getNumericalAmount()) > 0 ? least : asked;
    }
}
