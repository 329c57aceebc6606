package io.breakwater.location;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.location.keys.KeyClaim;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.StoreLayout;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Creates the default Secret with the first master key of a namespace. Clusters that share locations must not each create one, also
 * if both are installed at the same second. So a cluster first claims every location that uses the Secret. It creates the key only
 * while it holds all these claims, and none of the locations is in use. Two clusters that each hold a claim which the other one
 * needs compare their names, so the decision is the same in all locations.
 */
final class KeyFounder {
    /** Age of a claim, by the store's clock, before a key is created. The manifests of one cluster are not applied in one moment. */
    static final Duration SETTLED = Duration.ofSeconds(10);

    /** Age of the claim of a location after which the key does not wait any more for locations that do not respond. */
    static final Duration PATIENCE = Duration.ofMinutes(5);

    private final KubernetesClient client;
    private final Stores stores;
    private final LocationKeys keys;
    private final String site;
    private final ReentrantLock lock = new ReentrantLock();

    /** A location that this cluster could claim or has claimed. */
    private record Claimed(BackupLocation location, ObjectStore store, KeyClaim claim) {}

    KeyFounder(KubernetesClient client, Stores stores, LocationKeys keys, String site) {
        this.client = client;
        this.stores = stores;
        this.keys = keys;
        this.site = site;
    }

    /**
     * Creates the Secret of a new location, if it is the default one and does not exist.
     *
     * @throws BreakwaterException while this cluster must not create it, with the reason and the way out
     */
    void ensure(BackupLocation location, ObjectStore store) {
        boolean named = !LocationKeys.secretName(location).equals(LocationKeys.DEFAULT_SECRET);
        if (named || keys.secret(location).isPresent()) {
            return;
        }
        requireUnused(location, store);
        lock.lock();
        try {
            if (keys.secret(location).isEmpty()) {
                claimAll(location, store);
                create(location.getMetadata().getNamespace());
            }
        } finally {
            lock.unlock();
        }
    }

    private static void requireUnused(BackupLocation location, ObjectStore store) {
        AtomicBoolean used = new AtomicBoolean();
        store.list(StoreLayout.points(), o -> used.set(true));
        if (used.get()) {
            throw BreakwaterException.permanent(
                    Reason.SecretNotFound,
                    ObjectNames.of(location) + " contains points, but Secret " + LocationKeys.secretPath(location)
                            + " does not exist; copy it from the cluster that created the points, since a new key could"
                            + " not read them");
        }
    }

    private void claimAll(BackupLocation location, ObjectStore store) {
        String cluster = store.documents().site().map(s -> s.cluster()).orElse("none");
        Claimed first = claim(location, store, cluster);
        List<Claimed> all = new ArrayList<>(List.of(first));
        Optional<BreakwaterException> silent = Optional.empty();
        for (BackupLocation other : others(location)) {
            try {
                all.add(claim(other, stores.open(other), cluster));
            } catch (BreakwaterException e) {
                if (e.reason() == Reason.Pending) {
                    throw e;
                }
                silent = Optional.of(e);
            }
        }
        cedeOrWait(all, cluster);
        if (silent.isPresent() && first.claim().age().compareTo(PATIENCE) < 0) {
            throw pending(
                    location,
                    "the master key is created when all locations respond, or after " + PATIENCE.toMinutes() + "m: "
                            + silent.get().getMessage());
        }
        if (all.stream().anyMatch(c -> c.claim().age().compareTo(SETTLED) < 0)) {
            throw pending(
                    location,
                    "the location is new; the master key is created when no other site has claimed its locations for "
                            + SETTLED.toSeconds() + "s");
        }
    }

    /** Waits if another cluster has a claim. Cedes the own claims to it if it is the first one in the order. */
    private void cedeOrWait(List<Claimed> all, String cluster) {
        Optional<Claimed> foreign = all.stream()
                .filter(c -> !c.claim().isOf(site, cluster))
                .min(Comparator.comparing(c -> c.claim().order()));
        if (foreign.isEmpty()) {
            return;
        }
        KeyClaim winner = foreign.get().claim();
        if (winner.order().compareTo(site + " " + cluster) < 0) {
            all.stream()
                    .filter(c -> c.claim().isOf(site, cluster))
                    .forEach(c -> c.claim().cede(c.store(), winner));
        }
        throw pending(
                foreign.get().location(),
                "cluster " + winner.cluster() + " claims in this location to be site " + winner.site()
                        + " and to create the master key, so this cluster waits; when the other cluster has the Secret, "
                        + LocationKeys.wayOut(foreign.get().location(), winner.site())
                        + "; if no such cluster exists, create the Secret here, see docs/keys.md");
    }

    private Claimed claim(BackupLocation location, ObjectStore store, String cluster) {
        if (store.head(LocationDocument.KEY).isPresent()) {
            throw pending(
                    location,
                    "the location is in use with a master key that this cluster does not have, so this cluster creates"
                            + " none; "
                            + LocationKeys.wayOut(
                                    location,
                                    LocationDocument.statedCreator(store).orElse("")));
        }
        return KeyClaim.make(store, site, cluster)
                .map(claim -> new Claimed(location, store, claim))
                .orElseThrow(() -> pending(
                        location,
                        StoreLayout.keyClaim() + " is not a valid claim to create the master key; delete the object, or"
                                + " create the Secret, see docs/keys.md"));
    }

    /** The other locations of the namespace that would be written with the same key. */
    private List<BackupLocation> others(BackupLocation location) {
        return client
                .resources(BackupLocation.class)
                .inNamespace(location.getMetadata().getNamespace())
                .list()
                .getItems()
                .stream()
                .filter(l ->
                        !l.getMetadata().getName().equals(location.getMetadata().getName()))
                .filter(l -> l.getMetadata().getDeletionTimestamp() == null)
                .filter(l -> !l.getSpec().hasVeleroLayout() && l.getSpec().accessMode != AccessMode.ReadOnly)
                .filter(l -> LocationKeys.secretName(l).equals(LocationKeys.DEFAULT_SECRET))
                .toList();
    }

    private void create(String namespace) {
        byte[] random = new byte[KeyRing.BYTES];
        new SecureRandom().nextBytes(random);
        String encoded = Base64.getEncoder().encodeToString(random);
        try {
            client.secrets()
                    .inNamespace(namespace)
                    .resource(new SecretBuilder()
                            .withNewMetadata()
                            .withName(LocationKeys.DEFAULT_SECRET)
                            .withNamespace(namespace)
                            .addToLabels(Api.EXCLUDE, "true")
                            .addToLabels(Api.LOCATION_CREDENTIALS, "true")
                            .endMetadata()
                            .addToData(
                                    KeyRing.ENTRY,
                                    Base64.getEncoder().encodeToString(encoded.getBytes(StandardCharsets.US_ASCII)))
                            .build())
                    .create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
        }
    }

    private static BreakwaterException pending(BackupLocation location, String message) {
        return BreakwaterException.retryable(Reason.Pending, ObjectNames.of(location) + ": " + message);
    }
}
