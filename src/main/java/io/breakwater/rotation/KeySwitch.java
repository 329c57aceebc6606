package io.breakwater.rotation;

import io.breakwater.location.keys.SiteKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

/**
 * Whether a location may be written with another key from now on: when every site that lives wants the same one, so that
 * nobody is left who could not read what is written next.
 */
sealed interface KeySwitch {
    /** A site that was not seen for so long holds nobody up any more, and others look after its repositories. */
    Duration GONE = Duration.ofDays(7);

    /** The location is written with the key that the Secret wants. */
    record Stay() implements KeySwitch {}

    /** From now on it can be. */
    record Go() implements KeySwitch {}

    /** Not yet: these sites want another one, or do not say. */
    record Wait(List<SiteKeys> sites) implements KeySwitch {}

    /**
     * Decides.
     *
     * @param wanted the key that this site's Secret wants to be used
     * @param writing the key that the location is written with
     * @param sites all sites that were ever seen there
     * @param now by the store's clock
     */
    static KeySwitch of(String wanted, String writing, Collection<SiteKeys> sites, Instant now) {
        if (wanted.equals(writing)) {
            return new Stay();
        }
        List<SiteKeys> others = sites.stream()
                .filter(s -> lives(s, now) && !wanted.equals(s.current()))
                .toList();
        return others.isEmpty() ? new Go() : new Wait(others);
    }

    /** Whether a site was seen lately. */
    static boolean lives(SiteKeys site, Instant now) {
        return site.lastSeen().plus(GONE).isAfter(now);
    }
}
