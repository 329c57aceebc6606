package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationStatus.SitePin;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.keys.KeyEscrow;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.SiteKeys;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OldVersions;
import io.breakwater.store.SiteHeartbeat;
import io.breakwater.store.StoreLayout;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/** Determines what a location can be used for, by using it. Sets up a new location, once. */
@ApplicationScoped
public class LocationProbe {
    private static final ObjectStore.Locking UNKNOWN = new ObjectStore.Locking(null, null);

    private final KeyFounder founder;
    private final Stores stores;
    private final LocationKeys keys;
    private final BreakwaterConfig config;
    private final String site;
    private final Clock clock;

    public LocationProbe(
            KubernetesClient client, Stores stores, LocationKeys keys, BreakwaterConfig config, Clock clock) {
        this.founder = new KeyFounder(client, stores, keys, config.site());
        this.stores = stores;
        this.keys = keys;
        this.config = config;
        this.site = config.site();
        this.clock = clock;
    }

    /**
     * Result of a probe.
     *
     * @param keyId id of the master key that the location is written with, which the Secret has; null in a location of Velero
     * @param conditionalWrites whether the store honours preconditions; false for a location that is only read
     * @param locking what the store reports about locks and versions; tested where the spec requires locks
     * @param clockSkew the store's clock minus the operator's
     * @param escrow state of the escrow; null when the spec requests none
     * @param turning whether the Secret makes another key the current one
     * @param counter of the document of the location; 0 in a location of Velero
     * @param sites keys of the other sites; null in a location of Velero
     * @param reports documents that this process could not verify, or that went back, since the last probe
     * @param succession whether this cluster may replace the one that it names; empty when it names none
     */
    record Findings(
            String keyId,
            boolean conditionalWrites,
            ObjectStore.Locking locking,
            Duration clockSkew,
            KeyEscrow.State escrow,
            boolean turning,
            long counter,
            List<SitePin> sites,
            Optional<SuccessionFinding> succession,
            List<String> reports) {}

    /**
     * Probes a location.
     *
     * @throws BreakwaterException with the reason why it cannot be used
     */
    public Findings run(BackupLocation location) {
        ObjectStore store = stores.open(location);
        if (location.getSpec().hasVeleroLayout()) {
            return foreign(location, store);
        }
        boolean writable = location.getSpec().accessMode != AccessMode.ReadOnly;
        if (writable) {
            store.prepare();
        }
        Optional<LocationDocument> identity = identity(location, store);
        if (identity.isEmpty() && writable && OldVersions.restore(store, LocationDocument.KEY)) {
            identity = identity(location, store);
        }
        if (identity.isEmpty()) {
            if (!writable) {
                throw BreakwaterException.permanent(
                        Reason.LocationNotReady,
                        ObjectNames.of(location)
                                + " has accessMode ReadOnly, but it contains no data of Breakwater; set it up from a"
                                + " cluster whose BackupLocation has accessMode ReadWrite");
            }
            founder.ensure(location, store);
            identity = Optional.of(introduce(location, store));
        }
        KeyRing ring = keys.ring(location);
        String keyId = identity.get().keyId();
        if (!ring.has(keyId)) {
            throw keys.missing(location, store, ring, keyId);
        }
        LocationCounter.check(location, identity.get());
        if (writable) {
            identity.get().renewSignature(store);
        }
        Optional<KeyEscrow.State> escrow = KeyEscrow.wanted(location, keys);
        boolean conditional = writable && honoursConditions(store);
        Instant storeTime = identity.get().storeTime();
        // The own heartbeat may still be one of an earlier cluster of this site.
        Instant now = storeTime;
        List<SitePin> sites = store.documents()
                .site()
                .map(s -> SitePins.updated(location, store, site, s.cluster(), now))
                .orElse(null);
        if (writable) {
            SiteKeys.report(
                    store, site, ring, escrow.map(KeyEscrow.State::fingerprint).orElse(null));
            // A first heartbeat replaces the one of an earlier cluster of this site, so the status has that one first.
            if (sites == null || isRecorded(location)) {
                storeTime = SiteHeartbeat.write(store, site, clock.instant()).storeTime();
            }
        }
        escrow = escrow.map(e -> e.holds() ? new KeyEscrow(store, ring).update(location, keys, writable) : e);
        return new Findings(
                keyId,
                conditional,
                writable ? locking(location, store) : UNKNOWN,
                skew(storeTime),
                escrow.orElse(null),
                !keyId.equals(ring.current()),
                identity.get().counter(),
                sites,
                SuccessionFinding.of(location, config, sites),
                store.documents().takeReports());
    }

