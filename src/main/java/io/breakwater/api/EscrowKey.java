package io.breakwater.api;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

/**
 * The public half of a key pair whose private half is kept outside of all clusters. What is wrapped with it is opened by
 * {@code openssl pkeyutl -decrypt} with {@code rsa_padding_mode:oaep} and {@code rsa_oaep_md:sha256} (RFC 8017).
 *
 * @param fingerprint first 16 hexadecimal digits of the SHA-256 of the key in DER
 */
public record EscrowKey(RSAPublicKey key, String fingerprint) {
    /** Entry of the Secret that {@code encryption.escrowSecretRef} names. */
    public static final String ENTRY = "publicKey";

    /** Fewer bits are not worth much for as long as backups are kept. */
    public static final int LEAST_BITS = 3072;

    private static final String BEGIN = "-----BEGIN PUBLIC KEY-----";
    private static final String END = "-----END PUBLIC KEY-----";
    private static final int SHOWN = 16;

    /**
     * Reads a key.
     *
     * @param pem as {@code openssl pkey -pubout} writes it
     * @throws IllegalArgumentException saying what is wrong with it
     */
    public static EscrowKey of(String pem) {
        if (pem.contains("PRIVATE KEY")) {
            throw new IllegalArgumentException(
                    "it is a private key, which must never be in a cluster: take it out of here,"
                            + " make a new pair, and give this Secret the public half only");
        }
        int begin = pem.indexOf(BEGIN);
        int end = pem.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IllegalArgumentException("it is no public key in PEM; openssl pkey -pubout writes one");
        }
        try {
            byte[] der = Base64.getMimeDecoder().decode(pem.substring(begin + BEGIN.length(), end));
            RSAPublicKey key = (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
            if (key.getModulus().bitLength() < LEAST_BITS) {
                throw new IllegalArgumentException(
                        "it has " + key.getModulus().bitLength() + " bits; at least " + LEAST_BITS + " are needed");
            }
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getEncoded());
            return new EscrowKey(key, HexFormat.of().formatHex(digest).substring(0, SHOWN));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("it is no RSA public key", e);
        }
    }

    /** The content, so that only the private half opens it. */
    public byte[] wrap(byte[] content) {
        try {
            Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
            cipher.init(
                    Cipher.ENCRYPT_MODE,
                    key,
                    new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
            return cipher.doFinal(content);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("RSA-OAEP is part of every JDK, and the content is short", e);
        }
    }
}
