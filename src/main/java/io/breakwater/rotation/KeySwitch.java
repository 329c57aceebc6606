package io.breakwater.rotation;

import io.breakwater.location.keys.SiteKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

/**
 * Decides whether a location may be written with another master key. It may as soon as all live sites want the same key, so
 * that every live site can read new data.
 */
sealed interface KeySwitch {
    /** A site without a heartbeat for this time does not delay the others, and they re-key its repositories. */
    Duration GONE = Duration.ofDays(7);

    /** The location is written with the current key of the Secret. */
    record Stay() implements KeySwitch {}

    /** The location may be written with the current key of the Secret from now on. */
    record Go() implements KeySwitch {}

    /** Not yet: these sites want another key, or did not publish which one. */
    record Wait(List<SiteKeys> sites) implements KeySwitch {}

    /**
     * Decides.
     *
     * @param wanted the current key of this site's Secret
     * @param writing the key that the location is written with
     * @param sites all sites that ever wrote a heartbeat there
     * @param now by the store's clock
     */
    static KeySwitch of(String wanted, String writing, Collection<SiteKeys> sites, Instant now) {
        if (wanted.equals(writing)) {
            return new Stay();
        }
        List<SiteKeys> others = sites.stream()
                .filter(s -> isLive(s, now) && !wanted.equals(s.current()))
                .toList();
        return others.isEmpty() ? new Go() : new Wait(others);
    }

    /** Whether a site wrote a heartbeat recently. */
    static boolean isLive(SiteKeys site, Instant now) {
        return site.lastSeen().plus(GONE).isAfter(now);
    }
}
