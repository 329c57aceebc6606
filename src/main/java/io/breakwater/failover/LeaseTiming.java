package io.breakwater.failover;

import java.time.Duration;

/**
 * The arithmetic of one lease duration. A holder that has not renewed for {@link #notice} gates its pods; they are gone
 * after {@link #gateBudget} more; and only {@link #margin} after {@link #duration} may the other site take the lease. The
 * margin covers clocks of different rates and the whole seconds of HTTP dates.
 *
 * @param duration how long a renewal holds
 * @param renewEvery pause between renewals
 * @param notice time since the start of the last good renewal after which the holder gates
 * @param gateBudget time that the pods may take to be gone
 * @param margin allowance for clock rates and resolution, used on both sides
 */
record LeaseTiming(Duration duration, Duration renewEvery, Duration notice, Duration gateBudget, Duration margin) {

    /** The shortest duration that leaves pods a few seconds to end. */
    static final Duration SHORTEST = Duration.ofSeconds(30);

    /** @throws IllegalArgumentException when the pods could still run while the lease may be taken */
    LeaseTiming {
        if (notice.plus(gateBudget).plus(margin).compareTo(duration) >= 0) {
            throw new IllegalArgumentException("to notice (" + notice + "), to gate (" + gateBudget
                    + ") and the margin (" + margin + ") must together be shorter than the lease (" + duration + ")");
        }
        if (renewEvery.compareTo(notice) >= 0) {
            throw new IllegalArgumentException("renewals (every " + renewEvery + ") must fit into the time to notice");
        }
    }

    /**
     * The split of a duration: renew every quarter, notice at half of it, and leave the rest to the pods.
     *
     * @param duration at least {@link #SHORTEST}
     */
    static LeaseTiming of(Duration duration) {
        if (duration.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("a lease of " + duration + " is too short, it needs " + SHORTEST);
        }
        Duration notice = duration.dividedBy(2);
        Duration margin = max(Duration.ofSeconds(2), duration.dividedBy(20));
        Duration gate = duration.minus(notice).minus(margin).minusSeconds(1);
        return new LeaseTiming(duration, duration.dividedBy(4), notice, gate, margin);
    }

    /** Grace period for pods that are gated because the lease was lost; the other half is for the kubelet. */
    Duration grace() {
        return gateBudget.dividedBy(2);
    }

    /** How old a renewal must be before another site may take the lease. */
    Duration takeableAfter() {
        return duration.plus(margin);
    }

    /** How long one attempt at renewing is waited for before the next one starts. */
    Duration attempt() {
        return renewEvery.dividedBy(2);
    }

    /**
     * Whether the holder may still let pods run.
     *
     * @param sinceRenewal monotonic time since the <em>start</em> of the last renewal that succeeded
     */
    boolean mayRun(Duration sinceRenewal) {
        return sinceRenewal.compareTo(notice) < 0;
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }
}
