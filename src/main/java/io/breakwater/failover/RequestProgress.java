package io.breakwater.failover;

import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.Reason;
import java.util.List;
import java.util.Optional;

/**
 * The state of one FailoverRequest, from the status of its plan. It is pure, so it is the same after a restart.
 *
 * @param result whether the request ended, and how
 */
record RequestProgress(Result result, Reason reason, String message) {
    /** Whether a request ended. */
    enum Result {
        Open,
        Succeeded,
        Failed
    }

    /**
     * @param site this site
     * @param plan the plan that the request names; empty if there is none
     * @param requests all requests of the namespace
     */
    static RequestProgress of(
            String site,
            FailoverRequest request,
            Optional<FailoverPlan> plan,
            List<FailoverRequest> requests,
            RequestAge age) {
        if (!request.getSpec().site.equals(site)) {
            return failed(
                    Reason.UnknownSite,
                    "spec.site is " + request.getSpec().site + ", but this cluster is site " + site
                            + "; create the FailoverRequest on the site that is to take over");
        }
        Optional<RequestProgress> ofRun = plan.flatMap(known -> ofRun(request, known));
        if (ofRun.isPresent()) {
            return ofRun.get();
        }
        Optional<FailoverRequest> newer =
                plan.flatMap(known -> Intent.newest(known, requests)).filter(newest -> !isSame(newest, request));
        if (newer.isPresent()) {
            return failed(
                    Reason.Superseded,
                    "FailoverRequest " + newer.get().getMetadata().getName() + " is newer, so this one has no effect");
        }
        if (plan.isPresent() && role(plan.get()) == Role.Active) {
            return new RequestProgress(
                    Result.Succeeded, Reason.Active, "site " + site + " is active, so there is nothing to do");
        }
        if (Intent.isExpired(request, age)) {
            return failed(
                    Reason.Expired,
                    "the failover did not start within spec.ttl, so the request was withdrawn; create another"
                            + " FailoverRequest"
                            + state(plan)
                                    .map(last -> "; the last state was: " + last)
                                    .orElse(""));
        }
        return plan.flatMap(known -> settled(request, known))
                .orElseGet(
                        () -> open(state(plan).orElse("waiting for FailoverPlan " + request.getSpec().planRef.name)));
    }

    private static Optional<RequestProgress> ofRun(FailoverRequest request, FailoverPlan plan) {
        FailoverPlanStatus.Run run = plan.getStatus() == null ? null : plan.getStatus().run;
        if (run == null || !Intent.run(request).equals(run.id)) {
            return Optional.empty();
        }
        String message = Optional.ofNullable(run.message)
                .or(() -> state(Optional.of(plan)))
                .orElse("the run is in progress");
        return Optional.of(
                switch (run.state) {
                    case Running -> open(message);
                    case Done -> new RequestProgress(Result.Succeeded, Reason.Completed, message);
                    default -> failed(reason(run, plan), message);
                });
    }

    /** What the request did is not in the status of the plan any more: another run has ended since. */
    private static Optional<RequestProgress> settled(FailoverRequest request, FailoverPlan plan) {
        return Optional.ofNullable(plan.getStatus())
                .filter(status -> Intent.run(request).equals(status.settledRequest))
                .map(status -> failed(
                        Reason.RolledBack,
                        "the run of the request has ended, and the plan has run again since; create another"
                                + " FailoverRequest if this site is to be active"));
    }

    /** A run that ended on the active site moved the application, although its workloads were not ready in time. */
    private static Reason reason(FailoverPlanStatus.Run run, FailoverPlan plan) {
        if (run.reason != null) {
            return Reason.valueOf(run.reason);
        }
        return role(plan) == Role.Active ? Reason.WorkloadsNotReady : Reason.RolledBack;
    }

    private static Optional<String> state(Optional<FailoverPlan> plan) {
        return plan.map(FailoverPlan::getStatus)
                .flatMap(status -> status.condition(Condition.READY))
                .map(ready -> ready.reason + ": " + ready.message);
    }

    private static Role role(FailoverPlan plan) {
        return plan.getStatus() == null ? null : plan.getStatus().role;
    }

    private static boolean isSame(FailoverRequest a, FailoverRequest b) {
        return a.getMetadata().getName().equals(b.getMetadata().getName());
    }

    private static RequestProgress open(String message) {
        return new RequestProgress(Result.Open, Reason.InProgress, message);
    }

    private static RequestProgress failed(Reason reason, String message) {
        return new RequestProgress(Result.Failed, reason, message);
    }
}
