package io.breakwater.lease;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;

/**
 * A reference to a sealed point, which is the same on both sites.
 *
 * @param point {@code <site>/<namespace>/<name>}: the site that captured it, and its key on that site
 * @param digest SHA-256 of its point.json; a copy with another digest is another point
 * @param capturedAt time of the capture, by the clock of the site that captured it
 * @param epoch in which it was captured; null in a lease of an earlier version
 * @param sequence its number within the epoch; null for a point that has none
 * @param storeTime time right before the capture, by the clock of the store that has the lease; null if it is unknown
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record PointRef(String point, String digest, Instant capturedAt, Long epoch, Long sequence, Instant storeTime) {
    /** A point of which only the time of its capture is known. */
    public PointRef(String point, String digest, Instant capturedAt) {
        this(point, digest, capturedAt, null, null, null);
    }

    /** The site that captured the point. */
    public String site() {
        return point.substring(0, point.indexOf('/'));
    }

    /** The point's name on the site that captured it. */
    public String name() {
        return point.substring(point.lastIndexOf('/') + 1);
    }
}
