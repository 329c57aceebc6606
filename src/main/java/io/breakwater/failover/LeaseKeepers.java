package io.breakwater.failover;

import io.breakwater.lease.LeaseKeeper;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The keepers of the leases that this site holds, by namespace and name of the plan. */
@ApplicationScoped
class LeaseKeepers {
    private final Clock clock;
    private final Map<String, LeaseKeeper> keepers = new ConcurrentHashMap<>();

    LeaseKeepers(Clock clock) {
        this.clock = clock;
    }

    /**
     * Makes sure that a keeper renews the lease of a plan in the given epoch.
     *
     * @param age age of the last known renewal; only for a keeper that starts now
     */
    LeaseKeeper keep(PlanSite plan, long epoch, Duration age, LeaseKeeper.Guard guard) {
        return keepers.compute(plan.key(), (key, present) -> {
            if (present != null && !present.isStopped() && present.epoch() == epoch) {
                return present;
            }
            if (present != null) {
                present.stop();
            }
            LeaseKeeper keeper = new LeaseKeeper(
                    key, plan.site(), epoch, plan.store(), plan.timing(), age, guard, clock, System::nanoTime);
            keeper.start();
            return keeper;
        });
    }

    /** The keeper of a plan, if this site holds the lease as far as it knows. */
    Optional<LeaseKeeper> of(String plan) {
        return Optional.ofNullable(keepers.get(plan)).filter(keeper -> !keeper.isStopped());
    }

    /** Whether the pods of a plan may run here now. */
    boolean mayRun(String plan) {
        return of(plan).map(LeaseKeeper::mayRun).orElse(false);
    }

    /** Stops the keeper of a plan, whose gate is closed already. This site does not hold the lease any more. */
    void stop(String plan) {
        LeaseKeeper keeper = keepers.remove(plan);
        if (keeper != null) {
            keeper.stop();
        }
    }

    @PreDestroy
    void stopAll() {
        keepers.values().forEach(LeaseKeeper::stop);
    }
}