    /** Whether an earlier probe recorded the sites of a location. */
    static boolean isRecorded(BackupLocation location) {
        return location.getStatus() != null && location.getStatus().sites != null;
    }

    /** A store that accepts a lock and does not enforce it is worse than one that refuses, so a lock is tested. */
    private ObjectStore.Locking locking(BackupLocation location, ObjectStore store) {
        if (location.getSpec().immutability == null) {
            return store.locking();
        }
        if (!store.enforcesLocks(StoreLayout.probe(site, "locked"))) {
            throw BreakwaterException.permanent(
                    Reason.NoObjectLock,
                    ObjectNames.of(location)
                            + ", spec.immutability: the store does not lock objects, so Breakwater does not write to"
                            + " it; "
                            + (location.getSpec().s3 != null
                                    ? "use a bucket that was created with Object Lock"
                                    : "enable version-level immutability on the container")
                            + ", or remove the field");
        }
        return new ObjectStore.Locking(true, true);
    }

    /** A location that another program writes. Breakwater has no key there, and the clock of its store does not matter. */
    private Findings foreign(BackupLocation location, ObjectStore store) {
        AtomicBoolean any = new AtomicBoolean();
        store.list(StoreLayout.veleroBackups(), o -> any.set(true));
        if (!any.get()) {
            throw BreakwaterException.permanent(
                    Reason.LocationNotReady,
                    ObjectNames.of(location) + ": there are no objects below " + StoreLayout.veleroBackups()
                            + "; spec.layout Velero needs the bucket and"
                            + " prefix of a BackupStorageLocation that has backups");
        }
        return new Findings(null, false, UNKNOWN, Duration.ZERO, null, false, 0, null, Optional.empty(), List.of());
    }

    private LocationDocument introduce(BackupLocation location, ObjectStore store) {
        LocationDocument.create(
                store,
                keys.writing(location, keys.ring(location)), // the known key, if someone deleted the document
                site,
                clock.instant(),
                LocationCounter.known(location).orElse(0));
        return identity(location, store)
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.StoreUnavailable,
                        ObjectNames.of(location) + ": " + LocationDocument.KEY
                                + " was written, but the store does not have it; will retry"));
    }

    /** The keys are needed only where there is a document: the Secret of a new location is made later. */
    private Optional<LocationDocument> identity(BackupLocation location, ObjectStore store) {
        if (store.head(LocationDocument.KEY).isEmpty()) {
            return Optional.empty();
        }
        if (keys.secret(location).isEmpty()) {
            throw keys.absent(location, store);
        }
        return keys.document(location, store, keys.ring(location));
    }

    private boolean honoursConditions(ObjectStore store) {
        String key = StoreLayout.probe(site, UUID.randomUUID().toString());
        byte[] content = "probe".getBytes(StandardCharsets.US_ASCII);
        try {
            Optional<Observed> first = store.write(key, content, Precondition.ABSENT);
            return first.isPresent()
                    && store.write(key, content, Precondition.ABSENT).isEmpty()
                    && replaced(store, key, first.get()).isPresent()
                    && replaced(store, key, first.get()).isEmpty();
        } finally {
            store.delete(key);
        }
    }

    private static Optional<Observed> replaced(ObjectStore store, String key, Observed version) {
        byte[] other = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
        return store.write(key, other, new Precondition.Matches(version.info().etag()));
    }

    private Duration skew(Instant storeTime) {
        return Duration.between(clock.instant(), storeTime);
    }
}
