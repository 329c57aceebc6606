package io.breakwater.location.keys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.EscrowKey;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Master keys, each wrapped for somebody outside of the clusters, as {@code breakwater/escrow/<keyId>.<fingerprint>.rsa}.
 * Nobody here can open them, so beside each lies {@code ….json} with its digest under a key that derives from the master
 * key: what was altered, or not made by a holder of the key, is found and written again.
 */
public final class KeyEscrow {
    private static final String PREFIX = "breakwater/escrow/";
    private static final String WRAPPED = ".rsa";
    private static final String PROOF = ".json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ObjectStore store;
    private final KeyRing ring;

    public KeyEscrow(ObjectStore store, KeyRing ring) {
        this.store = store;
        this.ring = ring;
    }

    /**
     * How escrow stands.
     *
     * @param holds whether every key at hand is wrapped for the public key
     * @param fingerprint of the public key; null when there is none that can be used
     */
    public record State(boolean holds, String fingerprint, Reason reason, String message) {}

    /** The public key that a location names, or what is wrong with it; empty when it names none. */
    public static Optional<State> wanted(BackupLocation location, LocationKeys keys) {
        String name = secretName(location);
        if (name == null) {
            return Optional.empty();
        }
        String where = "spec.encryption.escrowSecretRef: Secret "
                + location.getMetadata().getNamespace() + "/" + name;
        Optional<Map<String, String>> data = keys.data(location, name);
        if (data.map(d -> d.get(EscrowKey.ENTRY)).isEmpty()) {
            return Optional.of(new State(
                    false,
                    null,
                    Reason.SecretNotFound,
                    where + (data.isEmpty() ? " does not exist" : " lacks the key " + EscrowKey.ENTRY)
                            + "; create it with the PEM of an RSA public key"));
        }
        try {
            EscrowKey key = key(data.get());
            return Optional.of(new State(true, key.fingerprint(), Reason.Ready, ""));
        } catch (IllegalArgumentException e) {
            return Optional.of(new State(
                    false, null, Reason.InvalidSpec, where + ", key " + EscrowKey.ENTRY + ": " + e.getMessage()));
        }
    }

    /** Wraps what is not wrapped yet, and takes away what was wrapped for a key that nobody names any more. */
    public State keep(BackupLocation location, LocationKeys keys, boolean writable) {
        EscrowKey key =
                keys.data(location, secretName(location)).map(KeyEscrow::key).orElseThrow();
        Set<String> lacking = new TreeSet<>();
        for (String id : ring.ids()) {
            String name = id + "." + key.fingerprint();
            if (!isWhole(id, name)) {
                lacking.add(id);
            }
        }
        if (!writable && !lacking.isEmpty()) {
            return new State(
                    false,
                    key.fingerprint(),
                    Reason.LocationNotReady,
                    "master keys " + lacking + " are not in escrow for public key " + key.fingerprint()
                            + ", and accessMode ReadOnly forbids to put them there; a cluster that may write does it");
        }
        lacking.forEach(id -> write(id, key));
        if (writable) {
            forgetOthers(key.fingerprint());
        }
        return new State(
                true,
                key.fingerprint(),
                Reason.Ready,
                "master keys " + String.join(", ", new TreeSet<>(ring.ids())) + " are in escrow for public key "
                        + key.fingerprint());
    }

    private void write(String id, EscrowKey key) {
        String name = PREFIX + id + "." + key.fingerprint();
        byte[] wrapped = key.wrap(ring.text(id).getBytes(StandardCharsets.US_ASCII));
        byte[] proof = JSON.createObjectNode()
                .put("schemaVersion", 1)
                .put("keyId", id)
                .put("publicKey", key.fingerprint())
                .put("algorithm", "RSA-OAEP, SHA-256, MGF1 with SHA-256")
                .put("hmac", proof(id, id + "." + key.fingerprint(), wrapped))
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        store.write(name + WRAPPED, wrapped, Precondition.NONE);
        store.write(name + PROOF, proof, Precondition.NONE);
    }

    private boolean isWhole(String id, String name) {
        Optional<Document> wrapped = store.read(PREFIX + name + WRAPPED);
        Optional<Document> proof = store.read(PREFIX + name + PROOF);
        if (wrapped.isEmpty() || proof.isEmpty()) {
            return false;
        }
        try {
            JsonNode tree = JSON.readTree(proof.get().content());
            return MessageDigest.isEqual(
                    tree.path("hmac").asText().getBytes(StandardCharsets.US_ASCII),
                    proof(id, name, wrapped.get().content()).getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return false;
        }
    }

    private String proof(String id, String name, byte[] wrapped) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(ring.escrowKey(id), "HmacSHA256"));
            mac.update((name + "\n").getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(mac.doFinal(wrapped));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Removes what was wrapped for other public keys, as far as the same master key is wrapped for ours by now. A site that
     * was not told of the new public key yet keeps what it wants.
     */
    private void forgetOthers(String fingerprint) {
        Set<String> others = new TreeSet<>();
        store.list(PREFIX, o -> {
            String[] parts = o.key().substring(PREFIX.length()).split("\\.", -1);
            if (parts.length == 3 && ring.has(parts[0]) && !parts[1].equals(fingerprint)) {
                others.add(o.key());
            }
        });
        if (others.isEmpty()) {
            return;
        }
        Set<String> wanted = SiteKeys.read(store).stream()
                .filter(s -> s.escrow() != null)
                .map(SiteKeys::escrow)
                .collect(Collectors.toSet());
        others.stream()
                .filter(key -> !wanted.contains(key.substring(PREFIX.length()).split("\\.", -1)[1]))
                .forEach(store::delete);
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
