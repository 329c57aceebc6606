package io.breakwater.store;

import java.time.Duration;

/**
 * What one listing of a store may cost. A store can be the server of a tenant, so its answers may never end.
 *
 * @param objects number of objects that a listing may have; they are read page by page and need no memory
 * @param gathered number of objects that a caller may retain in memory at the same time
 * @param time that the store may take for all pages of a listing
 */
public record ListingLimits(long objects, int gathered, Duration time) {
    /** Limits of an installation that sets none. */
    public static final ListingLimits DEFAULT = new ListingLimits(10_000_000, 100_000, Duration.ofHours(1));

    /** Characters of the longest key. S3 and Azure Blob Storage have the same limit. */
    public static final int KEY = 1024;

    /** Average number of characters that a gathered key may have. */
    private static final int AVERAGE_KEY = 200;

    /** Number of gathered objects of which only a digest is retained. */
    int digests() {
        return (int) Math.min(10L * gathered, 1 << 24);
    }

    /** Characters of all gathered keys together. */
    long characters() {
        return (long) AVERAGE_KEY * gathered;
    }
}
