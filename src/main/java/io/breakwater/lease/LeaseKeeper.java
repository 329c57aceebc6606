package io.breakwater.lease;

import io.breakwater.api.BreakwaterException;
import io.breakwater.observe.LogContext;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Renews one lease that this site holds, and closes the gate when renewals fail for too long. Time is monotonic and counts from
 * the start of the last renewal that succeeded. The thread of the keeper never waits for a store or an API server: calls run on
 * threads of their own. All of them are platform threads, so that no other work of the process can delay them.
 */
public final class LeaseKeeper {
    /** The effects of the keeper on its cluster. Each call may block. */
    public interface Guard {
        /** Closes the gate of the namespace; called again until it succeeds. */
        void gate(Duration grace);

        /** Reports that the lease was renewed or retired. */
        void renewed();

        /** Reports that the lease is not certain any more. The keeper has stopped if another site holds the lease. */
        void lost(String cause);

        /**
         * Reports that the lease was not renewed in time, and that the pods run on, since the lease says {@code KeepServing}; called
         * again while that lasts.
         */
        void atRisk(String cause);

        /**
         * Whether the application has run without a break since the last renewal that this cluster has a record of, so that the site was
         * not off, and a user cannot have attested that it was. Called again while a process that has just started has no other proof.
         */
        boolean hasServed();
    }

    /**
     * The lease of a keeper.
     *
     * @param plan namespace and name of the plan
     * @param site this site
     * @param epoch the epoch that this cluster remembers; the lease of a later epoch belongs to another site
     * @param terms of the plan, which each renewal writes
     */
    public record Holding(String plan, String site, long epoch, LeaseTerms terms) {}

    /**
     * The clocks of a keeper.
     *
     * @param wall to notice that the machine was suspended, and to compare with the clock of the store
     * @param nanos a monotonic clock
     */
    public record Clocks(Clock wall, LongSupplier nanos) {}

    /** The moment at which the thread of the keeper last ran, by both clocks. */
    private record Beat(long nanos, Instant wall) {}

    private static final Logger LOG = Logger.getLogger(LeaseKeeper.class);
    private static final int OUTSTANDING = 3;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final Duration GATE_AGAIN = Duration.ofSeconds(1);

    /** Pause after a failed attempt of a process that has not renewed yet, since it may have little time for that. */
    private static final Duration SOON = Duration.ofSeconds(1);

    private static final Duration RISK_AGAIN = Duration.ofSeconds(10);
    private static final Duration ASK_AGAIN = Duration.ofSeconds(2);

    private static final Duration LATE = Duration.ofSeconds(10);

    /** The wall clock may be corrected by less than this. A larger step counts as a suspension. */
    private static final Duration STEP = Duration.ofSeconds(2);

    private volatile Holding holding;
    private final Supplier<LeaseStore> stores;
    private final Guard guard;
    private final Clocks clocks;
    private final Executor calls;
    private final RenewalWatch watch;
    private final Queue<RenewalAnswer> answers = new ConcurrentLinkedQueue<>();
    private final AtomicInteger outstanding = new AtomicInteger();
    private volatile Thread thread;
    private volatile Beat beat;
    private volatile boolean stopped;
    private volatile boolean over;
    private volatile boolean retiring;
    private volatile boolean vacating;
    private volatile boolean retired;
    private volatile String failure;
    private volatile long nextAttempt;
    private volatile LeaseTerms written;
    private boolean reported;
    private boolean risky;
    private long nextRisk;
    private boolean asks;
    private long nextAsk;
    private String gateCause;
    private boolean gateRuns;
    private long nextGate;

    /**
     * @param stores opens the store of the lease; called for each attempt, since credentials and locations change
     * @param servesOn whether the lease said {@code KeepServing} when it was last renewed, as this cluster recorded it
     * @param last the last renewal that is known
     * @param calls runs each call on a thread of its own
     */
    public LeaseKeeper(
            Holding holding,
            Supplier<LeaseStore> stores,
            boolean servesOn,
            LastRenewal last,
            Guard guard,
            Clocks clocks,
            Executor calls) {
        this.holding = holding;
        this.stores = stores;
        this.guard = guard;
        this.clocks = clocks;
        this.calls = calls;
        long now = now();
        this.watch = new RenewalWatch(holding.terms(), servesOn, last, now);
        this.nextAttempt = now;
        this.nextAsk = now;
        this.beat = new Beat(now, clocks.wall().instant());
    }

    /** Starts the thread of the keeper. */
    public void start() {
        thread = Thread.ofPlatform().daemon().name("lease " + holding.plan()).start(LogContext.wrap(this::run));
    }

    /** An executor that runs each task on a platform thread of its own. */
    public static Executor platformThreads(String name) {
        return task -> Thread.ofPlatform().daemon().name(name).start(LogContext.wrap(task));
    }

    /** Renews with other terms from now on, if they differ. */
    public void change(LeaseTerms terms) {
        synchronized (watch) {
            if (terms.isSame(holding.terms())) {
                return;
            }
            watch.change(terms, now());
            written = null;
            holding = new Holding(holding.plan(), holding.site(), holding.epoch(), terms);
        }
        nextAttempt = now();
        wake();
    }

