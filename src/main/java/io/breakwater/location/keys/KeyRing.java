package io.breakwater.location.keys;

import io.breakwater.api.RepositoryNames;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.SigningKeys;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * The master keys of a location: the current one, and older ones that still open older data. All other keys derive from one of
 * them by HKDF-SHA256 (RFC 5869). The id of a key is 16 hexadecimal digits that derive from it and reveal nothing about it.
 */
public final class KeyRing {
    /** Entry of a Secret with the current key: 32 random bytes in base64. */
    public static final String ENTRY = "masterKey";

    /** Start of the entries with older keys; the suffix has no meaning. */
    public static final String OLDER = ENTRY + ".";

    public static final int BYTES = 32;

    private final Map<String, byte[]> keys;

    private KeyRing(Map<String, byte[]> keys) {
        this.keys = Collections.unmodifiableMap(keys);
    }

    /**
     * The keys in a Secret's data.
     *
     * @throws IllegalArgumentException naming the entry that is missing or is not a valid key
     */
    public static KeyRing of(Map<String, String> data) {
        Map<String, byte[]> keys = new LinkedHashMap<>();
        Stream.concat(Stream.of(ENTRY), new TreeMap<>(data).keySet().stream().filter(name -> name.startsWith(OLDER)))
                .forEach(name -> {
                    byte[] key = decoded(name, data.get(name));
                    keys.putIfAbsent(id(key), key);
                });
        return new KeyRing(keys);
    }

    /** Id of the current key. */
    public String current() {
        return keys.keySet().iterator().next();
    }

    /** Ids of all keys, the current one first. */
    public Set<String> ids() {
        return keys.keySet();
    }

    /** Whether the ring has the key. */
    public boolean has(String id) {
        return id != null && keys.containsKey(id);
    }

    /** Key that signs the seals of a namespace's points. */
    public byte[] catalogKey(String id, CapturedNamespace source) {
        return derive(id, "catalog/" + source.path());
    }

    /** Key that vouches for seals that another master key signed. */
    public byte[] countersignKey(String id, CapturedNamespace source) {
        return derive(id, "countersign/" + source.path());
    }

    /** Key that wraps the data keys of a namespace's archives. */
    public byte[] archiveKey(String id, CapturedNamespace source) {
        return derive(id, "archive/" + source.path());
    }

    /** Password of a repository, in base64url. */
    public String repositoryPassword(String id, String repository) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(derive(id, "repository/" + RepositoryNames.requireRepository(repository)));
    }

    /** All passwords that may open a repository; the password of the given key of the ring is the first. */
    public List<String> repositoryPasswords(String first, String repository) {
        List<String> ids = new ArrayList<>(keys.keySet());
        ids.remove(first);
        ids.addFirst(first);
        return ids.stream().map(id -> repositoryPassword(id, repository)).toList();
    }

    /** The ring's keys for signing deletions and documents; the key with this id signs. */
    public SigningKeys signingKeys(String current) {
        return signingKeys(current, Map.of());
    }

    /** Like {@link #signingKeys(String)}, with the keys of the other sites of the location. */
    public SigningKeys signingKeys(String current, Map<String, String> pins) {
        return signingKeys(current, true, pins);
    }

    /** Like {@link #signingKeys(String, Map)}; {@code accepted} is false when the ring lacks the key that a probe accepted. */
    public SigningKeys signingKeys(String current, boolean accepted, Map<String, String> pins) {
        KeyRing ring = this;
        return new SigningKeys() {
            @Override
            public String current() {
                return current;
            }

            @Override
            public Set<String> ids() {
                return ring.ids();
            }

            @Override
            public byte[] key(String id) {
                return ring.removalKey(id);
            }

            @Override
            public byte[] documentKey(String id, String area) {
                return ring.derive(id, "document/" + area);
            }

            @Override
            public boolean isAccepted() {
                return accepted;
            }

            @Override
            public Map<String, String> pins() {
                return pins;
            }
        };
    }

    /** Key that signs deletions. */
    byte[] removalKey(String id) {
        return derive(id, "removal");
    }

    /** Key that signs the files in escrow. */
    byte[] escrowKey(String id) {
        return derive(id, "escrow");
    }

    /** A key as the value of an entry of a Secret, before the encoding of Kubernetes. */
    public String text(String id) {
        return Base64.getEncoder().encodeToString(keys.get(id));
    }

    /** Id of a key. */
    public static String id(byte[] masterKey) {
        return HexFormat.of().formatHex(derive(masterKey, "key-id", 8));
    }

    private byte[] derive(String id, String info) {
        return derive(Optional.ofNullable(keys.get(id)).orElseThrow(), info, BYTES);
    }

    private static byte[] decoded(String name, String encoded) {
        if (encoded == null) {
            throw new IllegalArgumentException("key " + name + " is missing");
        }
        try {
            String text = new String(Base64.getDecoder().decode(encoded), StandardCharsets.US_ASCII);
            byte[] key = Base64.getDecoder().decode(text.strip());
            if (key.length == BYTES) {
                return key;
            }
        } catch (IllegalArgumentException e) {
            // reported below, without the content
        }
        throw new IllegalArgumentException("key " + name + " is not " + BYTES + " bytes in base64");
    }

    private static byte[] derive(byte[] masterKey, String info, int length) {
        try {
            return KDF.getInstance("HKDF-SHA256")
                    .deriveData(HKDFParameterSpec.ofExtract()
                            .addIKM(masterKey)
                            .thenExpand(info.getBytes(StandardCharsets.UTF_8), length));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HKDF-SHA256 is part of every JDK 25", e);
        }
    }
}
