package io.breakwater.capture;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.Quotas;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.Events;
import io.breakwater.steps.Activities;
import java.util.List;
import java.util.Optional;

/**
 * Whether the location's quota leaves room for a capture. What a failover makes passes: there is no second chance to take a
 * final or divergent point, and what it would lose is worse than some bytes too many.
 */
final class QuotaCheck {
    private final Quotas quotas;
    private final Activities activities;
    private final Events events;

    QuotaCheck(Quotas quotas, Activities activities, Events events) {
        this.quotas = quotas;
        this.activities = activities;
        this.events = events;
    }

    /** How a capture's movers use the repository. */
    static Repositories.Access access(CaptureRun run) {
        Repositories.Access access = run.route().access(run.key(), Repositories.Mode.APPEND);
        return passes(run) ? access.unlimited() : access;
    }

    /**
     * Whether there is room before anything was done.
     *
     * @return false while that is being found out
     * @throws BreakwaterException QuotaExceeded, when there is none; StoreUnavailable, when that cannot be found out
     */
    boolean requireRoom(CaptureRun run) {
        BackupLocation location = run.route().location();
        if (!Quotas.limits(location, run.namespace())) {
            return true;
        }
        Optional<Optional<BreakwaterException>> found =
                activities.poll(run.uid() + "/room", () -> quotas.exceeded(location, run.namespace()), run.wake());
        found.flatMap(f -> f).ifPresent(full -> {
            if (!passes(run)) {
                throw full;
            }
            String warning = run.point().getSpec().trigger + " points pass all the same: " + full.getMessage();
            run.update(s -> s.warnings = ArchiveResourcesStep.merged(s.warnings, List.of(warning)));
            events.warning(run.point(), Reason.QuotaExceeded, warning);
        });
        return found.isPresent();
    }

    /** Why the gateway refused a mover, where the quota is what it ran into; restic tells no more than the code. */
    Optional<BreakwaterException> refusal(CaptureRun run, String lastWords) {
        return MoverJobs.isRefusal(lastWords) && !passes(run)
                ? quotas.exceeded(run.route().location(), run.namespace())
                : Optional.empty();
    }

    private static boolean passes(CaptureRun run) {
        Trigger trigger = run.point().getSpec().trigger;
        return trigger == Trigger.Final || trigger == Trigger.Divergent;
    }
}
