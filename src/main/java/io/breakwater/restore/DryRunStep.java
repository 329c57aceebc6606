package io.breakwater.restore;

import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.ApplyReport.Line;
import io.breakwater.resource.apply.ApplyReport.Verb;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The step of a dry run after {@link ValidateStep}: finds out what would happen to each object, and writes the report. */
final class DryRunStep implements Step<RestoreRun> {
    private final PointArchive archives;
    private final RestoreClaimsStep claims;
    private final DryRunReport reports;
    private final Activities activities;

    DryRunStep(PointArchive archives, RestoreClaimsStep claims, DryRunReport reports, Activities activities) {
        this.archives = archives;
        this.claims = claims;
        this.reports = reports;
        this.activities = activities;
    }

    private record Found(ApplyReport objects, List<Line> lines) {}

    @Override
    public String name() {
        return "Rehearse";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<Found> done = activities.poll(run.uid() + "/rehearse", () -> dryRun(run), run.wake());
        if (done.isEmpty()) {
            return Outcome.waiting("checking each object without a change", Duration.ofSeconds(10));
        }
        ApplyReport report = done.get().objects;
        List<Line> lines = done.get().lines;
        int refused = (int) lines.stream().filter(l -> l.verb() == Verb.refuse).count();
        run.update(s -> {
            s.created = report.created();
            s.updated = report.updated();
            s.replaced = report.replaced();
            s.skipped = report.skipped();
            s.extra = report.extra();
            s.refused = refused;
            s.warnings = Warnings.merged(s.warnings, report.warnings());
        });
        String summary = "nothing was changed; objects: " + report.created() + " would be created, " + report.updated()
                + " updated, " + report.replaced() + " replaced, " + report.skipped() + " left as they are; volumes: "
                + run.volumes().size() + " would be filled; " + refused + " refusals";
        String name = reports.write(run.restore(), summary, lines);
        run.update(s -> s.report = name);
        return Outcome.done(summary);
    }

    private Found dryRun(RestoreRun run) {
        boolean missing = archives.isNamespaceMissing(run);
        List<Line> lines = new ArrayList<>();
        if (missing) {
            lines.add(new Line(Verb.create, "namespaces " + run.target(), ""));
        }
        lines.addAll(claims.dryRun(run, missing));
        ApplyReport report = archives.apply(run);
        lines.addAll(report.lines());
        return new Found(report, lines);
    }
}
