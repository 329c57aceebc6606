package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.Texts;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.PointHistory;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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
        Optional<Applied> done = activities.poll(run.uid() + "/objects", () -> apply(run), run.wake());
        if (done.isEmpty()) {
            return Outcome.waiting("restoring objects", Duration.ofSeconds(10));
        }
        ApplyReport report = done.get().report();
        run.update(s -> {
            s.history = done.get().history();
            s.created = report.created();
            s.updated = report.updated();
            s.replaced = report.replaced();
            s.skipped = report.skipped();
            s.extra = report.extra();
            s.warnings = Warnings.merged(s.warnings, report.warnings());
            s.deferred = DeferredObjects.of(null).add(report).status();
        });
        checkAll(run, report);
        return Outcome.done(report.created() + " created, " + report.updated() + " updated, " + report.replaced()
                + " replaced, " + report.skipped() + " skipped"
                + (report.deferred().isEmpty() ? "" : ", " + report.deferred().size() + " deferred"));
    }

    /** The objects of the first stage, and for a FailoverPlan what had run where the point was captured; else null. */
    private record Applied(ApplyReport report, RestoreStatus.History history) {}

    private Applied apply(RestoreRun run) {
        ApplyReport report = archives.apply(run);
        return new Applied(report, run.ofPlan() ? history(archives.history(run)) : null);
    }

    private static RestoreStatus.History history(PointHistory found) {
        RestoreStatus.History history = new RestoreStatus.History();
        found.schedules().forEach((name, last) -> {
            RestoreStatus.Schedule schedule = new RestoreStatus.Schedule();
            schedule.name = name;
            schedule.lastScheduleTime = last;
            history.cronJobs.add(schedule);
        });
        history.endedJobs = found.endedJobs();
        history.absent = found.absent();
        return history;
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

    /**
     * Deferred objects alone are no failure; if the run fails anyway, they are not retried.
     *
     * @throws BreakwaterException Partial, with the objects that could not be restored
     */
    static void checkAll(RestoreRun run, ApplyReport report) {
        if (!report.failed().isEmpty()) {
            List<ApplyReport.Failure> failures = Stream.concat(
                            report.failed().stream(), report.deferred().stream().map(ApplyReport.Deferral::failure))
                    .toList();
            throw partial(run, failures.size(), failures, report.created(), report.updated(), report.replaced());
        }
    }

    static BreakwaterException partial(
            RestoreRun run, int count, List<ApplyReport.Failure> failures, int created, int updated, int replaced) {
        return run.refused(
                Reason.Partial,
                count + " objects could not be restored: " + Texts.first(failures, SHOWN) + "; " + created
                        + " were created, " + updated + " updated, " + replaced + " replaced");
    }
}
