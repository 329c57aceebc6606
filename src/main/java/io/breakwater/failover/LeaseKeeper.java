package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.observe.LogContext;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/**
 * Renews one lease that this site holds, on a thread of its own, and gates the namespace when that fails for too long. Time
 * is monotonic and counts from the start of the last renewal that succeeded. No call is waited for longer than its share of
 * the lease: a store or an API server that hangs makes it gate no later than one that refuses.
 */
final class LeaseKeeper {
    /** What the keeper does to its cluster, and whom it tells. Each call may block. */
    interface Guard {
        /** Holds the namespace back; called again until it succeeds. */
        void gate(Duration grace);

        /** The lease was renewed, or read as it is. */
        void proven(LeaseVersion seen);

        /** The lease may not be counted on any more; the keeper has ended if it is not ours. */
        void lost(String why);
    }

    private static final Logger LOG = Logger.getLogger(LeaseKeeper.class);
    private static final int OUTSTANDING = 3;

    private sealed interface Answer {
        record Renewed(long startedAt, LeaseVersion seen) implements Answer {}

        record NotOurs(String why) implements Answer {}

        record Failed(String why) implements Answer {}
    }

    private final String name;
    private final String site;
    private final long epoch;
    private final LeaseStore store;
    private final LeaseTiming timing;
    private final Guard guard;
    private final Clock clock;
    private final LongSupplier nanos;
    private final BlockingQueue<Answer> answers = new ArrayBlockingQueue<>(64);
    private final AtomicInteger outstanding = new AtomicInteger();
    private final AtomicBoolean gating = new AtomicBoolean();
    private volatile long renewedAt;
    private volatile boolean lost;
    private volatile boolean stopped;

    /**
     * @param epoch the epoch that this cluster remembers; a lease of another one is not ours
     * @param age how old the last known renewal is
     * @param nanos a monotonic clock
     */
    LeaseKeeper(
            String name,
            String site,
            long epoch,
            LeaseStore store,
            LeaseTiming timing,
            Duration age,
            Guard guard,
            Clock clock,
            LongSupplier nanos) {
        this.name = name;
        this.site = site;
        this.epoch = epoch;
        this.store = store;
        this.timing = timing;
        this.guard = guard;
        this.clock = clock;
        this.nanos = nanos;
        this.renewedAt = nanos.getAsLong() - age.toNanos();
        this.lost = true;
    }

    void start() {
        Thread.ofVirtual().name("lease " + name).start(LogContext.wrap(this::run));
    }

    /** Ends without gating: the lease was given up, and the gate is closed already. */
    void stop() {
        stopped = true;
    }

    boolean isStopped() {
        return stopped;
    }

    long epoch() {
        return epoch;
    }

    /** Whether pods may run: a renewal of this process succeeded, not too long ago. */
    boolean mayRun() {
        return !stopped && !lost && timing.mayRun(age());
    }

    /** Time since the start of the last renewal that succeeded. */
    Duration age() {
        return Duration.ofNanos(nanos.getAsLong() - renewedAt);
    }

    private void run() {
        long next = nanos.getAsLong();
        boolean told = false;
        while (!stopped) {
            if (nanos.getAsLong() - next >= 0) {
                next = nanos.getAsLong() + timing.attempt().toNanos();
                attempt();
            }
            Answer answer = await(Math.min(next - nanos.getAsLong(), untilNotice(told)));
            switch (answer) {
                case Answer.Renewed r -> {
                    told = false;
                    next = r.startedAt() + timing.renewEvery().toNanos();
                    proven(r);
                }
                case Answer.NotOurs n -> lose(n.why(), true);
                case Answer.Failed f -> LOG.warnf("lease %s was not renewed: %s", name, f.why());
                case null -> {}
            }
            if (!stopped && !told && !timing.mayRun(age())) {
                told = true;
                lose("not renewed for " + age().toSeconds() + "s", false);
            }
        }
    }

    private long untilNotice(boolean told) {
        return told ? Long.MAX_VALUE : timing.notice().minus(age()).toNanos();
    }

    private Answer await(long forNanos) {
        try {
            return answers.poll(Math.max(forNanos, 1_000_000), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            stopped = true;
            return null;
        }
    }

    private void proven(Answer.Renewed r) {
        if (r.startedAt() - renewedAt > 0 || lost) {
            renewedAt = Math.max(renewedAt, r.startedAt());
        }
        if (timing.mayRun(age())) {
            lost = false;
            Thread.ofVirtual().start(LogContext.wrap(() -> guard.proven(r.seen())));
        }
    }

    private void lose(String why, boolean forGood) {
        lost = true;
        stopped = forGood;
        LOG.warnf("lease %s is not ours to count on: %s; the namespace is gated", name, why);
        Thread.ofVirtual().name("gate " + name).start(LogContext.wrap(() -> {
            gateUntilDone();
            guard.lost(why);
        }));
    }

    /** Gates until the API server has taken it, unless the lease is proven again meanwhile. */
    private void gateUntilDone() {
        if (!gating.compareAndSet(false, true)) {
            return;
        }
        try {
            while (lost) {
                try {
                    guard.gate(timing.grace());
                    return;
                } catch (RuntimeException e) {
                    LOG.errorf("namespace of %s could not be gated, trying again: %s", name, e.getMessage());
                    TimeUnit.SECONDS.sleep(1);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            gating.set(false);
        }
    }

    /** Starts one renewal; its answer counts from now, whenever it comes. */
    private void attempt() {
        if (outstanding.incrementAndGet() > OUTSTANDING) {
            outstanding.decrementAndGet();
            return;
        }
        long startedAt = nanos.getAsLong();
        Thread.ofVirtual().name("renew " + name).start(LogContext.wrap(() -> {
            try {
                answers.offer(renew(startedAt));
            } catch (BreakwaterException e) {
                answers.offer(new Answer.Failed(e.getMessage()));
            } catch (RuntimeException e) {
                LOG.errorf(e, "renewal of lease %s", name);
                answers.offer(new Answer.Failed(e.toString()));
            } finally {
                outstanding.decrementAndGet();
            }
        }));
    }

    private Answer renew(long startedAt) {
        Optional<LeaseVersion> now = store.read();
        if (now.isEmpty()) {
            return new Answer.NotOurs("there is no lease in the store");
        }
        Lease lease = now.get().lease();
        if (!lease.heldBy(site)) {
            return new Answer.NotOurs(
                    "it is " + lease.state() + " by site " + lease.holder() + " in epoch " + lease.epoch());
        }
        if (lease.epoch() != epoch) {
            return new Answer.NotOurs("it is in epoch " + lease.epoch() + ", this cluster remembers " + epoch);
        }
        long ahead = Duration.between(now.get().storeTime(), clock.instant()).toMillis();
        Lease next = lease.renewed(timing.duration(), ahead);
        return store.write(next, now)
                .<Answer>map(s -> new Answer.Renewed(startedAt, s))
                .orElseGet(() -> new Answer.Failed("somebody else wrote it at the same time"));
    }
}