    /** Stops the keeper. It does not close the gate, since the gate is closed already. */
    public void stop() {
        stopped = true;
        wake();
    }

    /** Whether the keeper does not renew the lease any more. */
    public boolean isStopped() {
        return stopped || over;
    }

    /**
     * Retires the lease instead of renewing it, as soon as the store answers, and stops then. Until then the lease has the same
     * limits as before: the gate closes if the store does not answer.
     */
    public void retire() {
        if (!retiring) {
            retiring = true;
            failure = null;
            nextAttempt = now();
            wake();
        }
    }

    /**
     * Vacates the lease instead of renewing it, as soon as the store answers, and stops then. Call it only when no pod of the
     * namespace runs any more.
     */
    public void vacate() {
        vacating = true;
        retire();
    }

    /** Whether the lease was retired or vacated by this keeper. */
    public boolean isRetired() {
        return retired;
    }

    /** The cause of the last attempt's failure; empty after a success. */
    public Optional<String> failure() {
        return Optional.ofNullable(failure);
    }

    public long epoch() {
        return holding.epoch();
    }

    /** Whether pods may run: a renewal by this process succeeded, and is recent enough, or the lease says {@code KeepServing}. */
    public boolean mayRun() {
        return !isStopped() && suspension(now()).isZero() && watch.mayRun(now());
    }

    /** Whether the lease says {@code KeepServing} for certain, so that no other site takes it because of its age. */
    public boolean servesOn() {
        return !isStopped() && watch.servesOn();
    }

    /**
     * The lease was read, and still belongs to this site. A store that answers reads and refuses writes ends no application.
     *
     * @param startedAt start of the read, by the monotonic clock
     */
    public void readAsHeld(long startedAt) {
        watch.proven(startedAt);
    }

    /** Whether the lease was not renewed in time although the pods run on. */
    public boolean isAtRisk() {
        return !isStopped() && watch.servesOn() && watch.isOverdue(now());
    }

    /** Time since the start of the last renewal that succeeded. */
    public Duration age() {
        return watch.age(now());
    }

    /** Time since the start of the last renewal by this process; empty if it is not known to hold since then. */
    public Optional<Duration> confirmedAge() {
        return Optional.of(now())
                .filter(now -> !isStopped() && watch.isConfirmed())
                .map(watch::age);
    }

    /** Whether the thread of the keeper did not run for many times its period. */
    public boolean isLate() {
        return !isStopped() && thread != null && now() - beat.nanos() > LATE.toNanos();
    }

    /** Renews the lease once more before the process ends, so that the next process has time to start; blocks. */
    public void renewLast() {
        if (mayRun() && !retiring) {
            renew();
        }
    }

    private void run() {
        while (!stopped && !(over && gateCause == null && !gateRuns)) {
            LockSupport.parkNanos(this, Math.max(tick().toNanos(), 1_000_000));
        }
    }

    /** Does what is due now. Only the thread of the keeper calls this. Returns the time until something may be due again. */
    Duration tick() {
        long now = now();
        noticeSuspension(now);
        for (RenewalAnswer answer = answers.poll(); answer != null; answer = answers.poll()) {
            accept(answer, now);
        }
        if (!over && now - nextAttempt >= 0) {
            nextAttempt = now + holding.terms().timing().attempt().toNanos();
            attempt();
        }
        if (!over && !asks && now - nextAsk >= 0 && watch.needsProof()) {
            ask(now);
        }
        if (!over && watch.isOverdue(now)) {
            overdue(now);
        }
        if (gateCause != null && !gateRuns && now - nextGate >= 0) {
            closeGate(gateCause, over ? LeaseTiming.LOST_GRACE : watch.grace(now));
        }
        Duration pause = min(LONGEST_PAUSE, Duration.ofNanos(nextAttempt - now));
        return reported || risky || over ? pause : min(pause, watch.untilNotice(now));
    }

    private void overdue(long now) {
        if (!watch.servesOn()) {
            if (!reported) {
                reported = true;
                lose("the lease was not renewed for " + watch.age(now).toSeconds() + "s", now);
            }
            return;
        }
        if (!risky || now - nextRisk >= 0) {
            if (!risky) {
                LOG.warnf(
                        "the lease of FailoverPlan %s was not renewed for %d s; the application keeps running",
                        holding.plan(), watch.age(now).toSeconds());
            }
            risky = true;
            nextRisk = now + RISK_AGAIN.toNanos();
            String cause = failure == null ? "the rendezvous location does not answer" : failure;
            calls.execute(() -> guard.atRisk(cause));
        }
    }

    private void ask(long now) {
        asks = true;
        nextAsk = now + ASK_AGAIN.toNanos();
        calls.execute(() -> {
            boolean served = false;
            try {
                served = guard.hasServed();
            } catch (RuntimeException e) {
                LOG.warnf(
                        "could not ask since when the application of FailoverPlan %s runs, will retry: %s",
                        holding.plan(), e.getMessage());
            } finally {
                answer(new RenewalAnswer.Asked(now, served));
            }
        });
    }

