package io.breakwater.location.keys;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.Optional;

/**
 * The master keys of locations, each ring in one Secret: a cluster which has the location and this Secret can read all of
 * what lies there.
 */
@ApplicationScoped
public class LocationKeys {
    /** Secret that is used, and generated where that is safe, when a location names none. */
    public static final String DEFAULT_SECRET = "breakwater-master-key";

    private final KubernetesClient client;

    public LocationKeys(KubernetesClient client) {
        this.client = client;
    }

    /**
     * The keys at hand.
     *
     * @throws BreakwaterException SecretNotFound, naming the Secret and the entry that is missing or no key
     */
    public KeyRing ring(BackupLocation location) {
        Optional<Secret> secret = secret(location);
        try {
            return KeyRing.of(secret.map(Secret::getData)
                    .orElseThrow(() -> new IllegalArgumentException("with key " + KeyRing.ENTRY
                            + " does not exist; copy it from the cluster that set the location up")));
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(
                    Reason.SecretNotFound, name(location) + ", Secret " + secretPath(location) + ": " + e.getMessage());
        }
    }

    /** Id of the key that a location was last seen to be written with; the current one where that is not at hand. */
    public String writing(BackupLocation location, KeyRing ring) {
        String id = location.getStatus() == null ? null : location.getStatus().keyId;
        return ring.has(id) ? id : ring.current();
    }

    /**
     * Id of the key that a location is written with at this moment.
     *
     * @throws BreakwaterException KeyMismatch, when it is not at hand
     */
    public String writing(BackupLocation location, ObjectStore store, KeyRing ring) {
        String id = LocationDocument.read(store).map(LocationDocument::keyId).orElse(ring.current());
        if (!ring.has(id)) {
            throw missing(location, id);
        }
        return id;
    }

    /** A key that the location needs and the Secret lacks. */
    public BreakwaterException missing(BackupLocation location, String id) {
        return BreakwaterException.permanent(
                Reason.KeyMismatch,
                name(location) + " is written with master key " + id + ", which Secret " + secretPath(location)
                        + " does not hold; copy the Secret from the other cluster, or put the key back into it as "
                        + KeyRing.OLDER + id);
    }

    /** Where a location's keys are, as {@code <namespace>/<name>}. */
    public static String secretPath(BackupLocation location) {
        return location.getMetadata().getNamespace() + "/" + secretName(location);
    }

    /** Name of the Secret, in the location's namespace. */
    public static String secretName(BackupLocation location) {
        var encryption = location.getSpec().encryption;
        return encryption == null || encryption.passwordSecretRef == null
                ? DEFAULT_SECRET
                : encryption.passwordSecretRef.name;
    }

    /** The Secret as it is now; empty when it does not exist. */
    public Optional<Secret> secret(BackupLocation location) {
        return secret(location, secretName(location));
    }

    /** The data of a Secret in the location's namespace; empty when it does not exist. */
    Optional<Map<String, String>> data(BackupLocation location, String name) {
        return secret(location, name).map(s -> s.getData() == null ? Map.<String, String>of() : s.getData());
    }

    private Optional<Secret> secret(BackupLocation location, String name) {
        return Optional.ofNullable(client.secrets()
                .inNamespace(location.getMetadata().getNamespace())
                .withName(name)
                .get());
    }

    private static String name(BackupLocation location) {
        return "BackupLocation " + location.getMetadata().getNamespace() + "/"
                + location.getMetadata().getName();
    }
}
