package io.breakwater.failover;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.ProcessRole;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.LastRenewal;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseAction;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.lease.LeaseRules;
import io.breakwater.lease.LeaseTiming;
import io.breakwater.lease.LeaseVersion;
import io.breakwater.lease.PointRef;
import io.breakwater.lease.SiteFacts;
import io.breakwater.lease.SiteFacts.Handover;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Events;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.points.PointIndex;
import io.breakwater.steps.StepRunner;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jboss.logging.Logger;

/** Reconciles a plan: reads the lease, decides by {@link LeaseRules}, acts, and reports. */
@ProcessRole(BreakwaterConfig.Role.guard)
@ControllerConfiguration(
        name = "failoverplan",
        finalizerName = Api.FINALIZER,
        informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 1000, intervalMultiplier = 1.5, maxInterval = 10_000)
class FailoverPlanReconciler implements Reconciler<FailoverPlan>, Cleaner<FailoverPlan> {
    private static final Logger LOG = Logger.getLogger(FailoverPlanReconciler.class);
    private static final Duration AGAIN = Duration.ofSeconds(5);

    /** A watch can be silent for minutes. An edit of a plan must not wait so long. */
    private static final Duration LONGEST_UNREAD = Duration.ofSeconds(10);

    /** Failures that are reported as events too: someone must find out who writes to the rendezvous. */
    private static final Set<Reason> SUSPICIOUS = Set.of(Reason.Tampered, Reason.WentBack, Reason.SiteNameTaken);

    private static final Set<String> DECISIONS = Set.of(Api.DISCARD_DIVERGENT, Api.ACCEPT_LEASE, Api.IN_PLACE);

    private final ObjectCache objects;
    private final RequestAges ages;
    private final PlanSites sites;
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final LeaseSupervisor supervisor;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;
    private final SharedBeats beats = new SharedBeats(System::nanoTime);
    private final PlanPoints points;
    private final PlanMemory memory;
    private final HandOver handOver;
    private final HandOverValidation validation;
    private final TakeOver takeOver;
    private final LeaseActions actions;
    private final PlanReport report;
    private final PlanRemoval removal;
    private final PlanHolders holders;
    private final SimpleInboundEventSource<FailoverPlan> wake = new SimpleInboundEventSource<>("wake");

    FailoverPlanReconciler(
            KubernetesClient client,
            PlanSites sites,
            NamespaceGate gate,
            LeaseKeepers keepers,
            LeaseSupervisor supervisor,
            StatusWriter writer,
            Events events,
            Meters meters,
            PointIndex index,
            ObjectCache objects,
            RequestAges ages,
            Clock clock) {
        this.objects = objects;
        this.ages = ages;
        this.sites = sites;
        this.gate = gate;
        this.keepers = keepers;
        this.supervisor = supervisor;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
        this.points = new PlanPoints(client, index);
        this.memory = new PlanMemory(writer);
        // Crashes are not counted: these steps read no data of pods, and a failover must not fail for another object.
        StepRunner runner = new StepRunner(clock);
        this.handOver = new HandOver(gate, points, runner, clock);
        this.validation = new HandOverValidation(client, sites, gate);
        this.report = new PlanReport(client, writer, meters, points, keepers, clock);
        this.removal = new PlanRemoval(client, sites, gate, keepers, supervisor, events);
        this.holders = new PlanHolders(client, gate, events);
        this.takeOver = new TakeOver(client, gate, points, runner, clock);
        ServedEpochStore served = new ServedEpochStore(client);
        DivergentCapture divergent = new DivergentCapture(gate, points, served, writer, events, report, clock);
        this.actions = new LeaseActions(
                new HolderActions(gate, keepers, takeOver, served, memory, events, clock),
                new LeaseWrites(gate, keepers, divergent, served, memory, sites, events),
                new StandbyActions(gate, holders, divergent, takeOver, served, memory, events));
    }

    @Override
    public List<EventSource<?, FailoverPlan>> prepareEventSources(EventSourceContext<FailoverPlan> context) {
        supervisor.onChange(plan -> wake.propagateEvent(ResourceID.fromResource(plan)));
        return List.of(wake);
    }

