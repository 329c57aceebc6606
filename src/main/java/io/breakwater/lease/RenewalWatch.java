package io.breakwater.lease;

import java.time.Duration;

/**
 * The times of one lease from the view of its keeper: whether pods may run, and when they must be gated. All moments are those
 * of one monotonic clock, in nanoseconds. It has no clock of its own.
 */
final class RenewalWatch {
    /** Longest time for an answer after a suspension, when the lease may belong to another site. */
    private static final Duration AFTER_SUSPENSION = Duration.ofSeconds(2);

    private LeaseTiming timing;
    private LeaseTerms wanted;
    private long wantedAt;
    private boolean servesOn;
    private long renewedAt;
    private long noticeAt;
    private long resumedAt;
    private boolean confirmed;

    /**
     * @param wanted terms of the renewals from now on. Longer and weaker ones count once a renewal has written them into the document
     * @param servesOn whether the lease said {@code KeepServing} when it was last renewed
     * @param last the last renewal that is known, by another process or site
     */
    RenewalWatch(LeaseTerms wanted, boolean servesOn, LastRenewal last, long now) {
        this.timing = wanted.timing().within(last.duration());
        this.wanted = wanted;
        this.wantedAt = now;
        this.servesOn = servesOn && wanted.servesOn();
        this.renewedAt = now - last.age().toNanos();
        this.resumedAt = now;
        this.noticeAt = later(
                renewedAt + timing.latestNotice().toNanos(),
                now + timing.settling().toNanos());
    }

    /** The next renewals have other terms. Shorter and stronger ones apply from now on, the others once a renewal has succeeded. */
    synchronized void change(LeaseTerms terms, long now) {
        wanted = terms;
        wantedAt = now;
        servesOn = servesOn && terms.servesOn();
        if (terms.timing().duration().compareTo(timing.duration()) < 0) {
            timing = terms.timing();
            noticeAt = earlier(noticeAt, now + timing.notice().toNanos());
        }
    }

    /**
     * A renewal succeeded.
     *
     * @param startedAt start of the renewal; the answer may have come much later
     * @param terms that it wrote
     */
    synchronized void renewed(long startedAt, LeaseTerms terms, long now) {
        if (startedAt - resumedAt < 0) {
            return; // The machine was suspended between the start and the answer.
        }
        if (terms.equals(wanted) && startedAt - wantedAt >= 0) {
            timing = terms.timing();
            servesOn = terms.servesOn();
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

    /** Whether pods may run: a renewal by this process succeeded, and is recent enough, or the lease says {@code KeepServing}. */
    synchronized boolean mayRun(long now) {
        return servesOn || confirmed && noticeAt - now > 0;
    }

    /** Whether the pods may run although the lease is not renewed: no other site takes it because of its age. */
    synchronized boolean servesOn() {
        return servesOn;
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

    private static long earlier(long a, long b) {
        return a - b < 0 ? a : b;
    }

    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }
}
