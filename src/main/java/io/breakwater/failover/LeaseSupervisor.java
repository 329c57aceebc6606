package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.LastRenewal;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.lease.LeaseKeeper.Holding;
import io.breakwater.lease.LeaseTerms;
import io.breakwater.lease.LeaseTiming;
import io.breakwater.observe.Events;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;

/** Starts the keepers of leases, and closes the gate and reports for them. */
@ApplicationScoped
class LeaseSupervisor {
    /** Start of the message about a lease that cannot be renewed. */
    static final String AT_RISK =
            "the lease cannot be renewed; the application keeps running, and the other site cannot take"
                    + " over without an attestation: ";

    private final PlanSites sites;
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final PodStartReader pods;
    private final Events events;
    private final Clock clock;
    private volatile Consumer<FailoverPlan> wake = plan -> {};

    LeaseSupervisor(
            KubernetesClient client,
            PlanSites sites,
            NamespaceGate gate,
            LeaseKeepers keepers,
            Events events,
            Clock clock) {
        this.pods = new PodStartReader(client);
        this.sites = sites;
        this.gate = gate;
        this.keepers = keepers;
        this.events = events;
        this.clock = clock;
    }

    /** Sets the listener for plans that need a reconciliation. */
    void onChange(Consumer<FailoverPlan> listener) {
        wake = listener;
    }

    /** Asks for a reconciliation of a plan. */
    void wake(FailoverPlan plan) {
        wake.accept(plan);
    }

    /** Renews the lease of an epoch in which this site is the holder, with the terms of the plan. */
    void keep(FailoverPlan plan, long epoch, LastRenewal last) {
        keep(plan, epoch, last, PlanSite.onLoss(plan));
    }

    private void keep(FailoverPlan plan, long epoch, LastRenewal last, OnLoss onLoss) {
        String key = PlanRoles.key(plan);
        FreshRendezvous rendezvous =
                new FreshRendezvous(() -> sites.rendezvous(plan), LeaseKeeper.platformThreads("opening lease " + key));
        LeaseTerms terms = new LeaseTerms(timing(plan), onLoss);
        boolean servesOn = plan.getStatus() != null && plan.getStatus().onLoss == OnLoss.KeepServing;
        keepers.keep(new Holding(key, sites.site(), epoch, terms), rendezvous, servesOn, last, guard(plan));
    }

    /**
     * Starts a keeper from the status of the plan alone, before the lease has been read and although the plan may not be usable.
     * Pods may be running although the lease was lost in the meantime. The last known renewal determines the time in which the
     * keeper must renew. It writes {@code KeepServing} again if the status has it: an edit to {@code Gate} must be in the status before
     * it is in the lease. A site that has seen the lease in a later epoch than it has served lost it, and is gated. Has no effect for a
     * plan that is not active here as far as this cluster knows, or that has a keeper.
     */
    void resume(FailoverPlan plan) {
        FailoverPlanStatus status = plan.getStatus();
        boolean active = status != null && status.epoch != null && status.epoch > 0;
        if (!active || keepers.of(PlanRoles.key(plan)).isPresent() || isGated(plan)) {
            return;
        }
        if (status.leaseEpoch != null && status.leaseEpoch > status.epoch) {
            gate.close(plan.getMetadata().getNamespace(), PlanSite.gateHolder(plan), LeaseTiming.LOST_GRACE);
            return;
        }
        Duration age = status.leaseRenewedAt == null ? timing(plan).notice() : since(status.leaseRenewedAt);
        boolean kept = status.onLoss == OnLoss.KeepServing;
        keep(
                plan,
                status.epoch,
                new LastRenewal(age, documented(status)),
                kept ? OnLoss.KeepServing : PlanSite.onLoss(plan));
    }

    private boolean isGated(FailoverPlan plan) {
        try {
            String namespace = plan.getMetadata().getNamespace();
            return gate.closedBy(namespace, PlanSite.gateHolder(plan)) || gate.isOpenedByUser(namespace);
        } catch (KubernetesClientException e) {
            // A keeper does no harm in a gated namespace, but a namespace without one is not gated in time.
            return false;
        }
    }

    /** The times of the plan; the shortest ones for a plan whose duration is not valid. */
    private static LeaseTiming timing(FailoverPlan plan) {
        try {
            return PlanSite.timing(plan);
        } catch (BreakwaterException e) {
            return LeaseTiming.of(LeaseTiming.SHORTEST);
        }
    }

    /** A raised spec.lease.duration counts only once the document has it. Without a record, the document may have any. */
    private static Duration documented(FailoverPlanStatus status) {
        return Durations.parse(status.leaseDuration, LeaseTiming.SHORTEST);
    }

    private Duration since(String renewed) {
        Duration age = Duration.between(Instant.parse(renewed), clock.instant());
        return age.isNegative() ? Duration.ZERO : age;
    }

    /**
     * Whether the application runs since the last renewal that this cluster has a record of. Then the site was not off, so that no user
     * can have attested it and no other site can be active.
     */
    private boolean hasServed(FailoverPlan plan) {
        FailoverPlanStatus status = plan.getStatus();
        return status != null
                && status.confirmedAt != null
                && pods.hasRunSince(plan.getMetadata().getNamespace(), Instant.parse(status.confirmedAt));
    }

    private LeaseKeeper.Guard guard(FailoverPlan plan) {
        return new LeaseKeeper.Guard() {
            @Override
            public void gate(Duration grace) {
                gate.close(plan.getMetadata().getNamespace(), PlanSite.gateHolder(plan), grace);
            }

            @Override
            public void renewed() {
                wake.accept(plan);
            }

            @Override
            public void lost(String cause) {
                events.warning(plan, Reason.LeaseLost, "the namespace is gated: " + cause);
                wake.accept(plan);
            }

            @Override
            public void atRisk(String cause) {
                events.warning(plan, Reason.LeaseAtRisk, AT_RISK + cause);
                wake.accept(plan);
            }

            @Override
            public boolean hasServed() {
                return LeaseSupervisor.this.hasServed(plan);
            }
        };
    }
}