    @Override
    public UpdateControl<FailoverPlan> reconcile(FailoverPlan cached, Context<FailoverPlan> context) {
        FailoverPlan fresh;
        try {
            fresh = objects.recent(cached, LONGEST_UNREAD);
        } catch (RuntimeException e) {
            supervisor.resume(cached);
            throw e;
        }
        return fresh == null
                ? UpdateControl.noUpdate()
                : UpdateControl.<FailoverPlan>noUpdate().rescheduleAfter(reconcilePlan(fresh));
    }

    /**
     * Reconciles a plan that was read fresh.
     *
     * @return time until the next reconciliation at the latest
     */
    Duration reconcilePlan(FailoverPlan resource) {
        if (resource.getStatus() == null) {
            resource.setStatus(new FailoverPlanStatus());
        }
        try {
            requireSinglePlan(resource);
            confirmAnnotations(resource);
            holders.inherit(resource);
            PlanSite opened = sites.open(resource);
            long askedAt = System.nanoTime();
            Optional<LeaseVersion> seen = opened.store().read();
            seen.ifPresent(version -> reportOrigin(opened, version));
            requireProof(opened, seen);
            reportHeld(opened, seen, askedAt);
            seen.ifPresent(version -> memory.recordLease(
                    opened, version.lease(), keepers.of(opened.key()).map(LeaseKeeper::servesOn)));
            PlanSite plan = opened.with(intent(opened, seen));
            memory.recordIntent(plan);
            PlanOutcome outcome = act(plan, seen, askedAt);
            report.write(plan, seen, outcome);
            heartbeat(plan);
            return outcome.recheck();
        } catch (BreakwaterException e) {
            return reportFailure(resource, e);
        } catch (RuntimeException e) {
            protect(resource);
            throw e;
        }
    }

    /** The heartbeat needs the API server and the key of the site. The lease does not wait for it. */
    private void heartbeat(PlanSite plan) {
        try {
            // The read shows that the API server answers: a site without it cannot hand over, so it must count as
            // silent.
            if (beats.isDue(plan) && sites.mayBeat(plan.resource()) && objects.read(plan.resource()) != null) {
                plan.store().heartbeat(plan.site());
                beats.wrote(plan);
            }
        } catch (BreakwaterException | KubernetesClientException e) {
            LOG.warnf("could not write the heartbeat for FailoverPlan %s, will retry: %s", plan.key(), e.getMessage());
        }
    }

    /** Reports a lease whose earlier versions this cluster has not seen, and one that an administrator accepted. */
    private void reportOrigin(PlanSite plan, LeaseVersion seen) {
        plan.store()
                .memory()
                .takeRestored()
                .ifPresent(cause -> events.warning(plan.resource(), Reason.Tampered, cause));
        plan.store().memory().takeAccepted().ifPresent(counter -> {
            memory.recordAccepted(plan, counter, seen.lease().id());
            events.audited(
                    plan.resource(),
                    Reason.WentBack,
                    "accepted lease " + counter + " by annotation " + Api.ACCEPT_LEASE,
                    AuditEntry.of(AuditAction.AcceptLease, AuditResult.Finished));
        });
        boolean unknown = plan.status().leaseWrites == null && plan.knownEpoch().isEmpty();
        if (unknown) {
            events.normal(
                    plan.resource(),
                    Reason.FirstSeen,
                    "this cluster has no record of the lease, so it cannot know whether epoch "
                            + seen.lease().epoch() + " is the newest one");
        }
    }

