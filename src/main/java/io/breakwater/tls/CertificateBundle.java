package io.breakwater.tls;

import io.breakwater.tls.CertificateFactory.Signed;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The content of the Secret: the authorities that clients trust (first the one that signs, then the previous one), the key of
 * the first, and the serving certificate with its key. All decisions about age are here, and need no cluster.
 *
 * @param authorityKey null in the Secret of a separate gateway, which signs no certificate
 */
record CertificateBundle(
        List<X509Certificate> authorities, PrivateKey authorityKey, X509Certificate serving, PrivateKey key) {
    static final String CA_CERT = "ca.crt";
    static final String CA_KEY = "ca.key";
    static final String CERT = "tls.crt";
    static final String KEY = "tls.key";

    /** An authority signs for four years and is trusted for five. */
    static final Duration AUTHORITY_VALID = Duration.ofDays(5 * 365);

    static final Duration AUTHORITY_RENEWED = Duration.ofDays(365);
    static final Duration SERVING_VALID = Duration.ofDays(90);
    static final Duration SERVING_RENEWED = Duration.ofDays(30);

    private static final int DNS = 2;
    private static final int ADDRESS = 7;

    /** Creates a new authority and a new certificate. */
    static CertificateBundle generate(Collection<String> hosts, Instant now) throws GeneralSecurityException {
        return issue(List.of(), CertificateFactory.authority(now, AUTHORITY_VALID), hosts, now);
    }

    /**
     * Reads the content of a Secret.
     *
     * @throws GeneralSecurityException when a key is missing or cannot be parsed
     */
    static CertificateBundle read(Map<String, String> data) throws GeneralSecurityException {
        CertificateBundle serving = readServing(data);
        return new CertificateBundle(serving.authorities, Pem.key(text(data, CA_KEY)), serving.serving, serving.key);
    }

    /**
     * Reads the content of a Secret without the key of the authority.
     *
     * @throws GeneralSecurityException when another key is missing or cannot be parsed
     */
    static CertificateBundle readServing(Map<String, String> data) throws GeneralSecurityException {
        List<X509Certificate> authorities = Pem.certificates(text(data, CA_CERT));
        List<X509Certificate> serving = Pem.certificates(text(data, CERT));
        if (authorities.isEmpty() || serving.isEmpty()) {
            throw new GeneralSecurityException("no certificate in " + CA_CERT + " or " + CERT);
        }
        return new CertificateBundle(authorities, null, serving.getFirst(), Pem.key(text(data, KEY)));
    }

    /** The content of a Secret, values in base64. */
    Map<String, String> write() throws GeneralSecurityException {
        Map<String, String> data = new LinkedHashMap<>();
        data.put(CA_CERT, base64(Pem.write(authorities)));
        if (authorityKey != null) {
            data.put(CA_KEY, base64(Pem.write(authorityKey)));
        }
        data.put(CERT, base64(Pem.write(List.of(serving))));
        data.put(KEY, base64(Pem.write(key)));
        return data;
    }

    /** Whether the certificate covers all hosts, is signed by its authority, and is not due for renewal. */
    boolean isValid(Collection<String> hosts, Instant now) {
        return !isDue(serving, SERVING_RENEWED, now)
                && !isDue(authorities.getFirst(), AUTHORITY_RENEWED, now)
                && isSignedBy(authorities.getFirst())
                && names().containsAll(hosts);
    }

    /** A new serving certificate for these hosts and the previous ones, from a new authority if the present one is due. */
    CertificateBundle renew(Collection<String> hosts, Instant now) throws GeneralSecurityException {
        TreeSet<String> all = new TreeSet<>(names());
        all.addAll(hosts);
        X509Certificate present = authorities.getFirst();
        if (isDue(present, AUTHORITY_RENEWED, now)) {
            return issue(List.of(present), CertificateFactory.authority(now, AUTHORITY_VALID), all, now);
        }
        List<X509Certificate> earlier = authorities.subList(1, authorities.size()).stream()
                .filter(authority -> !isDue(authority, Duration.ZERO, now))
                .toList();
        return issue(earlier, new Signed(present, authorityKey), all, now);
    }

    /** A certificate for these hosts from the present authority, with a key of its own, and without the authority's key. */
    CertificateBundle derive(Collection<String> hosts, Instant now) throws GeneralSecurityException {
        Signed server =
                CertificateFactory.server(new Signed(authorities.getFirst(), authorityKey), hosts, now, SERVING_VALID);
        return new CertificateBundle(authorities, null, server.certificate(), server.key());
    }

    /** The authorities as PEM, the one that signs first. */
    String authoritiesPem() {
        try {
            return Pem.write(authorities);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("cannot encode a certificate that was read before", e);
        }
    }

    private static CertificateBundle issue(
            List<X509Certificate> earlier, Signed authority, Collection<String> hosts, Instant now)
            throws GeneralSecurityException {
        Signed server = CertificateFactory.server(authority, hosts, now, SERVING_VALID);
        List<X509Certificate> authorities = new ArrayList<>(List.of(authority.certificate()));
        authorities.addAll(earlier);
        return new CertificateBundle(List.copyOf(authorities), authority.key(), server.certificate(), server.key());
    }

    private TreeSet<String> names() {
        TreeSet<String> names = new TreeSet<>();
        try {
            Collection<List<?>> alternatives = serving.getSubjectAlternativeNames();
            if (alternatives != null) {
                alternatives.stream()
                        .filter(name ->
                                name.getFirst().equals(DNS) || name.getFirst().equals(ADDRESS))
                        .forEach(name -> names.add((String) name.get(1)));
            }
        } catch (GeneralSecurityException e) {
            return new TreeSet<>();
        }
        return names;
    }

    private boolean isSignedBy(X509Certificate authority) {
        try {
            serving.verify(authority.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static boolean isDue(X509Certificate certificate, Duration before, Instant now) {
        return !certificate.getNotAfter().toInstant().minus(before).isAfter(now);
    }

    private static String text(Map<String, String> data, String key) throws GeneralSecurityException {
        String value = data == null ? null : data.get(key);
        if (value == null) {
            throw new GeneralSecurityException("key " + key + " is missing");
        }
        try {
            return new String(Base64.getDecoder().decode(value), StandardCharsets.US_ASCII);
        } catch (IllegalArgumentException e) {
            throw new GeneralSecurityException("key " + key + " is not valid base64", e);
        }
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }
}
