package io.breakwater.lease;

import java.time.Duration;

/**
 * The times of one lease from the view of its keeper: whether pods may run, and when they must be gated. All moments are those
 * of one monotonic clock, in nanoseconds. It has no clock of its own.
 */
final class RenewalWatch {
    /** Longest time for an answer after a suspension, when the lease may belong to another site. */
    private static final Duration AFTER_SUSPENSION = Duration.ofSeconds(2);

    private final LeaseTiming planned;
    private LeaseTiming timing;
    private long renewedAt;
    private long noticeAt;
    private long resumedAt;
    private boolean confirmed;

    /**
     * @param planned the times of the plan. They count from the first renewal on, which writes their duration into the document
     * @param last the last renewal that is known, by another process or site
     */
    RenewalWatch(LeaseTiming planned, LastRenewal last, long now) {
        this.planned = planned;
        this.timing = planned.within(last.duration());
        this.renewedAt = now - last.age().toNanos();
        this.resumedAt = now;
        this.noticeAt = later(
                renewedAt + timing.latestNotice().toNanos(),
                now + timing.settling().toNanos());
    }

    /**
     * A renewal succeeded.
     *
     * @param startedAt start of the renewal; the answer may have come much later
     */
    synchronized void renewed(long startedAt, long now) {
        timing = planned;
        if (startedAt - resumedAt < 0) {
            return; // The machine was suspended between the start and the answer.
        }
        renewedAt = confirmed ? later(renewedAt, startedAt) : startedAt;
        noticeAt = renewedAt + timing.notice().toNanos();
        confirmed = noticeAt - now > 0;
    }

    /** The machine was suspended: all that is known is older by this time, and uncertain until the next renewal. */
    synchronized void suspended(Duration time, long now) {
        renewedAt -= time.toNanos();
        resumedAt = now;
        confirmed = false;
        long answer = Math.min(AFTER_SUSPENSION.toNanos(), timing.settling().toNanos());
        noticeAt = later(renewedAt + timing.notice().toNanos(), now + answer);
    }

    /** Whether pods may run: a renewal by this process succeeded, and is recent enough. */
    synchronized boolean mayRun(long now) {
        return confirmed && timing.mayRun(Duration.ofNanos(now - renewedAt));
    }

    /** Whether a renewal by this process succeeded, since the machine was last suspended. */
    synchronized boolean isConfirmed() {
        return confirmed;
    }

    /** Whether the pods must be gated now. */
    synchronized boolean isOverdue(long now) {
        return now - noticeAt >= 0;
    }

    /** Time until the pods must be gated. */
    synchronized Duration untilNotice(long now) {
        return Duration.ofNanos(noticeAt - now);
    }

    /** Time since the start of the last renewal. */
    synchronized Duration age(long now) {
        return Duration.ofNanos(now - renewedAt);
    }

    /** Grace period for pods that are gated now. It is shorter when the lease may belong to another site by their end. */
    synchronized Duration grace(long now) {
        return timing.graceAt(age(now));
    }

    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }
}
