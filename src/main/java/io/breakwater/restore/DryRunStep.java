package io.breakwater.restore;

import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.ApplyReport.Line;
import io.breakwater.resource.apply.ApplyReport.Verb;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** All that a dry run does after {@link ValidateStep}: finds out what each object would meet, and writes it down. */
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
        Optional<Found> done = activities.poll(run.uid() + "/rehearse", () -> rehearse(run), run.wake());
        if (done.isEmpty()) {
            return Outcome.waiting("finding out what would be done", Duration.ofSeconds(10));
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
            s.warnings = RestoreObjectsStep.merged(s.warnings, report.warnings());
        });
        String summary = "nothing was changed; objects: " + report.created() + " would be created, " + report.updated()
                + " updated, " + report.replaced() + " replaced, " + report.skipped() + " left as they are; volumes: "
                + run.volumes().size() + " would be filled; " + refused + " refusals";
        String name = reports.write(run.restore(), summary, lines);
        run.update(s -> s.report = name);
        return Outcome.done(summary);
    }

    private Found rehearse(RestoreRun run) {
        boolean missing = archives.isNamespaceMissing(run);
        List<Line> lines = new ArrayList<>();
        if (missing) {
            lines.add(new Line(Verb.create, "namespaces " + run.target(), ""));
        }
        lines.addAll(claims.rehearse(run, missing));
        ApplyReport report = archives.apply(run);
        lines.addAll(report.lines());
        return new Found(report, lines);
    }
}
