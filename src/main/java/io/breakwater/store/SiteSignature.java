package io.breakwater.store;

import io.breakwater.api.Digests;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/** Verifies the Ed25519 signatures of sites. */
public final class SiteSignature {
    public static final String ALGORITHM = "Ed25519";

    private SiteSignature() {}

    /**
     * Whether a signature is valid.
     *
     * @param publicKey as {@link SiteSigner#publicKey} returns it
     */
    public static boolean isValid(String publicKey, byte[] content, String signature) {
        try {
            byte[] encoded = Base64.getUrlDecoder().decode(publicKey);
            Signature check = Signature.getInstance(ALGORITHM);
            check.initVerify(KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(encoded)));
            check.update(content);
            return check.verify(Base64.getUrlDecoder().decode(signature));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return false;
        }
    }

    /** A short name of a public key: 16 hexadecimal digits. */
    public static String fingerprint(String publicKey) {
        return Digests.sha256Hex(publicKey).substring(0, 16);
    }
}
