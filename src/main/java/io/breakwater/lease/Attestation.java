package io.breakwater.lease;

import java.time.Duration;

/**
 * The word of a user that the site of the holder is off. It is about one version of the lease: if the holder renews afterwards, the
 * site is not off.
 *
 * @param counter of the lease that the user saw
 * @param age time since the user attested it
 */
public record Attestation(LeaseCounter counter, Duration age) {
    /** Time for which an attestation is valid. */
    public static final Duration VALID = Duration.ofMinutes(15);

    public boolean isValid() {
        return age.compareTo(VALID) <= 0;
    }

    /** Whether the holder has not written the lease since then. The last version may be a request of the attesting site. */
    boolean stands(Lease lease) {
        LeaseCounter now = LeaseCounter.of(lease);
        boolean byPeer = lease.renewedAt() != null;
        return counter.equals(now) || byPeer && counter.equals(new LeaseCounter(now.epoch(), now.writes() - 1));
    }
}
