package io.breakwater.lease;

import java.time.Duration;

/**
 * The times of one lease from the view of its keeper: whether pods may run, and when they must be gated. All moments are those
 * of one monotonic clock, in nanoseconds. It has no clock of its own.
 */
final class RenewalWatch {
    /** Longest time for an answer after a suspension, when the lease may belong to another site. */
    private static final Duration AFTER_SUSPENSION = Duration.ofSeconds(2);

    /** Longest time in which a process must find out that the lease still belongs to this site, if nothing but a record says so. */
    static final Duration PROOF = Duration.ofSeconds(30);

    /** A machine that was suspended for so long may have been attested to be off. */
    private static final Duration LONGEST_SUSPENSION = Duration.ofMinutes(10);

    private LeaseTiming timing;
    private LeaseTerms wanted;
    private long wantedAt;
    private boolean servesOn;
    private boolean proven;
    private boolean provable = true;
    private long renewedAt;
    private long noticeAt;
    private long resumedAt;
    private boolean confirmed;

    /**
     * @param wanted terms of the renewals from now on. Longer and weaker ones count once a renewal has written them into the document
     * @param servesOn whether the lease said {@code KeepServing} when it was last renewed. It counts once it is proven that no other site
     *     can have taken the lease meanwhile by an attestation
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
        if (this.servesOn) {
            noticeAt = earlier(noticeAt, now + PROOF.toNanos());
        }
    }

    /**
     * The next renewals have other terms. Shorter and stronger ones apply from now on, the others once a renewal has succeeded. Pods that
     * ran on without the lease have the whole notice from now on, since the lease still says {@code KeepServing}.
     */
    synchronized void change(LeaseTerms terms, long now) {
        wanted = terms;
        wantedAt = now;
        boolean shorter = terms.timing().duration().compareTo(timing.duration()) < 0;
        timing = shorter ? terms.timing() : timing;
        long notice = now + timing.notice().toNanos();
        if (servesOn() && !terms.servesOn()) {
            noticeAt = later(noticeAt, notice);
        }
        if (shorter) {
            noticeAt = earlier(noticeAt, notice);
        }
        servesOn = servesOn && terms.servesOn();
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
        if (terms.isSame(wanted) && startedAt - wantedAt >= 0) {
            timing = wanted.timing();
            servesOn = terms.servesOn();
        } else {
            // Another process wrote these, by a later edit.
            timing = timing.within(terms.timing().duration());
            servesOn = servesOn && terms.servesOn();
        }
        proven = true;
        provable = true;
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
        if (servesOn && time.compareTo(shorter(timing.notice(), LONGEST_SUSPENSION)) >= 0) {
            proven = false;
            provable = false; // The containers were suspended too, so they prove nothing.
            noticeAt = earlier(noticeAt, now + PROOF.toNanos());
        }
    }

    /**
     * The lease still belongs to this site.
     *
     * @param startedAt start of the call that shows it
     */
    synchronized void proven(long startedAt) {
        proven = proven || startedAt - resumedAt >= 0;
    }

    /** Whether the containers of the application can still prove that the site was not off. */
    synchronized boolean needsProof() {
        return servesOn && !proven && provable;
    }

    /** Whether pods may run: a renewal by this process succeeded, and is recent enough, or the lease says {@code KeepServing}. */
    synchronized boolean mayRun(long now) {
        return servesOn() || confirmed && noticeAt - now > 0;
    }

    /** Whether the pods may run although the lease is not renewed: no other site takes it because of its age. */
    synchronized boolean servesOn() {
        return servesOn && proven;
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

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private static long earlier(long a, long b) {
        return a - b < 0 ? a : b;
    }

    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }
}
