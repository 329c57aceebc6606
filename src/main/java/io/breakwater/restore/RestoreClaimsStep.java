package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.api.Texts;
import io.breakwater.catalog.PointDocument;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.apply.ApplyReport.Line;
import io.breakwater.resource.apply.ApplyReport.Verb;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Creates the claims of the point that do not exist. Existing claims stay; those that the run fills must be large enough. A
 * claim whose volume is not in the point is created empty, with a warning.
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
        List<PersistentVolumeClaim> claims = archives.claims(run);
        if (claims.isEmpty()) {
            if (!fills.isEmpty()) {
                archives.authorizeVolumes(run);
            }
            return Outcome.done("created 0 claims");
        }
        ApiServer writer = archives.claimWriter(run);
        ClaimResolver resolver = new ClaimResolver(client, PlannedClasses.NONE);
        int created = 0;
        for (PersistentVolumeClaim captured : claims) {
            String name = captured.getMetadata().getName();
            PointDocument.Volume volume = volumes.get(name);
            PersistentVolumeClaim present = get(run, name);
            if (present == null) {
                ClaimResolver.checkMode(run, captured, fills.containsKey(name) ? volume : null);
                create(run, resolver.resolve(run, captured, volume, fills.containsKey(name), warnings), writer);
                created++;
                if (!fills.containsKey(name)) {
                    warnings.add("claim " + name + " is empty: its volume is not in the point, or was skipped");
                }
            } else if (fills.containsKey(name)) {
                ClaimResolver.checkSize(run, present, volume);
            }
        }
        if (!warnings.isEmpty()) {
            run.update(s -> s.warnings = Warnings.merged(s.warnings, warnings));
        }
        return Outcome.done("created " + created + " claims");
    }

    /** Finds out what {@link #run} would do, without a change. */
    List<Line> dryRun(RestoreRun run, boolean namespaceIsMissing) {
        Map<String, VolumeFill> fills =
                run.volumes().stream().collect(Collectors.toMap(v -> v.pvc, Function.identity()));
        Map<String, PointDocument.Volume> volumes = volumes(run);
        List<Line> lines = new ArrayList<>();
        List<PersistentVolumeClaim> claims = archives.claims(run);
        if (claims.isEmpty()) {
            return lines;
        }
        ApiServer writer = archives.claimWriter(run).dryRun();
        ClaimResolver resolver = new ClaimResolver(client, archives.plannedClasses(run));
        for (PersistentVolumeClaim captured : claims) {
            String name = captured.getMetadata().getName();
            String key = "persistentvolumeclaims " + run.target() + "/" + name;
            try {
                lines.add(dryRun(
                        run, key, captured, fills.get(name), volumes.get(name), namespaceIsMissing, resolver, writer));
            } catch (BreakwaterException e) {
                if (e.isRetryable()) {
                    throw e;
                }
                lines.add(new Line(Verb.refuse, key, e.getMessage()));
            }
        }
        return lines;
    }

    private Line dryRun(
            RestoreRun run,
            String key,
            PersistentVolumeClaim captured,
            VolumeFill fill,
            PointDocument.Volume volume,
            boolean namespaceIsMissing,
            ClaimResolver resolver,
            ApiServer writer) {
        String name = captured.getMetadata().getName();
        PersistentVolumeClaim present = get(run, name);
        if (present == null && absent(run).contains(name)) {
            return new Line(Verb.refuse, key, absence(run, List.of(name)));
        }
        if (present == null) {
            ClaimResolver.checkMode(run, captured, fill == null ? null : volume);
            List<String> notes = new ArrayList<>();
            PersistentVolumeClaim claim = resolver.resolve(run, captured, volume, fill != null, notes);
            if (!namespaceIsMissing) {
                create(run, claim, writer);
            }
            notes.add(content(fill, volume));
            return new Line(Verb.create, key, String.join("; ", notes));
        }
        if (run.restore().getSpec().onConflict == OnConflict.Fail) {
            return new Line(Verb.refuse, key, "it exists already, and onConflict is Fail");
        }
        if (fill == null) {
            return new Line(Verb.leave, key, "it exists already");
        }
        ClaimResolver.checkSize(run, present, volume);
        return new Line(Verb.replace, key, "its content, by " + fill.bytes + " bytes");
    }

    private static String content(VolumeFill fill, PointDocument.Volume volume) {
        if (fill == null) {
            return "empty";
        }
        return volume.kept() == null
                ? "filled with " + fill.bytes + " bytes"
                : "created from snapshot " + volume.kept().handle() + " of driver "
                        + volume.kept().driver();
    }

    /** Claims whose data is not in the point; none if the Restore asks for claims without data. */
    static List<String> absent(RestoreRun run) {
        List<String> absent = run.source().document().absentVolumes();
        return absent == null || run.restore().getSpec().volumes == RestoreSpec.Volumes.Skip ? List.of() : absent;
    }

    static String absence(RestoreRun run, List<String> claims) {
        String namespace = run.target();
        return "the data of " + claims.size() + " claims of this Velero backup (" + Texts.first(claims, SHOWN)
                + ") is in Velero's own repositories; restore these claims into namespace " + namespace
                + " with Velero first, or exclude them, or set spec.volumes to Skip to get them empty";
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

    private void create(RestoreRun run, PersistentVolumeClaim claim, ApiServer writer) {
        ApiServer.Answer answer = writer.create(
                "/api/v1/namespaces/" + run.target() + "/persistentvolumeclaims", archives.marked(run, claim));
        if (answer.isOk() || answer.code() == HttpURLConnection.HTTP_CONFLICT) {
            return;
        }
        String message = "could not create claim " + run.target() + "/"
                + claim.getMetadata().getName() + ": " + answer.message();
        if (answer.code() == HttpURLConnection.HTTP_FORBIDDEN) {
            throw run.refused(Reason.Forbidden, message);
        }
        throw answer.code() >= 400 && answer.code() < 500
                ? run.refused(Reason.Conflict, message)
                : BreakwaterException.retryable(Reason.Conflict, message);
    }
}
