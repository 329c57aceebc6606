package io.breakwater.rotation;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.SiteKeys;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.PointKey;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Checks the keys of a location, and advances their rotation by one pass. Blocks; use a virtual thread. All its state is in the
 * store and in the Secret. So it can be killed at any time, and all sites can run it at the same time.
 */
@ApplicationScoped
class Rotation {
    private final BreakwaterConfig config;
    private final Stores stores;
    private final LocationKeys keys;
    private final KeyTakeover work;

    Rotation(BreakwaterConfig config, Stores stores, LocationKeys keys, KeyTakeover work) {
        this.config = config;
        this.stores = stores;
        this.keys = keys;
        this.work = work;
    }

    /**
     * Runs one pass.
     *
     * @throws BreakwaterException if the location or its Secret cannot be read
     */
    RotationResult advance(BackupLocation location) {
        return new Pass(location).run();
    }

    /** One pass. */
    private final class Pass {
        private final BackupLocation location;
        private final ObjectStore store;
        private final KeyRing ring;
        private final boolean writable;
        private final List<SiteKeys> sites;
        private LocationDocument identity;
        private boolean switched;

        Pass(BackupLocation location) {
            this.location = location;
            this.store = stores.open(location);
            this.ring = keys.ring(location);
            this.writable = location.getSpec().accessMode != AccessMode.ReadOnly;
            this.sites = SiteKeys.read(store);
            this.identity = identity();
        }

        RotationResult run() {
            KeySwitch decision = switchKey();
            String writing = identity.keyId();
            if (!ring.has(writing)) {
                throw keys.missing(location, store, ring, writing);
            }
            if (ring.ids().size() == 1 && identity.keys().size() == 1) {
                return RotationReport.quiet(writing, switched, writable);
            }
            Map<PointKey, Set<String>> points = work.points(location, writing, ring.ids(), writable);
            Map<String, String> documents = work.documents(location, writing, writable);
            Map<String, String> others = work.others(location, writing, identity.keys(), writable);
            Map<OwnedRepository, Map<String, Optional<String>>> found = work.survey(location);
            KeyTakeover.Rest rest = KeyTakeover.Rest.NONE;
            if (writable && signsWith(writing)) {
                rest = work.repositories(location, found, writing, ring.ids(), this::isOwn);
                found = work.survey(location);
            }
            KeyUse use = KeyUse.of(points, found, documents, writing, identity.keys(), ring.ids())
                    .and(others);
            Set<String> known = writable ? remember(use) : identity.keys();
            return new RotationReport(LocationKeys.secretPath(location), ring.ids(), writing, use, decision, rest)
                    .result(switched, writable, known);
        }

        /** Whether tombstones are signed with a key now. The old one would be needed until the tombstones of key files expire. */
        private boolean signsWith(String keyId) {
            if (!store.documents().currentKey().equals(keyId)) {
                store.documents().refresh();
            }
            return store.documents().currentKey().equals(keyId);
        }

        /** Switches the location to the current key of the Secret, if that is allowed now. */
        private KeySwitch switchKey() {
            KeySwitch decision = writable
                    ? KeySwitch.of(ring.current(), identity.keyId(), sites, identity.storeTime())
                    : new KeySwitch.Stay();
            if (!(decision instanceof KeySwitch.Go) || isNotEscrowed()) {
                return decision;
            }
            Set<String> all = new TreeSet<>(identity.keys());
            all.add(ring.current());
            switched = identity.change(store, ring.current(), all);
            identity = identity();
            return new KeySwitch.Stay();
        }

        /** Data that is written with a key without escrow could be lost together with the clusters. */
        private boolean isNotEscrowed() {
            BackupLocationStatus s = location.getStatus();
            return s != null
                    && s.condition(Condition.ESCROWED).filter(c -> !c.holds()).isPresent();
        }

        /** Removes keys from the location that no data needs and no live site has, and adds keys that data needs. */
        private Set<String> remember(KeyUse use) {
            Set<String> had = new TreeSet<>(ring.ids());
            sites.stream()
                    .filter(s -> KeySwitch.isLive(s, identity.storeTime()))
                    .forEach(s -> had.addAll(s.keys()));
            Set<String> now = new TreeSet<>(identity.keys());
            now.retainAll(had);
            now.addAll(use.keys());
            now.add(identity.keyId());
            boolean changed = !now.equals(identity.keys());
            return !changed || identity.change(store, identity.keyId(), now) ? now : identity.keys();
        }

        private boolean isOwn(String site) {
            return site.equals(config.site())
                    || sites.stream()
                            .filter(s -> KeySwitch.isLive(s, identity.storeTime()))
                            .map(SiteKeys::site)
                            .collect(Collectors.toSet())
                            .stream()
                            .noneMatch(site::equals);
        }

        private LocationDocument identity() {
            return keys.document(location, store, ring)
                    .orElseThrow(() -> BreakwaterException.retryable(
                            Reason.LocationNotReady, ObjectNames.of(location) + " is not set up yet, will retry"));
        }
    }
}
