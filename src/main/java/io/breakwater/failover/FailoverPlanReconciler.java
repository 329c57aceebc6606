package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.Reason;
import io.breakwater.failover.SiteFacts.Handover;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Events;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.StepRunner;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Looks at a plan: what the lease says, what follows from it, and what became of that. */
@ControllerConfiguration(
        name = "failoverplan",
        finalizerName = Api.FINALIZER,
        informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 1000, intervalMultiplier = 1.5, maxInterval = 10_000)
class FailoverPlanReconciler implements Reconciler<FailoverPlan>, Cleaner<FailoverPlan> {
    private static final Duration AGAIN = Duration.ofSeconds(5);

    private final KubernetesClient client;
    private final PlanSites sites;
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final LeaseSupervisor guards;
    private final PlanRoles roles;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;
    private final PlanPoints points;
    private final HandOver handOver;
    private final LeaseActions moves;
    private final PlanReport report;
    private final SimpleInboundEventSource<FailoverPlan> wake = new SimpleInboundEventSource<>("wake");

    FailoverPlanReconciler(
            KubernetesClient client,
            PlanSites sites,
            NamespaceGate gate,
            LeaseKeepers keepers,
            LeaseSupervisor guards,
            PlanRoles roles,
            StatusWriter writer,
            Events events,
            Meters meters,
            Clock clock) {
        this.client = client;
        this.sites = sites;
        this.gate = gate;
        this.keepers = keepers;
        this.guards = guards;
        this.roles = roles;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
        this.points = new PlanPoints(client);
        StepRunner runner = new StepRunner(clock);
        this.handOver = new HandOver(gate, points, runner);
        this.report = new PlanReport(client, writer, meters, points, clock);
        this.moves = new LeaseActions(
                gate,
                keepers,
                new TakeOver(client, gate, points, runner, clock),
                new DivergentCapture(gate, points, writer, clock),
                report,
                writer,
                events,
                clock);
    }

    @Override
    public List<EventSource<?, FailoverPlan>> prepareEventSources(EventSourceContext<FailoverPlan> context) {
        guards.onChange(plan -> wake.propagateEvent(ResourceID.fromResource(plan)));
        return List.of(wake);
    }

    @Override
    public UpdateControl<FailoverPlan> reconcile(FailoverPlan cached, Context<FailoverPlan> context) {
        FailoverPlan plan = client.resource(cached).get();
        return plan == null
                ? UpdateControl.noUpdate()
                : UpdateControl.<FailoverPlan>noUpdate().rescheduleAfter(reconcilePlan(plan));
    }

    /** One look at a plan that was read fresh. @return when to look again at the latest */
    Duration reconcilePlan(FailoverPlan plan) {
        if (plan.getStatus() == null) {
            plan.setStatus(new FailoverPlanStatus());
        }
        try {
            requireSinglePlan(plan);
            PlanSite p = sites.open(plan);
            p.store().heartbeat(p.site());
            long asked = System.nanoTime();
            Optional<LeaseVersion> seen = p.store().read();
            PlanOutcome look = decide(p, seen, asked);
            roles.set(p.key(), look.role(), seen.map(s -> s.lease().epoch()).orElse(0L));
            report.write(p, seen, look);
            return look.recheck();
        } catch (BreakwaterException e) {
            return reportFailure(plan, e);
        }
    }

    private PlanOutcome decide(PlanSite p, Optional<LeaseVersion> seen, long asked) {
        boolean holder = seen.map(s -> s.lease().heldBy(p.site())).orElse(false);
        OptionalLong known = p.status().epoch == null ? OptionalLong.empty() : OptionalLong.of(p.status().epoch);
        FailoverJournal log = new FailoverJournal(p, runEpoch(p, seen), writer, clock);
        if (holder) {
            keep(p, seen.get(), known, asked);
        } else if (seen.isPresent()) {
            gate.close(p.namespace(), p.holder());
            keepers.stop(p.key());
        }
        SiteFacts s = new SiteFacts(
                p.site(),
                p.timing(),
                seen,
                known,
                p.named(),
                p.wanted(),
                p.request(),
                p.maxDataLoss(),
                silent(p, seen),
                holder ? handover(p, seen.get().lease(), known, log) : Handover.PENDING,
                holder || seen.isEmpty()
                        ? Optional.empty()
                        : points.newest(p, seen.get().lease(), p.location()));
        return moves.make(LeaseRules.decide(s), p, seen, log);
    }

    /** A lease that is ours is kept, if this cluster knows of it. */
    private void keep(PlanSite p, LeaseVersion seen, OptionalLong known, long asked) {
        long epoch = seen.lease().epoch();
        boolean created = epoch == 1 && known.isPresent() && known.getAsLong() == 0;
        if (created) {
            writer.update(p.plan(), FailoverPlanStatus.class, s -> s.epoch = 1L);
        }
        if (created || known.isPresent() && known.getAsLong() == epoch) {
            Duration age = seen.age().plusNanos(System.nanoTime() - asked);
            guards.keep(p, epoch, age);
        }
    }

