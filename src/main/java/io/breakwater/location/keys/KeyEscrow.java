package io.breakwater.location.keys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Digests;
import io.breakwater.api.EscrowKey;
import io.breakwater.api.LocationSecrets;
import io.breakwater.api.Reason;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import io.fabric8.kubernetes.api.model.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Master keys, each wrapped with the public key of a person outside the clusters, as
 * {@code breakwater/escrow/<keyId>.<fingerprint>.rsa}. No cluster can unwrap them. So next to each there is {@code ….json} with an
 * HMAC, whose key derives from the master key. It shows whether a file was altered, or written without the master key. Such a file
 * is written again.
 */
public final class KeyEscrow {
    private static final ObjectMapper JSON = BoundedJson.mapper();

    private final ObjectStore store;
    private final KeyRing ring;

    public KeyEscrow(ObjectStore store, KeyRing ring) {
        this.store = store;
        this.ring = ring;
    }

    /**
     * The state of escrow.
     *
     * @param holds whether every available key is wrapped with the public key
     * @param fingerprint of the public key; null when none is valid
     */
    public record State(boolean holds, String fingerprint, Reason reason, String message) {}

    /** The public key that a location names, or the reason why it is not valid; empty when the location names none. */
    public static Optional<State> wanted(BackupLocation location, LocationKeys keys) {
        String name = secretName(location);
        if (name == null) {
            return Optional.empty();
        }
        String where = "spec.encryption.escrowSecretRef: Secret "
                + location.getMetadata().getNamespace() + "/" + name;
        Optional<Secret> secret = keys.secret(location, name);
        Optional<String> objection = secret.flatMap(LocationSecrets::objection);
        if (objection.isPresent()) {
            return Optional.of(new State(
                    false, null, Reason.SecretNotFound, "spec.encryption.escrowSecretRef: " + objection.get()));
        }
        Optional<Map<String, String>> data = LocationKeys.data(secret);
        if (data.map(d -> d.get(EscrowKey.ENTRY)).isEmpty()) {
            return Optional.of(new State(
                    false,
                    null,
                    Reason.SecretNotFound,
                    where + (data.isEmpty() ? " does not exist" : " lacks the key " + EscrowKey.ENTRY)
                            + "; create it with an RSA public key in PEM"));
        }
        try {
            EscrowKey key = key(data.get());
            return Optional.of(new State(true, key.fingerprint(), Reason.Ready, ""));
        } catch (IllegalArgumentException e) {
            return Optional.of(new State(
                    false, null, Reason.InvalidSpec, where + ", key " + EscrowKey.ENTRY + ": " + e.getMessage()));
        }
    }

    /** Wraps the keys that are not wrapped yet, and deletes those that are wrapped with a public key that no site names. */
    public State update(BackupLocation location, LocationKeys keys, boolean writable) {
        EscrowKey key = LocationKeys.data(keys.secret(location, secretName(location)))
                .map(KeyEscrow::key)
                .orElseThrow();
        Set<String> lacking = new TreeSet<>();
        for (String id : ring.ids()) {
            if (!isIntact(id, key.fingerprint())) {
                lacking.add(id);
            }
        }
        if (!writable && !lacking.isEmpty()) {
            return new State(
                    false,
                    key.fingerprint(),
                    Reason.LocationNotReady,
                    "master keys " + String.join(", ", lacking) + " are not in escrow for public key "
                            + key.fingerprint()
                            + ": accessMode ReadOnly forbids to write them; a cluster with accessMode ReadWrite writes"
                            + " them");
        }
        lacking.forEach(id -> write(id, key));
        if (writable) {
            deleteOthers(key.fingerprint());
        }
        return new State(
                true,
                key.fingerprint(),
                Reason.Ready,
                "master keys " + String.join(", ", new TreeSet<>(ring.ids())) + " are in escrow for public key "
                        + key.fingerprint());
    }

    private void write(String id, EscrowKey key) {
        byte[] wrapped = key.wrap(ring.text(id).getBytes(StandardCharsets.US_ASCII));
        byte[] proof = JSON.createObjectNode()
                .put("schemaVersion", 1)
                .put("keyId", id)
                .put("publicKey", key.fingerprint())
                .put("algorithm", "RSA-OAEP, SHA-256, MGF1 with SHA-256")
                .put("hmac", proof(id, key.fingerprint(), wrapped))
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        store.write(StoreLayout.wrappedKey(id, key.fingerprint()), wrapped, Precondition.NONE);
        store.write(StoreLayout.wrappedKeyProof(id, key.fingerprint()), proof, Precondition.NONE);
    }

    private boolean isIntact(String id, String fingerprint) {
        Optional<Document> wrapped =
                store.readIfBounded(StoreLayout.wrappedKey(id, fingerprint), ObjectStore.MAX_DOCUMENT);
        Optional<Document> proof =
                store.readIfBounded(StoreLayout.wrappedKeyProof(id, fingerprint), ObjectStore.MAX_DOCUMENT);
        if (wrapped.isEmpty() || proof.isEmpty()) {
            return false;
        }
        try {
            JsonNode tree = JSON.readTree(proof.get().content());
            return Digests.areEqual(
                    tree.path("hmac").asText(),
                    proof(id, fingerprint, wrapped.get().content()));
        } catch (IOException e) {
            return false;
        }
    }

    private String proof(String id, String fingerprint, byte[] wrapped) {
        byte[] name = (id + "." + fingerprint + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] content = Arrays.copyOf(name, name.length + wrapped.length);
        System.arraycopy(wrapped, 0, content, name.length, wrapped.length);
        return HexFormat.of().formatHex(Digests.hmac(ring.escrowKey(id), content));
    }

    /**
     * Deletes files for other public keys, if the same master key is wrapped with this one. Files for a public key that another
     * site still names stay.
     */
    private void deleteOthers(String fingerprint) {
        Set<String> others = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(store, StoreLayout.escrow());
        store.list(StoreLayout.escrow(), o -> {
            String[] parts = parts(o.key());
            if (parts.length == 3 && ring.has(parts[0]) && !parts[1].equals(fingerprint)) {
                others.add(gathered.add(o.key()));
            }
        });
        if (others.isEmpty()) {
            return;
        }
        Set<String> wanted = SiteKeys.read(store).stream()
                .filter(s -> s.escrow() != null)
                .map(SiteKeys::escrow)
                .collect(Collectors.toSet());
        others.stream().filter(key -> !wanted.contains(parts(key)[1])).forEach(this::delete);
    }

    /** Leaves the note that makes the sweep delete the older versions of a file too, instead of restoring it. */
    private void delete(String key) {
        store.removals().ifPresent(r -> r.recordRemoval(store, key));
        store.delete(key);
    }

    /** Id of the master key, fingerprint of the public key, and suffix. */
    private static String[] parts(String key) {
        return key.substring(StoreLayout.escrow().length()).split("\\.", -1);
    }

    private static EscrowKey key(Map<String, String> data) {
        return EscrowKey.of(
                new String(Base64.getDecoder().decode(data.get(EscrowKey.ENTRY)), StandardCharsets.US_ASCII));
    }

    private static String secretName(BackupLocation location) {
        var encryption = location.getSpec().encryption;
        return encryption == null || encryption.escrowSecretRef == null ? null : encryption.escrowSecretRef.name;
    }
}