    /**
     * A lease that is absent or older than this cluster remembers proves nothing. While pods may run, it is the keeper that gates
     * them, in time and only if it cannot renew.
     *
     * @throws BreakwaterException {@code LeaseLost}, retryable, while the keeper has not gated the namespace
     */
    private void requireProof(PlanSite plan, Optional<LeaseVersion> seen) {
        long known = plan.knownEpoch().orElse(0);
        if (seen.map(version -> version.lease().epoch()).orElse(0L) >= known || isTaking(plan, seen, known)) {
            return;
        }
        supervisor.resume(plan.resource());
        if (keepers.of(plan.key()).isPresent() && !gate.closedBy(plan.namespace(), plan.gateHolder())) {
            throw BreakwaterException.retryable(
                    Reason.LeaseLost,
                    "the rendezvous location has "
                            + seen.map(version -> "a lease of epoch "
                                            + version.lease().epoch())
                                    .orElse("no lease")
                            + ", but this site remembers epoch " + known
                            + "; restore the object before the lease expires, or the namespace is gated");
        }
    }

    private void reportHeld(PlanSite plan, Optional<LeaseVersion> seen, long askedAt) {
        seen.map(LeaseVersion::lease)
                .filter(lease -> lease.heldBy(plan.site()))
                .flatMap(lease -> keepers.of(plan.key()).filter(keeper -> keeper.epoch() == lease.epoch()))
                .ifPresent(keeper -> keeper.readAsHeld(askedAt));
    }

    /** Whether this site was about to take the lease in place when it recorded its new epoch. Its pods run meanwhile. */
    private static boolean isTaking(PlanSite plan, Optional<LeaseVersion> seen, long known) {
        return seen.map(LeaseVersion::lease)
                .filter(lease -> plan.isInPlace(lease) && known == lease.epoch() + 1)
                .isPresent();
    }

    /** A cache can be behind, so that a request that was deleted just now can still be seen: {@link #requireCurrent} reads it again. */
    private Intent intent(PlanSite plan, Optional<LeaseVersion> seen) {
        return Intent.of(
                plan.site(),
                plan.resource(),
                objects.in(FailoverRequest.class, plan.namespace()),
                plan.handled(seen.map(LeaseVersion::lease)),
                ages::of);
    }

    private PlanOutcome act(PlanSite plan, Optional<LeaseVersion> seen, long askedAt) {
        boolean holder = isHolder(plan, seen);
        OptionalLong known = plan.knownEpoch();
        FailoverJournal journal = new FailoverJournal(plan, runEpoch(plan, seen), writer, report, clock);
        if (holder) {
            renewIfKnown(plan, seen.get(), known, askedAt);
        } else if (seen.isPresent() && !plan.isInPlace(seen.get().lease())) {
            gate.close(plan.namespace(), plan.gateHolder(), LeaseTiming.LOST_GRACE);
            keepers.stop(plan.key());
        }
        SiteFacts facts = facts(plan, seen, known)
                .handover(seen.map(version -> progress(plan, version.lease(), known, journal))
                        .orElse(Handover.PENDING))
                .build();
        LeaseAction action = LeaseRules.decide(facts);
        requireCurrent(plan, action);
        return actions.perform(action, new ActionContext(plan, seen, journal));
    }

    /**
     * Reads the plan before each action except the two of a site at rest. The cache can be behind, and no site may ask for the lease,
     * take it or release it by an earlier spec.
     */
    private void requireCurrent(PlanSite site, LeaseAction action) {
        if (action instanceof LeaseAction.Serve || action instanceof LeaseAction.Follow) {
            return;
        }
        FailoverPlan plan = site.resource();
        FailoverPlan now = objects.read(plan);
        if (now == null || !isSame(site, now)) {
            throw BreakwaterException.retryable(
                    Reason.Pending, ObjectNames.of(plan) + " was changed or deleted just now; will retry");
        }
        if (site.intent() instanceof Intent.Take take
                && take.request() != null
                && objects.read(take.request()) == null) {
            throw BreakwaterException.retryable(
                    Reason.Pending, ObjectNames.of(take.request()) + " was deleted just now; will retry");
        }
    }

