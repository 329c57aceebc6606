package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The point's objects, in order, after their volumes hold what they should. */
final class RestoreObjectsStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;
    private static final int MOST_WARNINGS = 64;

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
            s.warnings = merged(s.warnings, report.warnings());
        });
        checkAll(run, report);
        return Outcome.done(report.created() + " created, " + report.updated() + " updated, " + report.replaced()
                + " replaced, " + report.skipped()
                + " left as they were");
    }

    /** Adds what a later stage did. */
    static void add(RestoreStatus s, ApplyReport report) {
        s.created = sum(s.created, report.created());
        s.updated = sum(s.updated, report.updated());
        s.replaced = sum(s.replaced, report.replaced());
        s.skipped = sum(s.skipped, report.skipped());
        s.warnings = merged(s.warnings, report.warnings());
    }

    private static int sum(Integer before, int more) {
        return (before == null ? 0 : before) + more;
    }

    /** @throws BreakwaterException Partial, with objects that could not be restored */
    static void checkAll(RestoreRun run, ApplyReport report) {
        if (!report.failed().isEmpty()) {
            throw run.refused(
                    Reason.Partial,
                    report.failed().size() + " objects could not be restored: "
                            + report.failed().stream()
                                    .limit(SHOWN)
                                    .map(ApplyReport.Failure::toString)
                                    .collect(Collectors.joining("; "))
                            + "; " + report.created() + " were created, " + report.updated() + " updated, "
                            + report.replaced() + " replaced");
        }
    }

    /** Warnings, each once and not too many; null when there are none. */
    static List<String> merged(List<String> before, List<String> more) {
        List<String> all = new ArrayList<>(before == null ? List.of() : before);
        more.stream().filter(w -> !all.contains(w)).forEach(all::add);
        return all.isEmpty() ? null : all.subList(0, Math.min(all.size(), MOST_WARNINGS));
    }
}
