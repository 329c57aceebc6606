package io.breakwater.tls;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import org.jboss.logging.Logger;

/**
 * The certificate of webhook and gateway. It is in a Secret of the operator's namespace, with the authority that signed it. The
 * first pod creates it. Each later change depends on the resource version of the Secret, so that all pods have the same
 * certificate. It is checked every ten minutes and renewed a month before it expires. Servers present the new certificate from
 * the next handshake on.
 */
@ApplicationScoped
public class ServingCertificate {
    private static final Logger LOG = Logger.getLogger(ServingCertificate.class);
    private static final Duration INTERVAL = Duration.ofMinutes(10);
    private static final int TRIES = 5;

    private final KubernetesClient client;
    private final Clock clock;
    private final String namespace;
    private final String secretName;
    private final Set<String> hosts;
    private volatile CertificateBundle bundle;
    private Thread renewer;
    private SSLContext context;

    public ServingCertificate(KubernetesClient client, BreakwaterConfig config, Clock clock) {
        this.client = client;
        this.clock = clock;
        this.namespace = config.namespace();
        this.secretName = config.webhook().name() + "-serving-cert";
        this.hosts = hosts(config);
    }

    /**
     * A context for servers. It uses renewed certificates automatically.
     *
     * @throws BreakwaterException when the Secret cannot be read or created
     */
    public synchronized SSLContext sslContext() {
        load();
        if (context == null) {
            try {
                SSLContext created = SSLContext.getInstance("TLS");
                created.init(new KeyManager[] {new CurrentKeyManager(() -> bundle)}, null, null);
                context = created;
            } catch (GeneralSecurityException e) {
                throw BreakwaterException.permanent(Reason.InternalError, "could not set up TLS", e);
            }
        }
        return context;
    }

    /**
     * The authorities to trust, as PEM: the present one, and during its replacement also the previous one. Callers should not
     * store the result, since it changes.
     *
     * @throws BreakwaterException when the Secret cannot be read or created
     */
    public synchronized String caPem() {
        load();
        return bundle.authoritiesPem();
    }

    private void load() {
        if (bundle == null) {
            refresh();
        }
        if (renewer == null) {
            renewer = Thread.ofVirtual().name("serving-certificate").start(this::renewUntilStopped);
        }
    }

    /** Reads the Secret, renews the certificate and the authority if they are due, and uses the result. */
    void refresh() {
        KubernetesClientException last = null;
        for (int i = 0; i < TRIES; i++) {
            try {
                bundle = readOrRenew();
                return;
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw BreakwaterException.retryable(
                            Reason.SecretNotFound,
                            "could not read or write Secret " + where() + ", will retry: " + e.getMessage(),
                            e);
                }
                last = e;
            } catch (GeneralSecurityException e) {
                throw BreakwaterException.permanent(
                        Reason.InternalError, "could not create the certificate in Secret " + where(), e);
            }
        }
        throw BreakwaterException.retryable(
                Reason.SecretNotFound,
                "could not write Secret " + where() + ", will retry: other pods changed it at the same time",
                last);
    }

    /** Makes one attempt. After a conflict, the next attempt uses the certificate of the other pod. */
    private CertificateBundle readOrRenew() throws GeneralSecurityException {
        Instant now = clock.instant();
        Secret secret =
                client.secrets().inNamespace(namespace).withName(secretName).get();
        Optional<CertificateBundle> found = read(secret);
        if (found.isPresent() && found.get().isValid(hosts, now)) {
            return found.get();
        }
        CertificateBundle created =
                found.isPresent() ? found.get().renew(hosts, now) : CertificateBundle.generate(hosts, now);
        Secret wanted = new SecretBuilder()
                .withNewMetadata()
                .withName(secretName)
                .withNamespace(namespace)
                .addToLabels("app.kubernetes.io/managed-by", "breakwater")
                .withResourceVersion(
                        secret == null ? null : secret.getMetadata().getResourceVersion())
                .endMetadata()
                .withType(secret == null ? "Opaque" : secret.getType())
                .withData(created.write())
                .build();
        if (secret == null) {
            client.resource(wanted).create();
        } else {
            client.resource(wanted).update();
        }
        LOG.infof(
                "wrote the serving certificate for %s to Secret %s; it is valid until %s",
                hosts, where(), created.serving().getNotAfter());
        return created;
    }

    private Optional<CertificateBundle> read(Secret secret) {
        if (secret == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(CertificateBundle.read(secret.getData()));
        } catch (GeneralSecurityException e) {
            LOG.warnf("Secret %s has no valid certificate (%s); creating a new one", where(), e.getMessage());
            return Optional.empty();
        }
    }

    private void renewUntilStopped() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                Thread.sleep(INTERVAL);
                refresh();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.warnf(e, "could not check the serving certificate, will retry in %s", INTERVAL);
            }
        }
    }

    @PreDestroy
    synchronized void close() {
        if (renewer != null) {
            renewer.interrupt();
        }
    }

    private String where() {
        return namespace + "/" + secretName;
    }

    /** The names of both services in the cluster, and the host that movers connect to. */
    private static Set<String> hosts(BreakwaterConfig config) {
        Set<String> hosts = new TreeSet<>();
        hosts.add(CertificateFactory.host(config.gateway().url()));
        for (String service : new String[] {config.webhook().service(), "breakwater-gateway"}) {
            hosts.add(service + "." + config.namespace() + ".svc");
            hosts.add(service + "." + config.namespace() + ".svc.cluster.local");
        }
        return hosts;
    }
}
