package io.breakwater.failover;

import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.observe.Events;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;

/** Starts the keepers of leases, and closes the gate and reports for them. */
@ApplicationScoped
class LeaseSupervisor {
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final Events events;
    private final Clock clock;
    private volatile Consumer<FailoverPlan> wake = plan -> {};

    LeaseSupervisor(NamespaceGate gate, LeaseKeepers keepers, Events events, Clock clock) {
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
    void keep(PlanSite plan, long epoch, Duration age) {
        keepers.keep(plan, epoch, age, guard(plan));
    }

    /**
     * Starts a keeper when the guard starts, before the lease has been read. Pods may be running although the lease was lost
     * in the meantime. The last known renewal determines the time in which the keeper must renew; it is never less than the
     * margin of the lease.
     */
    void resume(PlanSite plan) {
        long epoch = plan.knownEpoch().orElse(0);
        if (epoch == 0 || gate.closedBy(plan.namespace(), plan.gateHolder())) {
            return;
        }
        String renewedAt = plan.status().leaseRenewedAt;
        Duration least = plan.timing().notice().minus(plan.timing().margin());
        keep(plan, epoch, renewedAt == null ? least : min(least, since(renewedAt)));
    }

    private Duration since(String renewed) {
        Duration age = Duration.between(Instant.parse(renewed), clock.instant());
        return age.isNegative() ? Duration.ZERO : age;
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    private LeaseKeeper.Guard guard(PlanSite plan) {
        return new LeaseKeeper.Guard() {
            @Override
            public void gate(Duration grace) {
                gate.close(plan.namespace(), plan.gateHolder(), grace);
            }

            @Override
            public void renewed() {
                wake.accept(plan.resource());
            }

            @Override
            public void lost(String cause) {
                events.warning(plan.resource(), Reason.LeaseLost, "the namespace is gated: " + cause);
                wake.accept(plan.resource());
            }
        };
    }
}