    /** An edit of spec.activeSite does not matter to a request, which takes precedence over it. */
    private static boolean isSame(PlanSite site, FailoverPlan now) {
        FailoverPlan then = site.resource();
        boolean requested = site.intent() instanceof Intent.Take take && take.request() != null;
        return Objects.equals(
                        now.getMetadata().getGeneration(), then.getMetadata().getGeneration())
                || requested
                        && Objects.equals(
                                now.getMetadata().getUid(), then.getMetadata().getUid())
                        && withoutActiveSite(now).equals(withoutActiveSite(then));
    }

    private static ObjectNode withoutActiveSite(FailoverPlan plan) {
        return Serialization.jsonMapper()
                .<ObjectNode>valueToTree(plan.getSpec())
                .without("activeSite");
    }

    /**
     * Reads an annotation that gives up data, or accepts or takes a lease, before it has an effect. The cache may have one that its
     * author removed.
     */
    private void confirmAnnotations(FailoverPlan plan) {
        Map<String, String> cached = plan.getMetadata().getAnnotations();
        if (cached == null || Collections.disjoint(cached.keySet(), DECISIONS)) {
            return;
        }
        FailoverPlan now = objects.read(plan);
        if (now == null) {
            throw BreakwaterException.retryable(
                    Reason.Pending, ObjectNames.of(plan) + " was deleted just now; will retry");
        }
        plan.getMetadata().setAnnotations(now.getMetadata().getAnnotations());
    }

    private SiteFacts.Draft facts(PlanSite plan, Optional<LeaseVersion> seen, OptionalLong known) {
        boolean mayTake = seen.isPresent() && !isHolder(plan, seen);
        Optional<Lease> vacated = seen.map(LeaseVersion::lease).filter(plan::isVacatedHere);
        return new SiteFacts.Draft()
                .site(plan.site())
                .timing(plan.timing())
                .seen(seen)
                .knownEpoch(known)
                .named(plan.isNamed())
                .wanted(plan.isWanted())
                .run(plan.request())
                .maxDataLoss(plan.maxDataLoss())
                .peerSilent(isPeerSilent(plan, seen))
                .attestation(plan.attestation())
                .newest(mayTake ? newest(plan, seen.get().lease()) : Optional.empty())
                .inPlace(vacated.filter(plan::isInPlace).isPresent())
                .hasVolumes(vacated.filter(lease -> !DivergentCapture.isDiscarded(plan, lease.epoch()))
                                .isPresent()
                        && takeOver.hasVolumes(plan));
    }

    /** Only a site that was asked to take over, or has asked for it, starts from the point. */
    private Optional<PointRef> newest(PlanSite plan, Lease lease) {
        return plan.isWanted() || lease.requestedBy(plan.site()) || plan.isVacatedHere(lease)
                ? points.readNewest(plan, lease, plan.location())
                : points.newest(plan, lease, plan.location());
    }

    private static boolean isHolder(PlanSite plan, Optional<LeaseVersion> seen) {
        return seen.map(version -> version.lease().heldBy(plan.site())).orElse(false);
    }

    /** Starts to renew the lease that this site holds, if this cluster has a record of its epoch. */
    private void renewIfKnown(PlanSite plan, LeaseVersion seen, OptionalLong known, long askedAt) {
        long epoch = seen.lease().epoch();
        boolean created = epoch == 1 && known.isPresent() && known.getAsLong() == 0;
        if (created) {
            memory.recordEpoch(plan, 1);
        }
        if (created || known.isPresent() && known.getAsLong() == epoch) {
            Duration age = seen.age().plusNanos(System.nanoTime() - askedAt);
            supervisor.keep(
                    plan.resource(), epoch, new LastRenewal(age, seen.lease().duration()));
        }
    }

    private Handover progress(PlanSite plan, Lease lease, OptionalLong known, FailoverJournal journal) {
        if (lease.heldBy(plan.site())) {
            return advanceHandover(plan, lease, known, journal);
        }
        if (lease.state() != Lease.State.Offered) {
            return Handover.PENDING;
        }
        if (lease.holder().equals(plan.site())) {
            return handOver.offered(plan, lease, journal);
        }
        return plan.isWanted() ? takeOver.prepared(plan, lease) : Handover.PENDING;
    }

