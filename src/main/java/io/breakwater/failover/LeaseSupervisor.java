package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.LastRenewal;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.lease.LeaseKeeper.Holding;
import io.breakwater.lease.LeaseTiming;
import io.breakwater.observe.Events;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;

/** Starts the keepers of leases, and closes the gate and reports for them. */
@ApplicationScoped
class LeaseSupervisor {
    private final PlanSites sites;
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final Events events;
    private final Clock clock;
    private volatile Consumer<FailoverPlan> wake = plan -> {};

    LeaseSupervisor(PlanSites sites, NamespaceGate gate, LeaseKeepers keepers, Events events, Clock clock) {
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

    /** Renews the lease of an epoch in which this site is the holder. */
    void keep(FailoverPlan plan, long epoch, LastRenewal last) {
        String key = PlanRoles.key(plan);
        FreshRendezvous rendezvous =
                new FreshRendezvous(() -> sites.rendezvous(plan), LeaseKeeper.platformThreads("opening lease " + key));
        keepers.keep(new Holding(key, sites.site(), epoch, timing(plan)), rendezvous, last, guard(plan));
    }

    /**
     * Starts a keeper from the status of the plan alone, before the lease has been read and although the plan may not be usable.
     * Pods may be running although the lease was lost in the meantime. The last known renewal determines the time in which the
     * keeper must renew. Has no effect for a plan that is not active here as far as this cluster knows, or that has a keeper.
     */
    void resume(FailoverPlan plan) {
        FailoverPlanStatus status = plan.getStatus();
        boolean active = status != null && status.epoch != null && status.epoch > 0;
        if (!active || keepers.of(PlanRoles.key(plan)).isPresent() || isGated(plan)) {
            return;
        }
        // A raised spec.lease.duration counts only once the document has it. Without a record, the document may have
        // any.
        Duration documented = Durations.parse(status.leaseDuration, LeaseTiming.SHORTEST);
        Duration age = status.leaseRenewedAt == null ? timing(plan).notice() : since(status.leaseRenewedAt);
        keep(plan, status.epoch, new LastRenewal(age, documented));
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

    private Duration since(String renewed) {
        Duration age = Duration.between(Instant.parse(renewed), clock.instant());
        return age.isNegative() ? Duration.ZERO : age;
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
        };
    }
}
