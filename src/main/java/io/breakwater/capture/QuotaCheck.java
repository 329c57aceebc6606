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
import io.breakwater.steps.Warnings;
import io.breakwater.store.OwnedRepository;
import java.util.List;
import java.util.Optional;

/**
 * Checks a capture against the quota of its location. Final and divergent points are exempt: a failover cannot capture
 * them again later, and the loss of their data is worse than some bytes over the quota.
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

    /** The access of the movers of a capture to the repository. */
    static Repositories.Access access(CaptureRun run, OwnedRepository repository) {
        Repositories.Access access = run.route().access(repository, Repositories.Mode.APPEND);
        return isExempt(run) ? access.unlimited() : access;
    }

    private record Measured(Optional<BreakwaterException> exceeded) {}

    /**
     * Checks the quota before anything is captured.
     *
     * @return false while the usage is being measured
     * @throws BreakwaterException QuotaExceeded, when the quota is used up; StoreUnavailable, when the usage cannot be
     *     measured
     */
    boolean requireRoom(CaptureRun run) {
        BackupLocation location = run.route().location();
        if (!Quotas.limits(location, run.namespace())) {
            return true;
        }
        Optional<Measured> measured = activities.poll(
                run.uid() + "/room",
                () -> new Measured(quotas.exceeded(location, run.key().source())),
                run.wake());
        measured.flatMap(Measured::exceeded).ifPresent(exceeded -> {
            if (!isExempt(run)) {
                throw exceeded;
            }
            String warning = "captured anyway, because " + run.point().getSpec().trigger
                    + " points are exempt from the quota: " + exceeded.getMessage();
            run.update(s -> s.warnings = Warnings.merged(s.warnings, List.of(warning)));
            events.warning(run.point(), Reason.QuotaExceeded, warning);
        });
        return measured.isPresent();
    }

    /**
     * The error behind a mover that failed, if the gateway refused its upload because of the quota; empty otherwise. restic
     * reports only the HTTP code.
     *
     * @param message last lines of the mover's log
     */
    Optional<BreakwaterException> refusal(CaptureRun run, String message) {
        return MoverJobs.isRefusal(message) && !isExempt(run)
                ? quotas.exceeded(run.route().location(), run.key().source())
                : Optional.empty();
    }

    private static boolean isExempt(CaptureRun run) {
        Trigger trigger = run.point().getSpec().trigger;
        return trigger == Trigger.Final || trigger == Trigger.Divergent;
    }
}
