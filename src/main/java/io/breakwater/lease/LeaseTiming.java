package io.breakwater.lease;

import io.breakwater.api.Durations;
import java.time.Duration;

/**
 * The arithmetic of one lease duration. A holder that has not renewed for {@link #notice} gates its pods. They have ended after
 * {@link #gateBudget} more. The other site may take the lease only {@link #margin} after {@link #duration}. The margin covers
 * clocks of different rates and the whole seconds of HTTP dates.
 *
 * @param duration validity of a renewal
 * @param renewEvery pause between renewals
 * @param notice time from the start of the last successful renewal until the holder gates
 * @param gateBudget time in which the pods must end
 * @param margin allowance for clock rates and resolution, used on both sides
 */
public record LeaseTiming(
        Duration duration, Duration renewEvery, Duration notice, Duration gateBudget, Duration margin) {

    /** The shortest duration that leaves the pods a few seconds to end. */
    public static final Duration SHORTEST = Duration.ofSeconds(30);

    /** The longest duration: for so long an application may be down before another site can take over. */
    public static final Duration LONGEST = Duration.ofHours(1);

    /** @throws IllegalArgumentException when the pods could still run while the lease may be taken */
    public LeaseTiming {
        if (notice.plus(gateBudget).plus(margin).compareTo(duration) >= 0) {
            throw new IllegalArgumentException("notice (" + notice + "), gate budget (" + gateBudget + ") and margin ("
                    + margin + ") must together be shorter than the lease (" + duration + ")");
        }
        if (renewEvery.compareTo(notice) >= 0) {
            throw new IllegalArgumentException(
                    "the renewal interval (" + renewEvery + ") must be shorter than the notice (" + notice + ")");
        }
    }

    /**
     * The parts of a duration: renew every quarter, gate at half of it, and leave the rest for the pods to end.
     *
     * @param duration at least {@link #SHORTEST}, at most {@link #LONGEST}
     */
    public static LeaseTiming of(Duration duration) {
        if (duration.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("a lease of " + Durations.format(duration) + " is too short; at least "
                    + Durations.format(SHORTEST) + " is needed");
        }
        if (duration.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("a lease of " + Durations.format(duration) + " is too long; at most "
                    + Durations.format(LONGEST) + " is allowed");
        }
        Duration notice = duration.dividedBy(2);
        Duration margin = max(Duration.ofSeconds(2), duration.dividedBy(20));
        Duration gate = duration.minus(notice).minus(margin).minusSeconds(1);
        return new LeaseTiming(duration, duration.dividedBy(4), notice, gate, margin);
    }

    /**
     * The times for a lease whose document does not have this duration yet.
     *
     * @param documented duration in the document. A longer one does not count
     */
    public LeaseTiming within(Duration documented) {
        Duration shorter = max(documented, SHORTEST);
        return shorter.compareTo(duration) < 0 ? of(shorter) : this;
    }

    /** Grace period of pods that end because the lease was lost; the other half is for the kubelet. */
    public Duration grace() {
        return gateBudget.dividedBy(2);
    }

    /** Grace period of pods that end when the lease may belong to another site. Never 0, which would only hide the pods. */
    public static final Duration LOST_GRACE = Duration.ofSeconds(1);

    /** Time in which pods end that have {@link #LOST_GRACE}. */
    static final Duration LOST_BUDGET = Duration.ofSeconds(3);

    /**
     * The latest time since a renewal at which a process that has just started may begin to gate: its pods, with {@link
     * #LOST_GRACE}, have ended within the lease. The first renewal of a process takes longer than later
     * ones, and a restart must not stop an application whose lease can still be renewed.
     */
    public Duration latestNotice() {
        return duration.minus(LOST_BUDGET);
    }

    /** Grace period of pods that are gated so long after the last renewal. */
    public Duration graceAt(Duration sinceRenewal) {
        boolean inTime = sinceRenewal.plus(gateBudget).minusSeconds(1).compareTo(duration) <= 0;
        return inTime ? grace() : LOST_GRACE;
    }

    /** The shortest time that a process has for its first renewal, whatever the age of the last one. */
    public Duration settling() {
        return max(margin, attempt());
    }

    /** Age of a renewal after which another site may take the lease. */
    public Duration takeableAfter() {
        return duration.plus(margin);
    }

    /** Time after which the next attempt at a renewal starts, if the last one was not answered. */
    public Duration attempt() {
        return renewEvery.dividedBy(2);
    }

    /**
     * Whether pods of the holder may still run.
     *
     * @param sinceRenewal monotonic time since the <em>start</em> of the last renewal that succeeded
     */
    public boolean mayRun(Duration sinceRenewal) {
        return sinceRenewal.compareTo(notice) < 0;
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }
}
