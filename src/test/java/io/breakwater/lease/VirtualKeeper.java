package io.breakwater.lease;

import io.breakwater.lease.LeaseKeeper.Clocks;
import io.breakwater.lease.LeaseKeeper.Holding;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

/** A keeper in virtual time, without threads. Its calls run when time passes, unless they hang. */
final class VirtualKeeper implements LeaseKeeper.Guard {
    private static final Duration STEP = Duration.ofMillis(50);

    final LeaseKeeper keeper;
    final List<Duration> graces = new ArrayList<>();
    final List<Duration> renewals = new ArrayList<>();
    final List<String> risks = new ArrayList<>();
    boolean hangs;
    boolean gateFails;
    /** Whether the containers show that the application has run without a break. */
    boolean served;
    /** How often the keeper asked for that. */
    int asked;

    String lost;
    Duration callsTake = Duration.ZERO;
    private final Deque<Runnable> calls = new ArrayDeque<>();
    private Duration monotonic = Duration.ofHours(1);
    private Instant wall = Instant.parse("2090-01-05T12:00:00Z");
    private final Duration started = monotonic;

    VirtualKeeper(Supplier<LeaseStore> stores, LeaseTiming timing, Duration age) {
        this(stores, timing, new LastRenewal(age, timing.duration()));
    }

    VirtualKeeper(Supplier<LeaseStore> stores, LeaseTiming timing, LastRenewal last) {
        this(stores, LeaseTerms.gating(timing), false, last);
    }

    VirtualKeeper(Supplier<LeaseStore> stores, LeaseTerms terms, boolean servesOn, LastRenewal last) {
        keeper = new LeaseKeeper(
                new Holding("shop/shop", "east", 1, terms),
                stores,
                servesOn,
                last,
                this,
                new Clocks(new WallClock(), () -> monotonic.toNanos()),
                calls::add);
    }

    /** Passes time by both clocks. */
    void pass(Duration time) {
        for (Duration left = time; left.isPositive(); left = left.minus(STEP)) {
            monotonic = monotonic.plus(STEP);
            wall = wall.plus(STEP);
            act();
        }
    }

    /** Suspends the machine: only the wall clock advances. */
    void suspend(Duration time) {
        wall = wall.plus(time);
    }

    void act() {
        keeper.tick();
        for (int n = hangs ? 0 : calls.size(); n > 0; n--) {
            monotonic = monotonic.plus(callsTake);
            wall = wall.plus(callsTake);
            calls.remove().run();
        }
        keeper.tick();
    }

    long nanos() {
        return monotonic.toNanos();
    }

    Duration elapsed() {
        return monotonic.minus(started);
    }

    boolean gated() {
        return !graces.isEmpty();
    }

    @Override
    public void gate(Duration grace) {
        if (gateFails) {
            throw new IllegalStateException("the API server is away");
        }
        graces.add(grace);
    }

    @Override
    public void renewed() {
        renewals.add(elapsed());
    }

    @Override
    public void atRisk(String cause) {
        risks.add(cause);
    }

    @Override
    public boolean hasServed() {
        asked++;
        return served;
    }

    @Override
    public void lost(String cause) {
        lost = cause;
    }

    private final class WallClock extends Clock {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant instant() {
            return wall;
        }
    }
}
