package io.breakwater.location;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus.SitePin;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.SiteHeartbeat;
import io.breakwater.store.SiteSignature;
import io.breakwater.store.StoreLayout;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The keys of the sites of a location, as this cluster saw them first. They are in the status of the BackupLocation, which only
 * Breakwater writes. A site whose key changed is refused, unless its cluster succeeds the old one, which was silent for a day, or
 * an administrator accepts the new key by annotation.
 */
public final class SitePins {
    /** Time without a heartbeat after which the cluster of a site counts as gone, by the store's clock. */
    static final Duration SILENCE = Duration.ofDays(1);

    private static final int MOST = 64;

    private SitePins() {}

    /** The pinned keys, by site. The entry of the own site is the key of an earlier cluster, which signed older documents. */
    static Map<String, String> keys(BackupLocation location) {
        return pins(location).stream()
                .collect(java.util.stream.Collectors.toMap(pin -> pin.name, pin -> pin.publicKey, (a, b) -> a));
    }

    /**
     * The pins after a look at the heartbeats. The entry of the own site is an earlier cluster of this site.
     *
     * @param cluster uid of this cluster
     * @param now by the store's clock
     */
    static List<SitePin> updated(BackupLocation location, ObjectStore store, String own, String cluster, Instant now) {
        TreeSet<String> sites = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(store, StoreLayout.heartbeats());
        store.list(StoreLayout.heartbeats(), o -> {
            String name =
                    gathered.add(o.key()).substring(StoreLayout.heartbeats().length());
            sites.add(name.replaceFirst("\\.json$", ""));
        });
        List<SitePin> before = pins(location);
        before.forEach(pin -> sites.add(pin.name));
        List<SitePin> after = new ArrayList<>();
        int added = 0;
        for (String site : sites) {
            Optional<SitePin> pin =
                    before.stream().filter(p -> p.name.equals(site)).findFirst();
            Optional<SiteHeartbeat> beat =
                    SiteHeartbeat.stated(store, site).filter(b -> b.publicKey() != null && b.cluster() != null);
            boolean self = site.equals(own)
                    && beat.filter(b -> b.cluster().equals(cluster)).isPresent();
            Optional<SitePin> next = beat.isEmpty() || self ? pin : Optional.of(next(location, pin, beat.get()));
            // The number of new pins is bounded, and no heartbeat can end a pin.
            boolean fits = pin.isPresent() || before.size() + added < MOST;
            next.filter(p -> fits).ifPresent(p -> {
                p.silent = isSilent(p, now);
                after.add(p);
            });
            added += pin.isEmpty() && next.isPresent() && fits ? 1 : 0;
        }
        return after;
    }

    private static SitePin next(BackupLocation location, Optional<SitePin> pin, SiteHeartbeat beat) {
        boolean changed = pin.isPresent() && !pin.get().publicKey.equals(beat.publicKey());
        if (!changed || isAdmitted(location, pin.get(), beat)) {
            return pin(beat);
        }
        SitePin kept = pin.get();
        kept.refused = SiteSignature.fingerprint(beat.publicKey());
        return kept;
    }

    private static boolean isAdmitted(BackupLocation location, SitePin pin, SiteHeartbeat beat) {
        var annotations = location.getMetadata().getAnnotations();
        String accepted = annotations == null ? null : annotations.get(Api.ACCEPT_SITE);
        boolean named = (beat.site() + "." + SiteSignature.fingerprint(beat.publicKey())).equals(accepted);
        return named && !accepted.equals(location.getStatus().acceptedSite)
                || beat.succeeds().contains(pin.cluster) && isSilent(pin, beat.modified());
    }

    /** The annotation that accepts a key of these pins, if it had no effect before. */
    static Optional<String> newlyAccepted(BackupLocation location, List<SitePin> pins) {
        var annotations = location.getMetadata().getAnnotations();
        String accepted = annotations == null ? null : annotations.get(Api.ACCEPT_SITE);
        boolean used =
                accepted == null || location.getStatus() != null && accepted.equals(location.getStatus().acceptedSite);
        return used || pins == null
                ? Optional.empty()
                : pins.stream()
                        .map(pin -> pin.name + "." + SiteSignature.fingerprint(pin.publicKey))
                        .filter(accepted::equals)
                        .findFirst();
    }

    private static boolean isSilent(SitePin pin, Instant now) {
        return !Instant.parse(pin.lastSeen).plus(SILENCE).isAfter(now);
    }

    private static SitePin pin(SiteHeartbeat beat) {
        SitePin pin = new SitePin();
        pin.name = beat.site();
        pin.cluster = beat.cluster();
        pin.publicKey = beat.publicKey();
        pin.lastSeen = beat.modified().toString();
        pin.succeeds = beat.succeeds().isEmpty() ? null : beat.succeeds();
        return pin;
    }

    private static List<SitePin> pins(BackupLocation location) {
        return location.getStatus() == null || location.getStatus().sites == null
                ? List.of()
                : location.getStatus().sites;
    }
}
