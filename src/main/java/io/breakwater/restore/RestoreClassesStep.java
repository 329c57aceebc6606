package io.breakwater.restore;

import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import java.time.Duration;
import java.util.Optional;

/**
 * Restores definitions and classes before the claims that need them, by the same rules as {@link RestoreObjectsStep}. That step
 * repeats them, so it counts them and reports those that cannot be restored.
 */
final class RestoreClassesStep implements Step<RestoreRun> {
    private final PointArchive archives;
    private final Activities activities;

    RestoreClassesStep(PointArchive archives, Activities activities) {
        this.archives = archives;
        this.activities = activities;
    }

    private record Ended(Optional<ApplyReport> report) {}

    @Override
    public String name() {
        return "Classes";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<Ended> ended =
                activities.poll(run.uid() + "/classes", () -> new Ended(archives.applyClasses(run)), run.wake());
        if (ended.isEmpty()) {
            return Outcome.waiting("restoring classes", Duration.ofSeconds(10));
        }
        if (ended.get().report.isEmpty()) {
            return Outcome.done("no cluster-scoped objects are restored");
        }
        ApplyReport report = ended.get().report.get();
        if (!report.warnings().isEmpty()) {
            run.update(s -> s.warnings = Warnings.merged(s.warnings, report.warnings()));
        }
        int missing = report.failed().size() + report.deferred().size();
        return Outcome.done("created " + report.created() + " definitions and classes"
                + (missing == 0 ? "" : "; step Objects retries " + missing + " others"));
    }
}