    private Handover advanceHandover(PlanSite plan, Lease lease, OptionalLong known, FailoverJournal journal) {
        boolean own = lease.request() != null && known.isPresent() && known.getAsLong() == lease.epoch();
        if (!own) {
            return Handover.PENDING;
        }
        return switch (lease.state()) {
            case Held ->
                validation.check(plan).<Handover>map(Handover.Failed::new).orElse(Handover.PENDING);
            case Releasing -> handOver.advance(plan, lease, journal);
            default -> Handover.PENDING;
        };
    }

    /** Whether the operator of the other site does not respond; it matters only while a site has a request. */
    private static boolean isPeerSilent(PlanSite plan, Optional<LeaseVersion> seen) {
        boolean requests =
                seen.map(version -> version.lease().request() != null).orElse(false);
        return requests
                && plan.store()
                        .timeSinceHeartbeat(plan.peer())
                        .map(age -> age.compareTo(plan.timing().duration()) > 0)
                        .orElse(true);
    }

    /** The epoch that a run leads to, as this site sees it. */
    private static long runEpoch(PlanSite plan, Optional<LeaseVersion> seen) {
        if (seen.isEmpty()) {
            return 1;
        }
        Lease lease = seen.get().lease();
        boolean arrived = lease.heldBy(plan.site()) && lease.request() == null;
        return arrived ? lease.epoch() : lease.epoch() + 1;
    }

    /** A namespace has one plan: two plans would close the gate against each other. */
    private void requireSinglePlan(FailoverPlan resource) {
        FailoverPlan ruling = PlanRoles.ruling(
                        objects.in(FailoverPlan.class, resource.getMetadata().getNamespace()))
                .orElse(resource);
        if (!ruling.getMetadata().getName().equals(resource.getMetadata().getName())) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    ObjectNames.of(resource) + ": the namespace already has FailoverPlan "
                            + ruling.getMetadata().getName() + "; delete one of them");
        }
    }

    /**
     * Reports that the lease cannot be read, or that the plan cannot work. An active site stays active while its keeper still
     * has the lease for certain; a keeper is started if there is none, and gates in time. The pods of a plan that names the other site are held even in this case.
     */
    private Duration reportFailure(FailoverPlan resource, BreakwaterException e) {
        String key = PlanRoles.key(resource);
        boolean active = keepers.mayRun(key) && resource.getStatus().role == Role.Active;
        Role role = active ? Role.Active : Role.Unknown;
        if (e.reason() == Reason.SiteNameTaken) {
            gate.close(resource.getMetadata().getNamespace(), PlanSite.gateHolder(resource), LeaseTiming.LOST_GRACE);
            keepers.stop(key);
            role = Role.Unknown;
        } else if (e.reason() != Reason.Conflict) {
            protect(resource);
        }
        if (SUSPICIOUS.contains(e.reason())) {
            events.warning(resource, e.reason(), e.getMessage());
        }
        report.failed(resource, role, e);
        return AGAIN;
    }

    private void protect(FailoverPlan resource) {
        try {
            if (holders.openForUser(resource)) {
                return;
            }
        } catch (KubernetesClientException e) {
            LOG.warnf("could not ask whether a user opens the gate, will retry: %s", ServerMessage.of(e));
        }
        supervisor.resume(resource);
        boolean elsewhere = resource.getSpec().sites.stream().anyMatch(part -> part.name.equals(sites.site()))
                && !resource.getSpec().activeSite.equals(sites.site());
        if (resource.getStatus().epoch == null && elsewhere) {
            gate.close(resource.getMetadata().getNamespace(), PlanSite.gateHolder(resource));
        }
    }

    @Override
    public DeleteControl cleanup(FailoverPlan resource, Context<FailoverPlan> context) {
        if (!removal.advance(resource)) {
            return DeleteControl.noFinalizerRemoval().rescheduleAfter(AGAIN);
        }
        keepers.stop(PlanRoles.key(resource));
        sites.forget(resource);
        report.forget(resource);
        points.forget(resource);
        return DeleteControl.defaultDelete();
    }
}