    private Handover handover(PlanSite p, Lease lease, OptionalLong known, FailoverJournal log) {
        boolean ours = lease.state() == Lease.State.Releasing
                && lease.request() != null
                && known.isPresent()
                && known.getAsLong() == lease.epoch();
        return ours ? handOver.advance(p, lease, log) : Handover.PENDING;
    }

    /** Whether the other site's operator is away; it matters only while it asks for something. */
    private static boolean silent(PlanSite p, Optional<LeaseVersion> seen) {
        boolean asks = seen.map(s -> s.lease().requestedBy(p.peer())).orElse(false);
        return asks
                && p.store()
                        .timeSinceHeartbeat(p.peer())
                        .map(d -> d.compareTo(p.timing().duration()) > 0)
                        .orElse(true);
    }

    /** The epoch that a run leads to, seen from here. */
    private static long runEpoch(PlanSite p, Optional<LeaseVersion> seen) {
        if (seen.isEmpty()) {
            return 1;
        }
        Lease lease = seen.get().lease();
        boolean arrived = lease.heldBy(p.site()) && lease.request() == null;
        return arrived ? lease.epoch() : lease.epoch() + 1;
    }

    /** One plan for a namespace: two would gate against each other. */
    private void requireSinglePlan(FailoverPlan plan) {
        FailoverPlan ruling = PlanRoles.ruling(client.resources(FailoverPlan.class)
                        .inNamespace(plan.getMetadata().getNamespace())
                        .list()
                        .getItems())
                .orElse(plan);
        if (!ruling.getMetadata().getName().equals(plan.getMetadata().getName())) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "FailoverPlan " + PlanRoles.key(plan) + ": the namespace is ruled by FailoverPlan "
                            + ruling.getMetadata().getName() + " already; delete one of them");
        }
    }

    /**
     * The lease cannot be read, or the plan cannot work. A site that is active stays so as long as its keeper can prove it;
     * pods of a plan that names the other site are held back even then.
     */
    private Duration reportFailure(FailoverPlan plan, BreakwaterException e) {
        boolean active = keepers.mayRun(PlanRoles.key(plan)) && plan.getStatus().role == Role.Active;
        Role role = active ? Role.Active : Role.Unknown;
        Long known = plan.getStatus().epoch;
        if (e.reason() != Reason.Conflict) {
            roles.set(PlanRoles.key(plan), role, known == null ? 0 : known);
            boolean elsewhere = plan.getSpec().sites.stream().anyMatch(s -> s.name.equals(sites.site()))
                    && !plan.getSpec().activeSite.equals(sites.site());
            if (known == null && elsewhere) {
                gate.close(plan.getMetadata().getNamespace(), PlanSite.holder(plan));
            }
        }
        report.trouble(plan, role, e);
        return AGAIN;
    }

    /**
     * A plan that is deleted where it is active leaves the application running, and a lease that nobody may take. One that is
     * deleted where it is passive leaves the namespace gated: opening it would make a second active site.
     */
    @Override
    public DeleteControl cleanup(FailoverPlan plan, Context<FailoverPlan> context) {
        try {
            leave(plan);
        } catch (BreakwaterException e) {
            if (e.isRetryable() && !terminating(plan)) {
                events.warning(plan, e.reason(), "the lease cannot be retired yet: " + e.getMessage());
                return DeleteControl.noFinalizerRemoval().rescheduleAfter(AGAIN);
            }
        }
        keepers.stop(PlanRoles.key(plan));
        roles.forget(PlanRoles.key(plan));
        report.forget(plan);
        return DeleteControl.defaultDelete();
    }

    private void leave(FailoverPlan plan) {
        PlanSite p = sites.open(plan);
        Optional<LeaseVersion> seen = p.store().read();
        if (seen.map(s -> s.lease().heldBy(p.site())).orElse(false)) {
            keepers.stop(p.key());
            if (p.store().write(seen.get().lease().retired(), seen).isEmpty()) {
                throw BreakwaterException.retryable(Reason.Conflict, "somebody else wrote the lease at the same time");
            }
            gate.open(p.namespace(), p.holder());
        } else {
            events.warning(
                    plan,
                    Reason.Standby,
                    "the namespace stays gated, since site " + p.peer()
                            + " may be active; to let the application run here," + " remove label " + Api.STANDBY
                            + " and annotation " + Api.GATED_BY + " from it");
        }
    }

    private boolean terminating(FailoverPlan plan) {
        Namespace n =
                client.namespaces().withName(plan.getMetadata().getNamespace()).get();
        return n == null || n.getMetadata().getDeletionTimestamp() != null;
    }
}
