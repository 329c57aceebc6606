package io.breakwater.failover;

import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Events;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;

/** Starts the keepers of leases, and does for them what has to be done to the cluster. */
@ApplicationScoped
class LeaseSupervisor {
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final PlanRoles roles;
    private final Events events;
    private final Clock clock;
    private volatile Consumer<FailoverPlan> wake = plan -> {};

    LeaseSupervisor(NamespaceGate gate, LeaseKeepers keepers, PlanRoles roles, Events events, Clock clock) {
        this.gate = gate;
        this.keepers = keepers;
        this.roles = roles;
        this.events = events;
        this.clock = clock;
    }

    /** Who is told when a plan needs a look. */
    void onChange(Consumer<FailoverPlan> listener) {
        wake = listener;
    }

    /** Keeps the lease of an epoch in which this site is the holder. */
    void keep(PlanSite p, long epoch, Duration age) {
        keepers.keep(p.key(), p.site(), epoch, p.store(), p.timing(), age, guard(p));
    }

    /**
     * Starts before anything has been read, after a start of the operator: pods may be running on the strength of a lease that
     * was lost meanwhile. What was known of the last renewal decides how long may be spent on finding out; it is never less
     * than the margin of the lease.
     */
    void takeUp(PlanSite p) {
        FailoverPlanStatus s = p.status();
        if (s.epoch == null || s.epoch == 0 || gate.closedBy(p.namespace(), p.holder())) {
            return;
        }
        Duration least = p.timing().notice().minus(p.timing().margin());
        keep(p, s.epoch, s.leaseRenewedAt == null ? least : min(least, since(s.leaseRenewedAt)));
    }

    private Duration since(String renewed) {
        Duration age = Duration.between(Instant.parse(renewed), clock.instant());
        return age.isNegative() ? Duration.ZERO : age;
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    private LeaseKeeper.Guard guard(PlanSite p) {
        return new LeaseKeeper.Guard() {
            @Override
            public void gate(Duration grace) {
                roles.set(p.key(), Role.Unknown, epoch(p));
                gate.close(p.namespace(), p.holder(), grace);
            }

            @Override
            public void proven(LeaseVersion seen) {
                wake.accept(p.plan());
            }

            @Override
            public void lost(String why) {
                events.warning(p.plan(), Reason.LeaseLost, "the namespace is gated: " + why);
                wake.accept(p.plan());
            }
        };
    }

    private static long epoch(PlanSite p) {
        return p.status().epoch == null ? 0 : p.status().epoch;
    }
}
