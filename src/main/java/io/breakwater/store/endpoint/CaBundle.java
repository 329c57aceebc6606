package io.breakwater.store.endpoint;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * The certificates of private authorities, from PEM text (RFC 7468). A connection with a bundle trusts these authorities and no
 * other. Text between the certificates is a comment, as in the bundles of distributions.
 */
public final class CaBundle {
    /** Key of the Secret that contains the bundle. */
    public static final String ENTRY = "ca.crt";

    private static final int MOST = 1 << 20;
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final Pattern BOUNDARY = Pattern.compile("-----(BEGIN|END) ([A-Z0-9 ]+)-----");

    private final List<Certificate> certificates;

    private CaBundle(List<Certificate> certificates) {
        this.certificates = certificates;
    }

    /**
     * Reads a bundle. Every block must be a certificate: a bundle of which only a part can be read is refused.
     *
     * @throws IllegalArgumentException naming the fault, without any part of the text
     */
    public static CaBundle of(String pem) {
        if (pem.length() > MOST) {
            throw new IllegalArgumentException("has more than 1 MiB");
        }
        List<Certificate> certificates = new ArrayList<>();
        Matcher boundary = BOUNDARY.matcher(pem);
        while (boundary.find()) {
            int number = certificates.size() + 1;
            if (!boundary.group(1).equals("BEGIN")) {
                throw new IllegalArgumentException("has an END line without a BEGIN line");
            }
            if (!boundary.group(2).equals(CERTIFICATE)) {
                throw new IllegalArgumentException("has a PEM block that is not a certificate; it must contain the"
                        + " certificates of authorities only");
            }
            int start = boundary.end();
            if (!boundary.find()
                    || !boundary.group(1).equals("END")
                    || !boundary.group(2).equals(CERTIFICATE)) {
                throw new IllegalArgumentException("has a certificate, number " + number + ", without an END line");
            }
            certificates.add(certificate(pem.substring(start, boundary.start()), number));
        }
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException(
                    "has no certificate in PEM, that is, no line" + " -----BEGIN CERTIFICATE-----");
        }
        return new CaBundle(List.copyOf(certificates));
    }

    /**
     * Reads the bundle in a Secret.
     *
     * @param data of the Secret, in base64; may be null
     * @throws IllegalArgumentException naming the fault, as a predicate of the Secret
     */
    public static CaBundle of(Map<String, String> data) {
        String encoded = data == null ? null : data.get(ENTRY);
        if (encoded == null) {
            throw new IllegalArgumentException("does not have the key " + ENTRY);
        }
        try {
            return of(new String(Base64.getDecoder().decode(encoded), StandardCharsets.US_ASCII));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "has a value of " + ENTRY + " that cannot be used: it " + e.getMessage(), e);
        }
    }

    /** The reason why the data of a Secret is not a bundle, as a predicate of the Secret; empty if it is one. */
    public static Optional<String> objection(Map<String, String> data) {
        try {
            of(data);
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage());
        }
    }

    private static Certificate certificate(String base64, int number) {
        try {
            byte[] der = Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
            Certificate certificate =
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
            if (certificate.getEncoded().length != der.length) {
                throw new CertificateException("bytes follow the certificate");
            }
            return certificate;
        } catch (CertificateException | IllegalArgumentException e) {
            throw new IllegalArgumentException("has a certificate, number " + number + ", that cannot be read", e);
        }
    }

    /** Makes sockets for TLS that trust these authorities only. */
    SSLSocketFactory sockets() {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < certificates.size(); i++) {
                store.setCertificateEntry("ca-" + i, certificates.get(i));
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context.getSocketFactory();
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("this Java runtime cannot verify certificates", e);
        }
    }
}
