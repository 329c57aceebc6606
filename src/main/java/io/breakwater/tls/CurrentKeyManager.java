package io.breakwater.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Presents the certificate that is current when a handshake starts. The alias names the certificate, so that one handshake
 * never combines the certificate of one generation with the key of the next.
 */
final class CurrentKeyManager extends X509ExtendedKeyManager {
    private final Supplier<CertificateBundle> current;
    private volatile CertificateBundle previous;
    private volatile CertificateBundle latest;

    CurrentKeyManager(Supplier<CertificateBundle> current) {
        this.current = current;
    }

    @Override
    public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
        return choose(keyType);
    }

    @Override
    public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
        return choose(keyType);
    }

    @Override
    public String[] getServerAliases(String keyType, Principal[] issuers) {
        String alias = choose(keyType);
        return alias == null ? null : new String[] {alias};
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        CertificateBundle bundle = named(alias);
        return bundle == null ? null : new X509Certificate[] {bundle.serving()};
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        CertificateBundle bundle = named(alias);
        return bundle == null ? null : bundle.key();
    }

    @Override
    public String[] getClientAliases(String keyType, Principal[] issuers) {
        return null;
    }

    @Override
    public String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
        return null;
    }

    private synchronized String choose(String keyType) {
        if (!keyType.startsWith("EC")) {
            return null;
        }
        CertificateBundle now = current.get();
        if (now != latest) {
            previous = latest;
            latest = now;
        }
        return alias(now);
    }

    private CertificateBundle named(String alias) {
        CertificateBundle now = latest;
        if (now != null && alias(now).equals(alias)) {
            return now;
        }
        CertificateBundle before = previous;
        return before != null && alias(before).equals(alias) ? before : null;
    }

    private static String alias(CertificateBundle bundle) {
        return bundle.serving().getSerialNumber().toString(16);
    }
}
