package io.breakwater.lease;

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
 * Renews one lease that this site holds, on its own thread, and closes the gate when renewals fail for too long. Time is
 * monotonic and counts from the start of the last renewal that succeeded. The keeper waits for each call only for a share of
 * the lease. So it closes the gate as early when a store or an API server hangs as when it refuses.
 */
public final class LeaseKeeper {
    /** The effects of the keeper on its cluster. Each call may block. */
    public interface Guard {
        /** Closes the gate of the namespace; called again until it succeeds. */
        void gate(Duration grace);

        /** Reports that the lease was renewed. */
        void renewed();

        /** Reports that the lease is not certain any more. The keeper has stopped if another site holds the lease. */
        void lost(String cause);
    }

    private static final Logger LOG = Logger.getLogger(LeaseKeeper.class);
    private static final int OUTSTANDING = 3;

    private sealed interface Answer {
        record Renewed(long startedAt) implements Answer {}

        record NotHeld(String cause) implements Answer {}

        record Failed(String cause) implements Answer {}
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
     * @param epoch the epoch that this cluster remembers; the lease of another epoch belongs to another site
     * @param age age of the last known renewal
     * @param nanos a monotonic clock
     */
    public LeaseKeeper(
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

    public void start() {
        Thread.ofVirtual().name("lease " + name).start(LogContext.wrap(this::run));
    }

    /** Stops the keeper. It does not close the gate, since the gate is closed already. */
    public void stop() {
        stopped = true;
    }

    public boolean isStopped() {
        return stopped;
    }

    public long epoch() {
        return epoch;
    }

    /** Whether pods may run: a renewal by this process succeeded, and is recent enough. */
    public boolean mayRun() {
        return !stopped && !lost && timing.mayRun(age());
    }

    /** Time since the start of the last renewal that succeeded. */
    public Duration age() {
        return Duration.ofNanos(nanos.getAsLong() - renewedAt);
    }

    private void run() {
        long next = nanos.getAsLong();
        boolean reported = false;
        while (!stopped) {
            if (nanos.getAsLong() - next >= 0) {
                next = nanos.getAsLong() + timing.attempt().toNanos();
                attempt();
            }
            Answer answer = await(Math.min(next - nanos.getAsLong(), untilNotice(reported)));
            switch (answer) {
                case Answer.Renewed renewed -> {
                    reported = false;
                    next = renewed.startedAt() + timing.renewEvery().toNanos();
                    accept(renewed);
                }
                case Answer.NotHeld notHeld -> lose(notHeld.cause(), true);
                case Answer.Failed failed ->
                    LOG.warnf("could not renew the lease of FailoverPlan %s, will retry: %s", name, failed.cause());
                case null -> {}
            }
            if (!stopped && !reported && !timing.mayRun(age())) {
                reported = true;
                lose("the lease was not renewed for " + age().toSeconds() + "s", false);
            }
        }
    }

    private long untilNotice(boolean reported) {
        return reported ? Long.MAX_VALUE : timing.notice().minus(age()).toNanos();
    }

    private Answer await(long forNanos) {
        try {
            return answers.poll(Math.max(forNanos, 1_000_000), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            stopped = true;
            return null;
        }
    }

    private void accept(Answer.Renewed renewed) {
        if (renewed.startedAt() - renewedAt > 0 || lost) {
            renewedAt = Math.max(renewedAt, renewed.startedAt());
        }
        if (timing.mayRun(age())) {
            lost = false;
            Thread.ofVirtual().start(LogContext.wrap(guard::renewed));
        }
    }

    private void lose(String cause, boolean permanent) {
        lost = true;
        stopped = permanent;
        LOG.warnf("lost the lease of FailoverPlan %s: %s; gating the namespace", name, cause);
        Thread.ofVirtual().name("gate " + name).start(LogContext.wrap(() -> {
            gateUntilDone();
            guard.lost(cause);
        }));
    }

    /** Retries until the API server has accepted the gate, unless the lease is renewed in the meantime. */
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
                    LOG.errorf("could not gate the namespace of FailoverPlan %s, will retry: %s", name, e.getMessage());
                    TimeUnit.SECONDS.sleep(1);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            gating.set(false);
        }
    }

    /** Starts one renewal. Its answer counts from this moment, however late it arrives. */
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
                LOG.errorf(e, "renewal of the lease of FailoverPlan %s failed", name);
                answers.offer(new Answer.Failed(e.toString()));
            } finally {
                outstanding.decrementAndGet();
            }
        }));
    }

    private Answer renew(long startedAt) {
        Optional<LeaseVersion> now = store.read();
        if (now.isEmpty()) {
            return new Answer.NotHeld("the store has no lease");
        }
        Lease lease = now.get().lease();
        if (!lease.heldBy(site)) {
            return new Answer.NotHeld(
                    "the lease is " + lease.state() + " by site " + lease.holder() + " in epoch " + lease.epoch());
        }
        if (lease.epoch() != epoch) {
            return new Answer.NotHeld(
                    "the lease is in epoch " + lease.epoch() + ", but this cluster remembers epoch " + epoch);
        }
        long ahead = Duration.between(now.get().storeTime(), clock.instant()).toMillis();
        Lease next = lease.renewed(timing.duration(), ahead);
        return store.write(next, now)
                .<Answer>map(written -> new Answer.Renewed(startedAt))
                .orElseGet(() -> new Answer.Failed("another process wrote the lease at the same time"));
    }
}
