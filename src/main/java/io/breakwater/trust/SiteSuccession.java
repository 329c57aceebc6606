package io.breakwater.trust;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus.SitePin;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.watch.ObjectCache;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * The lost clusters that this one replaces: the namespaces of this cluster adopt the data of the namespaces of the same name
 * there. The Helm value {@code site.succeeds} names them, which alone proves nothing: two clusters must not continue the same
 * repositories. A named cluster is admitted if its loss is attested, or if its last signed heartbeat in the locations of the
 * operator's namespace is older than a day, by the store's clock. A heartbeat that is not silent in one of them decides.
 */
@ApplicationScoped
public class SiteSuccession {
    /** The proof of a loss, as one location shows it. */
    public enum Proof {
        /** The last heartbeat is older than a day. */
        SILENT,
        /** The cluster had a heartbeat within a day. */
        ALIVE,
        /** The location has no heartbeat of the cluster. */
        UNKNOWN
    }

    private final Supplier<Set<String>> admitted;

    @Inject
    public SiteSuccession(BreakwaterConfig config, ObjectCache objects) {
        this(() -> admitted(
                config.siteSucceeds().orElse(List.of()),
                config.siteLossAttested(),
                config.site(),
                // The probe recorded the heartbeats up to a minute ago, so the cache is not older in effect.
                () -> objects.in(BackupLocation.class, config.namespace())));
    }

    SiteSuccession(Supplier<Set<String>> admitted) {
        this.admitted = admitted;
    }

    /** Uids of the earlier clusters of this site whose data it adopts; empty when there are none, or no loss is proven. */
    public Set<String> predecessors() {
        return admitted.get();
    }

    /** The same clusters for many namespaces, at the cost of one list. */
    SiteSuccession listed() {
        Set<String> now = predecessors();
        return new SiteSuccession(() -> now);
    }

    /**
     * The named clusters that are admitted.
     *
     * @param locations those of the operator's namespace; not asked when nothing depends on them
     */
    static Set<String> admitted(
            List<String> named, boolean attested, String site, Supplier<List<BackupLocation>> locations) {
        Set<String> all = new TreeSet<>(named);
        if (attested || all.isEmpty()) {
            return all;
        }
        List<BackupLocation> shown = locations.get();
        all.removeIf(cluster -> {
            List<Proof> proofs = shown.stream()
                    .map(location -> proof(pins(location), site, cluster))
                    .toList();
            return proofs.contains(Proof.ALIVE) || !proofs.contains(Proof.SILENT);
        });
        return all;
    }

    /**
     * What the heartbeats of one location prove. A lost cluster that had replaced another one proves the loss of that one, too.
     *
     * @param pins as the last probe recorded them
     */
    public static Proof proof(List<SitePin> pins, String site, String cluster) {
        return pins.stream()
                .filter(pin -> pin.name.equals(site))
                .filter(pin -> pin.cluster.equals(cluster) || pin.succeeds != null && pin.succeeds.contains(cluster))
                .map(pin -> Boolean.TRUE.equals(pin.silent) ? Proof.SILENT : Proof.ALIVE)
                .findFirst()
                .orElse(Proof.UNKNOWN);
    }

    private static List<SitePin> pins(BackupLocation location) {
        return location.getStatus() == null || location.getStatus().sites == null
                ? List.of()
                : location.getStatus().sites;
    }
}
