package io.breakwater.restore;

import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.api.Texts;
import io.breakwater.catalog.PointDocument;
import io.breakwater.observe.Events;
import io.breakwater.resource.apply.ResourceApply;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.breakwater.volume.VolumePlanner;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds the point and checks everything that can be checked before a change: the signature, every object of the archive, the
 * rights of the author, and conflicts. Records which volumes are filled, so that a later attempt fills the same ones.
 */
final class ValidateStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;

    private final KubernetesClient client;
    private final String site;
    private final ConcurrentRuns concurrentRuns;
    private final PointResolver points;
    private final PointArchive archives;
    private final Activities activities;
    private final Events events;

    ValidateStep(
            KubernetesClient client,
            String site,
            ConcurrentRuns concurrentRuns,
            PointResolver points,
            PointArchive archives,
            Activities activities,
            Events events) {
        this.client = client;
        this.site = site;
        this.concurrentRuns = concurrentRuns;
        this.points = points;
        this.archives = archives;
        this.activities = activities;
        this.events = events;
    }

    @Override
    public String name() {
        return "Validate";
    }

    private record Found(RestoreRun.Source source, List<VolumeFill> volumes, List<String> warnings) {}

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<Found> found = activities.poll(run.uid() + "/validate", () -> validate(run), run.wake());
        if (found.isEmpty()) {
            return Outcome.waiting("verifying the point", Duration.ofSeconds(10));
        }
        PointDocument point = found.get().source.document();
        run.source(found.get().source);
        run.update(s -> {
            s.restorePoint = point.key().path();
            s.digest = found.get().source.digest();
            s.location = found.get().source.location().getMetadata().getName();
            s.targetNamespace = run.target();
            s.volumes = found.get().volumes;
            s.warnings = Warnings.merged(null, found.get().warnings);
        });
        return Outcome.done("verified point " + point.key() + " of " + point.capturedAt() + "; "
                + found.get().volumes.size() + " volumes to fill");
    }

    private Found validate(RestoreRun run) {
        if (!run.restore().getSpec().dryRun()) {
            concurrentRuns.checkActive(run);
        }
        run.source(points.find(run.restore()));
        if (run.restore().getSpec().files != null) {
            return new Found(run.source(), List.of(target(run)), List.of());
        }
        ResourceApply.Preview preview = archives.preview(run);
        Set<String> present = names(
                client.persistentVolumeClaims().inNamespace(run.target()).list().getItems());
        Set<String> wanted = names(archives.claims(run));
        checkPresence(run, present, wanted);
        List<PointDocument.Volume> volumes = run.source().document().volumes().stream()
                .filter(v -> !run.restore().getSpec().partial() || wanted.contains(v.pvc()))
                .toList();
        List<VolumeFill> fills = chooseVolumes(run, volumes, present);
        if (!fills.isEmpty()) {
            archives.authorizeVolumes(run);
        }
        checkConflicts(run, preview, volumes, present);
        preview.unvouched().ifPresent(text -> events.warning(run.restore(), Reason.Forbidden, text));
        return new Found(
                run.source(),
                fills,
                Stream.of(
                                preview.warnings().stream(),
                                preview.unvouched().stream(),
                                unchanged(run, volumes, fills, present).stream())
                        .flatMap(Function.identity())
                        .toList());
    }

    /** A warning about existing claims whose volumes stay as they are. */
    private static Optional<String> unchanged(
            RestoreRun run, List<PointDocument.Volume> volumes, List<VolumeFill> fills, Set<String> present) {
        Set<String> filled = fills.stream().map(f -> f.pvc).collect(Collectors.toSet());
        List<String> unchanged = volumes.stream()
                .map(PointDocument.Volume::pvc)
                .filter(pvc -> present.contains(pvc) && !filled.contains(pvc))
                .sorted()
                .toList();
        return unchanged.isEmpty() || !keepsVolumes(run.restore().getSpec())
                ? Optional.empty()
                : Optional.of("the data of " + unchanged.size() + " existing claims was not restored: "
                        + Texts.first(unchanged, SHOWN) + "; spec.onConflict is "
                        + run.restore().getSpec().onConflict + ", and only Replace fills existing volumes");
    }

    private static Set<String> names(List<PersistentVolumeClaim> claims) {
        return claims.stream().map(c -> c.getMetadata().getName()).collect(Collectors.toSet());
    }

    private List<VolumeFill> chooseVolumes(RestoreRun run, List<PointDocument.Volume> volumes, Set<String> present) {
        RestoreSpec spec = run.restore().getSpec();
        List<VolumeFill> fills = new ArrayList<>();
        for (PointDocument.Volume v : volumes) {
            boolean skipped =
                    spec.volumes == RestoreSpec.Volumes.Skip || keepsVolumes(spec) && present.contains(v.pvc());
            if (!skipped) {
                checkSite(run, v);
                VolumeFill fill = fill(v);
                fill.replaces = present.contains(v.pvc());
                fills.add(fill);
            }
        }
        return fills;
    }

    private static void checkConflicts(
            RestoreRun run, ResourceApply.Preview preview, List<PointDocument.Volume> volumes, Set<String> present) {
        RestoreSpec spec = run.restore().getSpec();
        List<String> existing = new ArrayList<>(preview.existing());
        volumes.stream()
                .filter(v -> present.contains(v.pvc()))
                .forEach(v -> existing.add("persistentvolumeclaims " + run.target() + "/" + v.pvc()));
        if (spec.onConflict == OnConflict.Fail && !existing.isEmpty() && !spec.dryRun()) {
            throw run.refused(
                    Reason.Conflict,
                    existing.size() + " objects of the point already exist in namespace " + run.target() + " ("
                            + Texts.first(existing, SHOWN)
                            + "); set spec.onConflict to Skip, Update or Replace, or restore into another namespace");
        }
    }

    /** Refuses to create claims empty whose data only Velero can restore, unless the Restore asks for that. */
    private static void checkPresence(RestoreRun run, Set<String> present, Set<String> wanted) {
        List<String> absent = RestoreClaimsStep.absent(run).stream()
                .filter(c -> wanted.contains(c) && !present.contains(c))
                .toList();
        if (!absent.isEmpty() && !run.restore().getSpec().dryRun()) {
            throw run.refused(Reason.VolumeDataAbsent, RestoreClaimsStep.absence(run, absent));
        }
    }

    private void checkSite(RestoreRun run, PointDocument.Volume v) {
        PointDocument point = run.source().document();
        if (v.kept() != null && !point.site().equals(site)) {
            throw run.refused(
                    Reason.VolumeDataAbsent,
                    "the data of claim " + v.pvc() + " is a retained snapshot in the storage of site " + point.site()
                            + ", and this is site " + site + "; restore on site " + point.site()
                            + ", or exclude the claim, or set spec.volumes to Skip to get it empty");
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
                            + " does not exist, and files can only be restored to an existing volume;"
                            + " create the claim, or name another one in spec.files.targetPvc");
        }
        if (VolumePlanner.isBlock(claim)) {
            throw run.refused(
                    Reason.Conflict,
                    "claim " + run.target() + "/" + target.pvc + " is a raw block volume, which cannot have files;"
                            + " name a claim of volumeMode Filesystem in spec.files.targetPvc");
        }
        return target;
    }

    /** Whether existing volumes stay as they are. A volume is filled completely or not at all: its files must fit together. */
    private static boolean keepsVolumes(RestoreSpec spec) {
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
