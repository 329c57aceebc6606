package io.breakwater.failover;

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
     * Makes sure that the lease of a plan is kept, for the given epoch.
     *
     * @param age how old the last known renewal is; only for a keeper that starts now
     */
    LeaseKeeper keep(
            String plan,
            String site,
            long epoch,
            LeaseStore store,
            LeaseTiming timing,
            Duration age,
            LeaseKeeper.Guard guard) {
        return keepers.compute(plan, (key, present) -> {
            if (present != null && !present.isStopped() && present.epoch() == epoch) {
                return present;
            }
            if (present != null) {
                present.stop();
            }
            LeaseKeeper keeper = new LeaseKeeper(key, site, epoch, store, timing, age, guard, clock, System::nanoTime);
            keeper.start();
            return keeper;
        });
    }

    /** The keeper of a plan, if this site holds its lease as far as is known. */
    Optional<LeaseKeeper> of(String plan) {
        return Optional.ofNullable(keepers.get(plan)).filter(k -> !k.isStopped());
    }

    /** Whether the pods of a plan may run here now. */
    boolean mayRun(String plan) {
        return of(plan).map(LeaseKeeper::mayRun).orElse(false);
    }

    /** The lease is not ours any more, and the gate is closed. */
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
