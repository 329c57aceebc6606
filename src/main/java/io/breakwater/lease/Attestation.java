package io.breakwater.lease;

import java.time.Duration;

/**
 * The statement of a user that the site of the holder is off. It names one renewal of the lease: if the holder renews afterwards, the
 * site is not off.
 *
 * @param renewal the last renewal that the user saw
 * @param least shortest time since the user attested it, by the clocks that this process can ask
 * @param most longest time since then
 */
public record Attestation(RenewalCounter renewal, Duration least, Duration most) {
    /** Time for which an attestation is valid. */
    public static final Duration VALID = Duration.ofMinutes(15);

    /** Whether it is recent enough by all clocks. */
    public boolean isValid() {
        return most.compareTo(VALID) <= 0;
    }

    /** Whether the holder has not renewed the lease since then. */
    boolean isCurrent(Lease lease) {
        return renewal.equals(RenewalCounter.of(lease));
    }
}
