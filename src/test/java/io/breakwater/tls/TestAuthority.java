package io.breakwater.tls;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** A private authority for tests of other packages, and servers with its certificates. */
public final class TestAuthority {
    private final CertificateFactory.Signed authority;

    public TestAuthority() {
        try {
            authority = CertificateFactory.authority(Instant.now(), Duration.ofDays(1));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The certificate of the authority. */
    public String pem() {
        try {
            return Pem.write(List.of(authority.certificate()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same as a value in a Secret. */
    public String base64() {
        return Base64.getEncoder().encodeToString(pem().getBytes());
    }

    /** A server on a loopback port with a certificate for one host. It answers every request with 403. */
    public HttpsServer serve(String host) throws IOException {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context(host)));
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(403, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private SSLContext context(String host) {
        try {
            CertificateFactory.Signed signed =
                    CertificateFactory.server(authority, List.of(host), Instant.now(), Duration.ofDays(1));
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("server", signed.key(), new char[0], new Certificate[] {
                signed.certificate(), authority.certificate()
            });
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
