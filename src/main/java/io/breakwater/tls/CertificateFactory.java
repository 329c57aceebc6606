package io.breakwater.tls;

import java.math.BigInteger;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Creates X.509 certificates (RFC 5280) on P-256: one self-signed authority, and server certificates signed by it. */
final class CertificateFactory {
    /** A certificate with its private key. */
    record Signed(X509Certificate certificate, PrivateKey key) {}

    /** Allowance for clocks of the API server and of movers that are behind the local clock. */
    private static final Duration BACKDATED = Duration.ofMinutes(10);

    private static final SecureRandom RANDOM = new SecureRandom();

    private CertificateFactory() {}

    /** A new authority. Its name contains the serial number, so that two generations have different names. */
    static Signed authority(Instant now, Duration valid) throws GeneralSecurityException {
        KeyPair pair = keyPair();
        BigInteger serial = serial();
        X500Name name = new X500Name("CN=Breakwater CA " + serial.toString(36));
        try {
            X509v3CertificateBuilder builder = builder(name, serial, now, valid, name, pair)
                    .addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(
                    Extension.subjectKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
            return new Signed(sign(builder, pair.getPrivate()), pair.getPrivate());
        } catch (CertIOException | OperatorCreationException e) {
            throw new GeneralSecurityException("could not create the certificate of the authority", e);
        }
    }

    /** A new server certificate for the given DNS names and IP addresses, signed by the authority. */
    static Signed server(Signed authority, Collection<String> hosts, Instant now, Duration valid)
            throws GeneralSecurityException {
        KeyPair pair = keyPair();
        JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
        GeneralName[] names =
                hosts.stream().map(CertificateFactory::generalName).toArray(GeneralName[]::new);
        X500Name issuer = X500Name.getInstance(
                authority.certificate().getSubjectX500Principal().getEncoded());
        try {
            X509v3CertificateBuilder builder =
                    builder(issuer, serial(), now, valid, new X500Name("CN=breakwater"), pair);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
            builder.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    extensions.createAuthorityKeyIdentifier(
                            authority.certificate().getPublicKey()));
            return new Signed(sign(builder, authority.key()), pair.getPrivate());
        } catch (CertIOException | OperatorCreationException e) {
            throw new GeneralSecurityException("could not create the serving certificate", e);
        }
    }

    /** Whether the text is an IP address; an IPv6 address comes without the brackets that it has in a URL. */
    static boolean isAddress(String host) {
        return host.matches("[0-9.]+") || host.contains(":");
    }

    /** The host of a URL, without the brackets of an IPv6 address. */
    static String host(String url) {
        String host = URI.create(url).getHost();
        if (host == null) {
            throw new IllegalArgumentException("'" + url + "' has no host");
        }
        return host.replaceAll("[\\[\\]]", "");
    }

    private static GeneralName generalName(String host) {
        return new GeneralName(isAddress(host) ? GeneralName.iPAddress : GeneralName.dNSName, host);
    }

    private static X509v3CertificateBuilder builder(
            X500Name issuer, BigInteger serial, Instant now, Duration valid, X500Name subject, KeyPair pair) {
        return new JcaX509v3CertificateBuilder(
                issuer, serial, Date.from(now.minus(BACKDATED)), Date.from(now.plus(valid)), subject, pair.getPublic());
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
            throws OperatorCreationException, GeneralSecurityException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
    }

    private static KeyPair keyPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
        return generator.generateKeyPair();
    }

    private static BigInteger serial() {
        return new BigInteger(127, RANDOM).setBit(126);
    }
}
