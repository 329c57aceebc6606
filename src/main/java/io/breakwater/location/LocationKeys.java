package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * Everything secret that a location's content depends on derives from one master key by HKDF-SHA256 (RFC 5869), so that a
 * cluster which has the location and this one Secret can read all of it.
 */
@ApplicationScoped
public class LocationKeys {
    /** Secret that is used, and generated where that is safe, when a location names none. */
    static final String DEFAULT_SECRET = "breakwater-master-key";

    /** Key in the Secret: 32 random bytes in base64. */
    static final String ENTRY = "masterKey";

    private static final int BYTES = 32;

    private final KubernetesClient client;

    LocationKeys(KubernetesClient client) {
        this.client = client;
    }

    /** Key that signs the seals of a namespace's points. */
    public byte[] catalogKey(BackupLocation location, String site, String namespace) {
        return derive(masterKey(location), "catalog/" + site + "/" + namespace, BYTES);
    }

    /** Password of a namespace's repository, in base64url. */
    public String repositoryPassword(BackupLocation location, String site, String namespace) {
        byte[] password = derive(masterKey(location), "repository/" + site + "/" + namespace, BYTES);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(password);
    }

    /** Fingerprint of the location's master key, 16 hexadecimal digits; says nothing about the key. */
    public String keyId(BackupLocation location) {
        return keyId(masterKey(location));
    }

    static String keyId(byte[] masterKey) {
        return HexFormat.of().formatHex(derive(masterKey, "key-id", 8));
    }

    /** Name of the Secret, in the location's namespace. */
    static String secretName(BackupLocation location) {
        var encryption = location.getSpec().encryption;
        return encryption == null || encryption.passwordSecretRef == null
                ? DEFAULT_SECRET
                : encryption.passwordSecretRef.name;
    }

    /** The Secret as it is now; empty when it does not exist. */
    Optional<Secret> secret(BackupLocation location) {
        return Optional.ofNullable(client.secrets()
                .inNamespace(location.getMetadata().getNamespace())
                .withName(secretName(location))
                .get());
    }

    private byte[] masterKey(BackupLocation location) {
        String name = location.getMetadata().getNamespace() + "/" + secretName(location);
        String encoded = secret(location)
                .map(Secret::getData)
                .map(data -> data.get(ENTRY))
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.SecretNotFound,
                        "BackupLocation " + location.getMetadata().getName() + ": Secret " + name + " with key " + ENTRY
                                + " does not exist; copy it from the cluster that set the location up"));
        try {
            String text = new String(Base64.getDecoder().decode(encoded), StandardCharsets.US_ASCII);
            byte[] key = Base64.getDecoder().decode(text.strip());
            if (key.length == BYTES) {
                return key;
            }
        } catch (IllegalArgumentException e) {
            // reported below, without the content
        }
        throw BreakwaterException.permanent(
                Reason.SecretNotFound,
                "BackupLocation " + location.getMetadata().getName() + ": key " + ENTRY + " of Secret " + name
                        + " is not " + BYTES + " bytes in base64");
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
