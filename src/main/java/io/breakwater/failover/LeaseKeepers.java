package io.breakwater.failover;

import io.breakwater.lease.LastRenewal;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.lease.LeaseKeeper.Clocks;
import io.breakwater.lease.LeaseKeeper.Holding;
import io.breakwater.lease.LeaseStore;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** The keepers of the leases that this site holds, by namespace and name of the plan. */
@ApplicationScoped
class LeaseKeepers {
    private static final Logger LOG = Logger.getLogger(LeaseKeepers.class);
    private static final Duration LAST_RENEWALS = Duration.ofSeconds(3);

    private final Clocks clocks;
    private final Map<String, LeaseKeeper> keepers = new ConcurrentHashMap<>();

    LeaseKeepers(Clock clock) {
        this.clocks = new Clocks(clock, System::nanoTime);
    }

    /**
     * Makes sure that a keeper renews a lease, with the terms of the plan.
     *
     * @param stores opens the rendezvous; called for each attempt
     * @param servesOn whether the lease says {@code KeepServing}; only for a keeper that starts now
     * @param last the last known renewal; only for a keeper that starts now
     */
    LeaseKeeper keep(
            Holding holding, Supplier<LeaseStore> stores, boolean servesOn, LastRenewal last, LeaseKeeper.Guard guard) {
        return keepers.compute(holding.plan(), (key, present) -> {
            if (present != null && !present.isStopped() && present.epoch() == holding.epoch()) {
                present.change(holding.terms());
                return present;
            }
            if (present != null) {
                present.stop();
            }
            LeaseKeeper keeper = new LeaseKeeper(
                    holding,
                    stores,
                    servesOn,
                    last,
                    guard,
                    clocks,
                    LeaseKeeper.platformThreads("call for lease " + key));
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

    /** Why the lease of a plan cannot be renewed although its pods run on; empty while it is renewed in time. */
    Optional<String> risk(String plan) {
        return of(plan).filter(LeaseKeeper::isAtRisk)
                .map(keeper -> keeper.failure().orElse("the rendezvous location does not answer"));
    }

    /** Whether the keeper of a plan has retired the lease. */
    boolean isRetired(String plan) {
        LeaseKeeper keeper = keepers.get(plan);
        return keeper != null && keeper.isRetired();
    }

    /** Plans whose keepers did not run for a long time. */
    List<String> late() {
        return keepers.entrySet().stream()
                .filter(entry -> entry.getValue().isLate())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /** Stops the keeper of a plan, whose gate is closed already. This site does not hold the lease any more. */
    void stop(String plan) {
        LeaseKeeper keeper = keepers.remove(plan);
        if (keeper != null) {
            keeper.stop();
        }
    }

    /** Renews all leases once more before anything else stops, so that the next process has the whole lease to start in. */
    void renewLast(@Observes @Priority(1) ShutdownEvent event) {
        List<Thread> renewals = keepers.entrySet().stream()
                .map(entry -> Thread.ofPlatform()
                        .daemon()
                        .name("last renewal " + entry.getKey())
                        .start(() -> renewLast(entry.getKey(), entry.getValue())))
                .toList();
        long deadline = System.nanoTime() + LAST_RENEWALS.toNanos();
        try {
            for (Thread renewal : renewals) {
                renewal.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        stopAll();
    }

    private static void renewLast(String plan, LeaseKeeper keeper) {
        try {
            keeper.renewLast();
        } catch (RuntimeException e) {
            LOG.warnf("could not renew the lease of FailoverPlan %s before the process ends: %s", plan, e.getMessage());
        }
    }

    @PreDestroy
    void stopAll() {
        keepers.values().forEach(LeaseKeeper::stop);
    }
}
