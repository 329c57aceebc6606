package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.catalog.PointDocument;
import io.breakwater.resource.apply.ApplyReport.Line;
import io.breakwater.resource.apply.ApplyReport.Verb;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.VolumePlanner;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.TypedLocalObjectReference;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The claims of the point: made where they are missing, kept where they are there. Those that the run fills must be large
 * enough; a claim whose volume is not in the point is made empty, with a warning.
 */
final class RestoreClaimsStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;

    private final KubernetesClient client;
    private final PointArchive archives;

    RestoreClaimsStep(KubernetesClient client, PointArchive archives) {
        this.client = client;
        this.archives = archives;
    }

    @Override
    public String name() {
        return "Claims";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Map<String, VolumeFill> fills =
                run.volumes().stream().collect(Collectors.toMap(v -> v.pvc, Function.identity()));
        Map<String, PointDocument.Volume> volumes = volumes(run);
        List<String> warnings = new ArrayList<>();
        int made = 0;
        for (PersistentVolumeClaim captured : archives.claims(run)) {
            String name = captured.getMetadata().getName();
            PointDocument.Volume volume = volumes.get(name);
            PersistentVolumeClaim there = get(run, name);
            if (there == null) {
                checkMode(run, captured, fills.containsKey(name) ? volume : null);
                create(run, claim(run, captured, volume, fills.containsKey(name), warnings), false);
                made++;
                if (!fills.containsKey(name)) {
                    warnings.add("claim " + name + " is empty: its volume is not in the point, or was left out");
                }
            } else if (fills.containsKey(name)) {
                checkRoom(run, there, volume);
            }
        }
        if (!warnings.isEmpty()) {
            run.update(s -> s.warnings = RestoreObjectsStep.merged(s.warnings, warnings));
        }
        return Outcome.done(made + " claims made");
    }

    /** What {@link #run} would do, without doing it. */
    List<Line> rehearse(RestoreRun run, boolean namespaceIsMissing) {
        RestoreSpec spec = run.restore().getSpec();
        Map<String, VolumeFill> fills =
                run.volumes().stream().collect(Collectors.toMap(v -> v.pvc, Function.identity()));
        Map<String, PointDocument.Volume> volumes = volumes(run);
        List<Line> lines = new ArrayList<>();
        for (PersistentVolumeClaim captured : archives.claims(run)) {
            String name = captured.getMetadata().getName();
            String key = "persistentvolumeclaims " + run.target() + "/" + name;
            VolumeFill fill = fills.get(name);
            PersistentVolumeClaim there = get(run, name);
            try {
                if (there == null && absent(run).contains(name)) {
                    lines.add(new Line(Verb.refuse, key, absence(run, List.of(name))));
                } else if (there == null) {
                    checkMode(run, captured, fill == null ? null : volumes.get(name));
                    List<String> notes = new ArrayList<>();
                    PersistentVolumeClaim claim = claim(run, captured, volumes.get(name), fill != null, notes);
                    if (!namespaceIsMissing) {
                        create(run, claim, true);
                    }
                    notes.add(content(fill, volumes.get(name)));
                    lines.add(new Line(Verb.create, key, String.join("; ", notes)));
                } else if (spec.onConflict == OnConflict.Fail) {
                    lines.add(new Line(Verb.refuse, key, "it exists already, and onConflict is Fail"));
                } else if (fill == null) {
                    lines.add(new Line(Verb.leave, key, "it exists already"));
                } else {
                    checkRoom(run, there, volumes.get(name));
                    lines.add(new Line(Verb.replace, key, "its content, by " + fill.bytes + " bytes"));
                }
            } catch (BreakwaterException e) {
                if (e.isRetryable()) {
                    throw e;
                }
                lines.add(new Line(Verb.refuse, key, e.getMessage()));
            }
        }
        return lines;
    }

    private static String content(VolumeFill fill, PointDocument.Volume volume) {
        if (fill == null) {
            return "empty";
        }
        return volume.kept() == null
                ? "filled with " + fill.bytes + " bytes"
                : "made from snapshot " + volume.kept().handle() + " of driver "
                        + volume.kept().driver();
    }

    /** Claims of the point whose data is not in it, unless they were asked for without data. */
    static List<String> absent(RestoreRun run) {
        List<String> absent = run.source().document().absentVolumes();
        return absent == null || run.restore().getSpec().volumes == RestoreSpec.Volumes.Skip ? List.of() : absent;
    }

    static String absence(RestoreRun run, List<String> claims) {
        String namespace = run.target();
        return "the data of " + claims.size() + " claims of this backup of Velero ("
                + claims.stream().limit(SHOWN).collect(Collectors.joining(", "))
                + (claims.size() > SHOWN ? ", …" : "")
                + ") lies in Velero's own repositories; let Velero restore these claims into namespace " + namespace
                + " first, or exclude them, or set spec.volumes to Skip to get them empty";
    }

    private static Map<String, PointDocument.Volume> volumes(RestoreRun run) {
        return run.source().document().volumes().stream()
                .collect(Collectors.toMap(PointDocument.Volume::pvc, Function.identity()));
    }

    private PersistentVolumeClaim get(RestoreRun run, String name) {
        return client.persistentVolumeClaims()
                .inNamespace(run.target())
                .withName(name)
                .get();
    }

    private void create(RestoreRun run, PersistentVolumeClaim claim, boolean dryRun) {
        try {
            client.persistentVolumeClaims()
                    .inNamespace(run.target())
                    .resource(claim)
                    .dryRun(dryRun)
                    .create();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return;
            }
            String message =
                    "claim " + run.target() + "/" + claim.getMetadata().getName() + " was refused: " + e.getMessage();
            throw e.getCode() >= 400 && e.getCode() < 500
                    ? run.refused(Reason.Conflict, message)
                    : BreakwaterException.retryable(Reason.Conflict, message, e);
        }
    }

    /** The claim as the user wrote it, and made from the snapshot that the storage kept, where it did. */
    private PersistentVolumeClaim claim(
            RestoreRun run,
            PersistentVolumeClaim captured,
            PointDocument.Volume volume,
            boolean filled,
            List<String> warnings) {
        PersistentVolumeClaim claim = claim(captured, volume, run.target(), warnings);
        if (filled && volume.kept() != null) {
            checkDriver(run, claim, volume.kept().driver());
            claim.getSpec()
                    .setDataSource(new TypedLocalObjectReference(
                            "snapshot.storage.k8s.io",
                            "VolumeSnapshot",
                            ImportSnapshotsStep.snapshot(run, volume.pvc())));
        }
        return claim;
    }

    /** Only the driver that has a snapshot makes volumes of it. */
    private void checkDriver(RestoreRun run, PersistentVolumeClaim claim, String driver) {
        String name = claim.getSpec().getStorageClassName();
        StorageClass wanted = name == null || name.isEmpty()
                ? null
                : client.storage().v1().storageClasses().withName(name).get();
        if (wanted != null && !driver.equals(wanted.getProvisioner())) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + claim.getMetadata().getName() + " wants StorageClass " + name + " of driver "
                            + wanted.getProvisioner() + ", and its data is a snapshot of driver " + driver
                            + "; map it to a class of that driver in spec.transforms, or back it up by method"
                            + " SnapshotAndMove");
        }
    }

    /** The claim as the user wrote it: not bound, and with room for what is put into it. */
    private PersistentVolumeClaim claim(
            PersistentVolumeClaim captured, PointDocument.Volume volume, String namespace, List<String> warnings) {
        ObjectMeta meta = captured.getMetadata();
        PersistentVolumeClaim claim = new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(meta.getName())
                .withNamespace(namespace)
                .withLabels(meta.getLabels())
                .withAnnotations(wanted(meta.getAnnotations()))
                .endMetadata()
                .withNewSpecLike(captured.getSpec())
                .withVolumeName(null)
                .withDataSource(null)
                .withDataSourceRef(null)
                .endSpec()
                .build();
        if (volume != null && volume.size() != null) {
            Quantity asked = claim.getSpec().getResources().getRequests().get("storage");
            Quantity held = least(volume);
            if (held.getNumericalAmount().compareTo(asked.getNumericalAmount()) > 0) {
                claim.getSpec().getResources().getRequests().put("storage", held);
            }
        }
        String wantedClass = claim.getSpec().getStorageClassName();
        if (wantedClass != null
                && !wantedClass.isEmpty()
                && client.storage().v1().storageClasses().withName(wantedClass).get() == null) {
            claim.getSpec().setStorageClassName(null);
            warnings.add("claim " + meta.getName() + ": StorageClass " + wantedClass
                    + " does not exist here, so the default class was used");
        }
        return claim;
    }

    /** A device is filled to its last byte, and the one that was read may have been larger than the claim says. */
    private static Quantity least(PointDocument.Volume volume) {
        Quantity size = new Quantity(volume.size());
        return volume.ofBlocks()
                        && volume.logicalBytes() > size.getNumericalAmount().longValue()
                ? new Quantity(Long.toString(volume.logicalBytes()))
                : size;
    }

    private static Map<String, String> wanted(Map<String, String> annotations) {
        Map<String, String> kept = new TreeMap<>(annotations == null ? Map.of() : annotations);
        kept.keySet()
                .removeIf(k -> k.startsWith("pv.kubernetes.io/")
                        || k.startsWith("volume.kubernetes.io/")
                        || k.startsWith("volume.beta.kubernetes.io/")
                        || k.startsWith(Api.GROUP + "/")
                        || k.equals("kubectl.kubernetes.io/last-applied-configuration"));
        return kept;
    }

    /** What was read from a device goes to a device, and files to a file system; a transform may have changed the claim. */
    private static void checkMode(RestoreRun run, PersistentVolumeClaim claim, PointDocument.Volume volume) {
        if (volume != null && volume.ofBlocks() != VolumePlanner.isBlock(claim)) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + claim.getMetadata().getName() + " has volumeMode " + mode(VolumePlanner.isBlock(claim))
                            + ", and the point's volume is of mode " + mode(volume.ofBlocks())
                            + "; delete the claim, or restore into another namespace, and leave its volumeMode as it"
                            + " was");
        }
    }

    private static String mode(boolean block) {
        return block ? "Block" : "Filesystem";
    }

    private static void checkRoom(RestoreRun run, PersistentVolumeClaim there, PointDocument.Volume volume) {
        checkMode(run, there, volume);
        Quantity has = VolumePlanner.sizeOf(there);
        if (volume.logicalBytes() > has.getNumericalAmount().longValue()) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + there.getMetadata().getName() + " has room for " + has + ", the point's volume holds "
                            + volume.logicalBytes() + " bytes; enlarge spec.resources.requests.storage of the claim");
        }
    }
}
