package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.Texts;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import java.time.Duration;
import java.util.Optional;

/** Restores the objects of the point, in order, after their volumes are filled. */
final class RestoreObjectsStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;

    private final PointArchive archives;
    private final Activities activities;

    RestoreObjectsStep(PointArchive archives, Activities activities) {
        this.archives = archives;
        this.activities = activities;
    }

    @Override
    public String name() {
        return "Objects";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<ApplyReport> done = activities.poll(run.uid() + "/objects", () -> archives.apply(run), run.wake());
        if (done.isEmpty()) {
            return Outcome.waiting("restoring objects", Duration.ofSeconds(10));
        }
        ApplyReport report = done.get();
        run.update(s -> {
            s.created = report.created();
            s.updated = report.updated();
            s.replaced = report.replaced();
            s.skipped = report.skipped();
            s.extra = report.extra();
            s.warnings = Warnings.merged(s.warnings, report.warnings());
        });
        checkAll(run, report);
        return Outcome.done(report.created() + " created, " + report.updated() + " updated, " + report.replaced()
                + " replaced, " + report.skipped() + " skipped");
    }

    /** Adds the counts and warnings of a later stage. */
    static void add(RestoreStatus s, ApplyReport report) {
        s.created = sum(s.created, report.created());
        s.updated = sum(s.updated, report.updated());
        s.replaced = sum(s.replaced, report.replaced());
        s.skipped = sum(s.skipped, report.skipped());
        s.warnings = Warnings.merged(s.warnings, report.warnings());
    }

    private static int sum(Integer before, int more) {
        return (before == null ? 0 : before) + more;
    }

    /** @throws BreakwaterException Partial, with the objects that could not be restored */
    static void checkAll(RestoreRun run, ApplyReport report) {
        if (!report.failed().isEmpty()) {
            throw run.refused(
                    Reason.Partial,
                    report.failed().size() + " objects could not be restored: "
                            + Texts.first(report.failed(), SHOWN)
                            + "; " + report.created() + " were created, " + report.updated() + " updated, "
                            + report.replaced() + " replaced");
        }
    }
}
