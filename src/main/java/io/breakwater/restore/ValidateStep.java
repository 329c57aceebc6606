package io.breakwater.restore;

import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.catalog.PointDocument;
import io.breakwater.resource.apply.ResourceApply;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.VolumePlanner;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds the point and checks everything that can be checked before anything is touched: signature, every object of the
 * archive, the author's rights, conflicts. Decides which volumes are filled, so that a later attempt decides the same.
 */
final class ValidateStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;

    private final KubernetesClient client;
    private final String site;
    private final ConcurrentRuns others;
    private final PointResolver sources;
    private final PointArchive archives;
    private final Activities activities;

    ValidateStep(
            KubernetesClient client,
            String site,
            ConcurrentRuns others,
            PointResolver sources,
            PointArchive archives,
            Activities activities) {
        this.client = client;
        this.site = site;
        this.others = others;
        this.sources = sources;
        this.archives = archives;
        this.activities = activities;
    }

    @Override
    public String name() {
        return "Validate";
    }

    private record Found(RestoreRun.Source source, List<VolumeFill> volumes, List<String> warnings) {}

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<Found> found = activities.poll(run.uid() + "/validate", () -> look(run), run.wake());
        if (found.isEmpty()) {
            return Outcome.waiting("verifying the point", Duration.ofSeconds(10));
        }
        PointDocument point = found.get().source.document();
        run.source(found.get().source);
        run.update(s -> {
            s.restorePoint = point.key().toString();
            s.digest = found.get().source.digest();
            s.location = found.get().source.location().getMetadata().getName();
            s.targetNamespace = run.target();
            s.volumes = found.get().volumes;
            s.warnings = found.get().warnings.isEmpty() ? null : found.get().warnings;
        });
        return Outcome.done("point " + point.key() + " of " + point.capturedAt() + " is whole; "
                + found.get().volumes.size() + " volumes to fill");
    }

    private Found look(RestoreRun run) {
        if (!run.restore().getSpec().rehearsal()) {
            others.checkActive(run);
        }
        run.source(sources.find(run.restore()));
        if (run.restore().getSpec().files != null) {
            return new Found(run.source(), List.of(target(run)), List.of());
        }
        ResourceApply.Preview preview = archives.preview(run);
        List<String> existing = new ArrayList<>(preview.existing());
        Set<String> claims = client.persistentVolumeClaims().inNamespace(run.target()).list().getItems().stream()
                .map(PersistentVolumeClaim::getMetadata)
                .map(m -> m.getName())
                .collect(Collectors.toSet());
        RestoreSpec spec = run.restore().getSpec();
        List<VolumeFill> volumes = new ArrayList<>();
        Set<String> wanted = archives.claims(run).stream()
                .map(c -> c.getMetadata().getName())
                .collect(Collectors.toSet());
        checkPresence(run, claims, wanted);
        for (PointDocument.Volume v : run.source().document().volumes()) {
            if (spec.partial() && !wanted.contains(v.pvc())) {
                continue;
            }
            if (claims.contains(v.pvc())) {
                existing.add("persistentvolumeclaims " + run.target() + "/" + v.pvc());
            }
            boolean left = spec.volumes == RestoreSpec.Volumes.Skip || keeps(spec) && claims.contains(v.pvc());
            if (!left) {
                checkSite(run, v);
                VolumeFill fill = fill(v);
                fill.replaces = claims.contains(v.pvc());
                volumes.add(fill);
            }
        }
        if (spec.onConflict == OnConflict.Fail && !existing.isEmpty() && !spec.rehearsal()) {
            throw run.refused(
                    Reason.Conflict,
                    existing.size() + " objects of the point exist in namespace " + run.target() + " already ("
                            + existing.stream().limit(SHOWN).collect(Collectors.joining(", "))
                            + (existing.size() > SHOWN ? ", …" : "")
                            + "); set spec.onConflict to Skip, Update or Replace, or restore into another namespace");
        }
        return new Found(run.source(), volumes, preview.warnings());
    }

    /** A claim whose data only another program can bring back is not made empty, unless the user says so. */
    private static void checkPresence(RestoreRun run, Set<String> there, Set<String> wanted) {
        List<String> absent = RestoreClaimsStep.absent(run).stream()
                .filter(c -> wanted.contains(c) && !there.contains(c))
                .toList();
        if (!absent.isEmpty() && !run.restore().getSpec().rehearsal()) {
            throw run.refused(Reason.VolumeDataAbsent, RestoreClaimsStep.absence(run, absent));
        }
    }

    private void checkSite(RestoreRun run, PointDocument.Volume v) {
        PointDocument point = run.source().document();
        if (v.kept() != null && !point.site().equals(site)) {
            throw run.refused(
                    Reason.VolumeDataAbsent,
                    "the data of claim " + v.pvc() + " stays as a snapshot in the storage of site " + point.site()
                            + ", and this is site " + site
                            + "; restore there, or exclude the claim, or set spec.volumes to"
                            + " Skip to get it empty");
        }
    }

    /** The claim that files are written to. */
    private VolumeFill target(RestoreRun run) {
        archives.authorizeFiles(run);
        RestoreSpec.Files files = run.restore().getSpec().files;
        VolumeFill target = fill(RestoreFilesStep.volume(run));
        target.pvc = files.targetPvc == null ? files.pvc : files.targetPvc;
        target.bytes = null;
        PersistentVolumeClaim claim = client.persistentVolumeClaims()
                .inNamespace(run.target())
                .withName(target.pvc)
                .get();
        if (claim == null) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + run.target() + "/" + target.pvc
                            + " does not exist; files are written to a volume that is there:"
                            + " create it, or name another one in spec.files.targetPvc");
        }
        if (VolumePlanner.isBlock(claim)) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + run.target() + "/" + target.pvc + " is a raw block volume, which takes no files;"
                            + " name one of volumeMode Filesystem in spec.files.targetPvc");
        }
        return target;
    }

    /** A volume that is there is filled whole or not at all: files of two moments are worth less than either. */
    private static boolean keeps(RestoreSpec spec) {
        return spec.onConflict == OnConflict.Skip || spec.onConflict == OnConflict.Update;
    }

    private static VolumeFill fill(PointDocument.Volume volume) {
        VolumeFill fill = new VolumeFill();
        fill.pvc = volume.pvc();
        fill.repositorySnapshot = volume.repositorySnapshot();
        fill.bytes = volume.logicalBytes();
        fill.filled = false;
        return fill;
    }
}
