package io.breakwater.api;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

/**
 * The public half of a key pair whose private half is stored outside all clusters. To open a wrapped key: {@code
 * openssl pkeyutl -decrypt} with {@code rsa_padding_mode:oaep} and {@code rsa_oaep_md:sha256} (RFC 8017).
 *
 * @param fingerprint first 16 hexadecimal digits of the SHA-256 of the key in DER
 */
public record EscrowKey(RSAPublicKey key, String fingerprint) {
    /** Entry of the Secret that {@code encryption.escrowSecretRef} names. */
    public static final String ENTRY = "publicKey";

    /** A shorter key does not protect data for as long as backups are stored. */
    public static final int LEAST_BITS = 3072;

    private static final String BEGIN = "-----BEGIN PUBLIC KEY-----";
    private static final String END = "-----END PUBLIC KEY-----";
    private static final int SHOWN = 16;

    /**
     * Reads a key.
     *
     * @param pem as {@code openssl pkey -pubout} writes it
     * @throws IllegalArgumentException with the problem, as a sentence about the key
     */
    public static EscrowKey of(String pem) {
        if (pem.contains("PRIVATE KEY")) {
            throw new IllegalArgumentException(
                    "it is a private key, which must never be in a cluster: delete it from this Secret, create a new"
                            + " key pair, and add only the public half");
        }
        int begin = pem.indexOf(BEGIN);
        int end = pem.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IllegalArgumentException("it is not a public key in PEM; openssl pkey -pubout writes one");
        }
        try {
            byte[] der = Base64.getMimeDecoder().decode(pem.substring(begin + BEGIN.length(), end));
            RSAPublicKey key = (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
            if (key.getModulus().bitLength() < LEAST_BITS) {
                throw new IllegalArgumentException(
                        "it has " + key.getModulus().bitLength() + " bits; at least " + LEAST_BITS + " are required");
            }
            return new EscrowKey(key, Digests.sha256Hex(key.getEncoded()).substring(0, SHOWN));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("it is not a valid RSA public key", e);
        }
    }

    /** Encrypts the content for the owner of the private half. */
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
