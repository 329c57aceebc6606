package io.breakwater.location.keys;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.LocationSecrets;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.ObjectStore;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.Optional;

/**
 * The master keys of locations, one Secret for each location. A cluster that has the location and this Secret can read all data
 * in it.
 */
@ApplicationScoped
public class LocationKeys {
    /** Secret of a location that names none; generated where that is safe. */
    public static final String DEFAULT_SECRET = "breakwater-master-key";

    private final KubernetesClient client;

    public LocationKeys(KubernetesClient client) {
        this.client = client;
    }

    /**
     * The keys in the Secret.
     *
     * @throws BreakwaterException SecretNotFound, naming the Secret and the entry that is missing or is not a valid key
     */
    public KeyRing ring(BackupLocation location) {
        Optional<Secret> secret = secret(location);
        if (isNamed(location)) {
            secret.flatMap(LocationSecrets::objection).ifPresent(objection -> {
                throw BreakwaterException.permanent(
                        Reason.SecretNotFound,
                        ObjectNames.of(location) + ", spec.encryption.passwordSecretRef: " + objection);
            });
        }
        try {
            return KeyRing.of(secret.map(Secret::getData)
                    .orElseThrow(() -> new IllegalArgumentException("with key " + KeyRing.ENTRY
                            + " does not exist; copy it from the cluster that created the location")));
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(
                    Reason.SecretNotFound,
                    ObjectNames.of(location) + ", Secret " + secretPath(location) + ": " + e.getMessage());
        }
    }

    /** Id of the key that the last probe found for new data; the current key if the ring does not have that one. */
    public String writing(BackupLocation location, KeyRing ring) {
        String id = location.getStatus() == null ? null : location.getStatus().keyId;
        return ring.has(id) ? id : ring.current();
    }

    /**
     * Id of the key that a location is written with at this moment.
     *
     * @throws BreakwaterException KeyMismatch, when the ring does not have it
     */
    public String writing(BackupLocation location, ObjectStore store, KeyRing ring) {
        String id = document(location, store, ring).map(LocationDocument::keyId).orElse(ring.current());
        if (!ring.has(id)) {
            throw missing(location, store, ring, id);
        }
        return id;
    }

    /**
     * The document of a location; empty in a new location.
     *
     * @throws BreakwaterException KeyMismatch, when it is signed with a key that the ring does not have; Tampered, when its
     *     signature is not valid; LocationNotReady, when it is not a valid document
     */
    public Optional<LocationDocument> document(BackupLocation location, ObjectStore store, KeyRing ring) {
        try {
            return LocationDocument.read(store);
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.Tampered) {
                store.readIfBounded(LocationDocument.KEY, ObjectStore.MAX_DOCUMENT)
                        .flatMap(d -> DocumentSigner.statedKey(d.content()))
                        .filter(id -> !ring.has(id))
                        .ifPresent(id -> {
                            throw missing(location, store, ring, id);
                        });
            }
            throw e.reason() != Reason.Tampered && e.reason() != Reason.LocationNotReady
                    ? e
                    : BreakwaterException.permanent(e.reason(), ObjectNames.of(location) + ": " + e.getMessage(), e);
        }
    }

    /** A key that the location needs and the Secret lacks. */
    public BreakwaterException missing(BackupLocation location, ObjectStore store, KeyRing ring, String id) {
        String creator = LocationDocument.statedCreator(store).orElse("");
        return BreakwaterException.permanent(
                Reason.KeyMismatch,
                ObjectNames.of(location) + " is written with master key " + id + ", which Secret "
                        + secretPath(location) + " does not hold: it holds " + String.join(", ", ring.ids())
                        + (creator.isEmpty()
                                ? ""
                                : "; the location states that site " + creator + " created it, so two clusters may have"
                                        + " created a key each")
                        + "; " + wayOut(location, creator) + ", or add the key to the Secret as " + KeyRing.OLDER + id
                        + "; no data is lost");
    }

    /** The Secret does not exist, and another cluster has set up the location. */
    public BreakwaterException absent(BackupLocation location, ObjectStore store) {
        String creator = LocationDocument.statedCreator(store).orElse("");
        String id = store.readIfBounded(LocationDocument.KEY, ObjectStore.MAX_DOCUMENT)
                .flatMap(d -> DocumentSigner.statedKey(d.content()))
                .map(key -> " with master key " + key)
                .orElse("");
        return BreakwaterException.permanent(
                Reason.SecretNotFound,
                ObjectNames.of(location) + " was set up" + (creator.isEmpty() ? "" : " by site " + creator) + id
                        + ", and Secret " + secretPath(location)
                        + " does not exist, so this cluster waits and creates no"
                        + " key; " + wayOut(location, creator)
                        + "; if that cluster is gone, recover the key from a backup or from escrow, see docs/keys.md");
    }

    /** The command that copies the keys of another site to this one. */
    public static String wayOut(BackupLocation location, String creator) {
        return "copy the keys with deploy/keys-copy --from "
                + (creator.isEmpty() ? "<context of the other cluster>" : "<context of site " + creator + ">")
                + " --to <context of this cluster> --namespace "
                + location.getMetadata().getNamespace()
                + (isNamed(location) ? " --secret " + secretName(location) : "");
    }

    /** Where a location's keys are, as {@code <namespace>/<name>}. */
    public static String secretPath(BackupLocation location) {
        return location.getMetadata().getNamespace() + "/" + secretName(location);
    }

    /** Name of the Secret, in the location's namespace. */
    public static String secretName(BackupLocation location) {
        return isNamed(location) ? location.getSpec().encryption.passwordSecretRef.name : DEFAULT_SECRET;
    }

    private static boolean isNamed(BackupLocation location) {
        var encryption = location.getSpec().encryption;
        return encryption != null && encryption.passwordSecretRef != null;
    }

    /** The Secret as it is now; empty when it does not exist. */
    public Optional<Secret> secret(BackupLocation location) {
        return secret(location, secretName(location));
    }

    /** The data of a Secret; empty when it does not exist. */
    static Optional<Map<String, String>> data(Optional<Secret> secret) {
        return secret.map(s -> s.getData() == null ? Map.<String, String>of() : s.getData());
    }

    /** A Secret in the location's namespace; empty when it does not exist. */
    Optional<Secret> secret(BackupLocation location, String name) {
        return Optional.ofNullable(client.secrets()
                .inNamespace(location.getMetadata().getNamespace())
                .withName(name)
                .get());
    }
}