    /** A monotonic clock does not count the time in which the machine was suspended. The wall clock does. */
    private void noticeSuspension(long now) {
        Duration gap = suspension(now);
        beat = new Beat(now, clocks.wall().instant());
        if (!gap.isZero()) {
            LOG.warnf(
                    "the clock of the machine advanced by %d s more than the process: checking the lease of FailoverPlan %s",
                    gap.toSeconds(), holding.plan());
            watch.suspended(gap, now);
            reported = false;
            nextAttempt = now;
        }
    }

    /** How much more the wall clock advanced than the monotonic clock, if that is too much for a correction. */
    private Duration suspension(long now) {
        Beat last = beat;
        Duration gap = Duration.between(last.wall(), clocks.wall().instant()).minusNanos(now - last.nanos());
        return gap.compareTo(STEP) > 0 ? gap : Duration.ZERO;
    }

    private void accept(RenewalAnswer answer, long now) {
        switch (answer) {
            case RenewalAnswer.Renewed(long startedAt, LeaseTerms terms) -> {
                failure = null;
                nextAttempt = Math.max(
                        now, startedAt + holding.terms().timing().renewEvery().toNanos());
                watch.renewed(startedAt, terms, now);
                written = terms.isSame(holding.terms()) ? terms : written;
                if (watch.isConfirmed()) {
                    reported = false;
                    risky = false;
                    gateCause = over ? gateCause : null;
                    calls.execute(guard::renewed);
                }
            }
            case RenewalAnswer.Asked(long startedAt, boolean served) -> {
                asks = false;
                if (served) {
                    watch.proven(startedAt);
                }
            }
            case RenewalAnswer.Retired() -> {
                over = true;
                retired = true;
                gateCause = null;
                calls.execute(guard::renewed);
            }
            case RenewalAnswer.NotHeld(String cause) -> {
                if (!over) {
                    over = true;
                    lose(cause, now);
                }
            }
            case RenewalAnswer.Failed(String cause) -> {
                failure = cause;
                if (!reported && !watch.isConfirmed()) {
                    nextAttempt = Math.min(nextAttempt - now, SOON.toNanos()) + now;
                }
                LOG.warnf("could not renew the lease of FailoverPlan %s, will retry: %s", holding.plan(), failure);
            }
            case RenewalAnswer.Gated(String cause, boolean done) -> {
                gateRuns = false;
                nextGate = now + GATE_AGAIN.toNanos();
                if (done && cause.equals(gateCause)) {
                    gateCause = null;
                }
            }
        }
    }

    private void lose(String cause, long now) {
        LOG.warnf("lost the lease of FailoverPlan %s: %s; gating the namespace", holding.plan(), cause);
        gateCause = cause;
        nextGate = now;
    }

    /** Closes the gate; {@link #tick} retries it, unless the lease is renewed in the meantime. */
    private void closeGate(String cause, Duration grace) {
        gateRuns = true;
        calls.execute(() -> {
            boolean done = false;
            try {
                guard.gate(grace);
                done = true;
                guard.lost(cause);
            } catch (RuntimeException e) {
                LOG.errorf(
                        "could not gate the namespace of FailoverPlan %s, will retry: %s",
                        holding.plan(), e.getMessage());
            } finally {
                answer(new RenewalAnswer.Gated(cause, done));
            }
        });
    }

    private void attempt() {
        if (outstanding.incrementAndGet() > OUTSTANDING) {
            outstanding.decrementAndGet();
            return;
        }
        calls.execute(() -> {
            RenewalAnswer answer = new RenewalAnswer.Failed("the attempt ended without an answer");
            try {
                answer = renew();
            } catch (BreakwaterException e) {
                answer = new RenewalAnswer.Failed(e.getMessage());
            } catch (RuntimeException e) {
                LOG.errorf(e, "renewal of the lease of FailoverPlan %s failed", holding.plan());
                answer = new RenewalAnswer.Failed(e.toString());
            } finally {
                outstanding.decrementAndGet();
                answer(answer);
            }
        });
    }

    private RenewalAnswer renew() {
        return LeaseRenewal.of(stores.get(), holding, this::terms, this::end, clocks)
                .run();
    }

    /**
     * The terms of the next renewal. If the lease has others than this process has written last, another process wrote them by a later
     * edit, which this one has not seen: a guard that ends does not undo what its successor has started.
     */
    private LeaseTerms terms(Lease read) {
        synchronized (watch) {
            LeaseTerms own = holding.terms();
            return LeaseTerms.of(read)
                    .filter(others -> written != null && written.isSame(own) && !others.isSame(own))
                    .orElse(own);
        }
    }

    private LeaseRenewal.End end() {
        return vacating ? LeaseRenewal.End.Vacate : retiring ? LeaseRenewal.End.Retire : LeaseRenewal.End.None;
    }

    private void answer(RenewalAnswer answer) {
        answers.add(answer);
        wake();
    }

    private void wake() {
        Thread keeper = thread;
        if (keeper != null) {
            LockSupport.unpark(keeper);
        }
    }

    private long now() {
        return clocks.nanos().getAsLong();
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
