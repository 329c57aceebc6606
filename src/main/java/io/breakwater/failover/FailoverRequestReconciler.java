package io.breakwater.failover;

import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.FailoverRequestStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.ProcessRole;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import io.breakwater.watch.ObjectCache;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Reports the state of a FailoverRequest, and wakes its plan. What the request does is decided by {@link Intent}, in the
 * reconciliation of the plan.
 */
@ProcessRole(BreakwaterConfig.Role.guard)
@ControllerConfiguration(name = "failoverrequest", informer = @Informer(comparableResourceVersions = false))
class FailoverRequestReconciler implements Reconciler<FailoverRequest> {
    private static final Duration AGAIN = Duration.ofSeconds(2);

    private final ObjectCache objects;
    private final LeaseSupervisor supervisor;
    private final StatusWriter writer;
    private final Events events;
    private final BreakwaterConfig config;
    private final RequestAges ages;
    private final Clock clock;

    FailoverRequestReconciler(
            ObjectCache objects,
            LeaseSupervisor supervisor,
            StatusWriter writer,
            Events events,
            BreakwaterConfig config,
            RequestAges ages,
            Clock clock) {
        this.objects = objects;
        this.supervisor = supervisor;
        this.writer = writer;
        this.events = events;
        this.config = config;
        this.ages = ages;
        this.clock = clock;
    }

    @Override
    public UpdateControl<FailoverRequest> reconcile(FailoverRequest request, Context<FailoverRequest> context) {
        return advance(request)
                ? UpdateControl.noUpdate()
                : UpdateControl.<FailoverRequest>noUpdate().rescheduleAfter(AGAIN);
    }

    /** Reports the state; returns whether the request has ended. */
    boolean advance(FailoverRequest request) {
        if (request.isOver()) {
            ages.forget(request);
            return true;
        }
        String namespace = request.getMetadata().getNamespace();
        Optional<FailoverPlan> plan =
                Optional.ofNullable(objects.find(FailoverPlan.class, namespace, request.getSpec().planRef.name));
        List<FailoverRequest> all = objects.in(FailoverRequest.class, namespace);
        RequestProgress progress = RequestProgress.of(config.site(), request, plan, all, ages.of(request));
        if (request.getStatus() == null) {
            request.setStatus(new FailoverRequestStatus());
        }
        boolean first = request.getStatus().condition(Condition.SUCCEEDED).isEmpty();
        writer.update(request, FailoverRequestStatus.class, status -> {
            status.run = Intent.run(request);
            report(Conditions.of(status, request.getMetadata().getGeneration(), clock), progress);
        });
        if (progress.result() == RequestProgress.Result.Failed) {
            events.warning(request, progress.reason(), progress.message());
        }
        if (first || progress.result() != RequestProgress.Result.Open) {
            plan.ifPresent(supervisor::wake);
        }
        return progress.result() != RequestProgress.Result.Open;
    }

    private static void report(Conditions conditions, RequestProgress progress) {
        switch (progress.result()) {
            case Open -> conditions.running(progress.message());
            case Succeeded -> conditions.succeeded(progress.reason(), progress.message());
            case Failed -> conditions.failed(progress.reason(), progress.message());
        }
    }
}
