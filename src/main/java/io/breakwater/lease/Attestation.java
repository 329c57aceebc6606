package io.breakwater.lease;

import java.time.Duration;

/**
 * The statement of a user that the site of the holder is off. It names one renewal of the lease: if the holder renews afterwards, the
 * site is not off.
 *
 * @param renewal the last renewal that the user saw
 * @param age time since the user attested it
 */
public record Attestation(RenewalCounter renewal, Duration age) {
    /** Time for which an attestation is valid. */
    public static final Duration VALID = Duration.ofMinutes(15);

    public boolean isValid() {
        return age.compareTo(VALID) <= 0;
    }

    /** Whether the holder has not renewed the lease since then. */
    boolean isCurrent(Lease lease) {
        return renewal.equals(RenewalCounter.of(lease));
    }
}
