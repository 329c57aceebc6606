package io.breakwater.lease;

import java.time.Instant;

/**
 * A reference to a sealed point, which is the same on both sites.
 *
 * @param point {@code <site>/<namespace>/<name>}: the site that captured it, and its key on that site
 * @param digest SHA-256 of its point.json; a copy with another digest is another point
 * @param capturedAt time of the capture, by the clock of the site that captured it
 */
public record PointRef(String point, String digest, Instant capturedAt) {

    /** The site that captured the point. */
    public String site() {
        return point.substring(0, point.indexOf('/'));
    }

    /** The point's name on the site that captured it. */
    public String name() {
        return point.substring(point.lastIndexOf('/') + 1);
    }
}
