package io.breakwater.lease;

import java.util.Optional;

/**
 * The position of one version of a lease in its history: both numbers only grow.
 *
 * @param epoch of the lease
 * @param writes number of its writes
 */
public record LeaseCounter(long epoch, long writes) {
    /** Before the first lease. */
    public static final LeaseCounter NONE = new LeaseCounter(0, 0);

    /** The counter in an annotation; empty for a text that is none. */
    public static Optional<LeaseCounter> parse(String text) {
        if (text == null || !text.matches("[0-9]{1,18}\\.[0-9]{1,18}")) {
            return Optional.empty();
        }
        String[] parts = text.split("\\.");
        return Optional.of(new LeaseCounter(Long.parseLong(parts[0]), Long.parseLong(parts[1])));
    }

    static LeaseCounter of(Lease lease) {
        return new LeaseCounter(lease.epoch(), lease.writes());
    }

    /** Whether this is an older version than one that was seen. */
    boolean isBefore(LeaseCounter seen) {
        return epoch < seen.epoch || writes < seen.writes;
    }

    LeaseCounter max(LeaseCounter other) {
        return new LeaseCounter(Math.max(epoch, other.epoch), Math.max(writes, other.writes));
    }

    /** The form of the annotation that accepts an older lease. */
    @Override
    public String toString() {
        return epoch + "." + writes;
    }
}
