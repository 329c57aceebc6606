package io.breakwater.tls;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
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
 *
 * <p>A separate gateway has a Secret of its own: a certificate of the same authority, without the key of the authority. The
 * operator writes it, and the gateway only reads it.
 */
@ApplicationScoped
public class ServingCertificate {
    private static final Logger LOG = Logger.getLogger(ServingCertificate.class);
    private static final Duration INTERVAL = Duration.ofMinutes(10);
    private static final Duration RETRY = Duration.ofSeconds(3);
    private static final int TRIES = 5;

    /** How often a gateway looks for its Secret, once a second, before it fails: the operator may start later. */
    private static final int WAITS = 60;

    private static final String GATEWAY = "breakwater-gateway";

    private final KubernetesClient client;
    private final Clock clock;
    private final String namespace;
    private final String secretName;
    private final Set<String> hosts;
    private final String gatewaySecret;
    private final Set<String> gatewayHosts;
    private final boolean reads;
    private final boolean writesGateway;
    private volatile CertificateBundle bundle;
    private Thread renewer;
    private SSLContext context;

    public ServingCertificate(KubernetesClient client, BreakwaterConfig config, Clock clock) {
        this.client = client;
        this.clock = clock;
        this.namespace = config.namespace();
        this.hosts = hosts(config, config.webhook().service(), GATEWAY);
        this.gatewaySecret = config.webhook().name() + "-gateway-cert";
        this.gatewayHosts = hosts(config, GATEWAY);
        this.reads = config.role() == BreakwaterConfig.Role.gateway;
        this.writesGateway = config.role() == BreakwaterConfig.Role.operator
                && !config.gateway().embedded();
        this.secretName = reads ? gatewaySecret : config.webhook().name() + "-serving-cert";
    }

    /** Writes the Secret of a separate gateway, which serves and is ready only with it, also before the first mover. */
    void start(@Observes StartupEvent event) {
        if (writesGateway) {
            Thread.ofVirtual().name("gateway-certificate").start(this::loadUntilWritten);
        }
    }

    private void loadUntilWritten() {
        while (true) {
            try {
                caPem();
                return;
            } catch (RuntimeException e) {
                LOG.warnf(
                        "could not write the certificate of the gateway, will retry in %s: %s", RETRY, e.getMessage());
            }
            try {
                Thread.sleep(RETRY);
            } catch (InterruptedException e) {
                return;
            }
        }
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
        if (bundle == null && reads) {
            refreshWhenPresent();
        } else if (bundle == null) {
            refresh();
        }
        if (renewer == null) {
            renewer = Thread.ofVirtual().name("serving-certificate").start(this::renewUntilStopped);
        }
    }

    private void refreshWhenPresent() {
        for (int i = 0; i < WAITS; i++) {
            try {
                refresh();
                return;
            } catch (BreakwaterException e) {
                LOG.infof("waiting for the certificate: %s", e.getMessage());
            }
            try {
                Thread.sleep(Duration.ofSeconds(1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        refresh();
    }

    /** Reads the Secret, renews the certificate and the authority if they are due, and uses the result. */
    void refresh() {
        KubernetesClientException last = null;
        for (int i = 0; i < TRIES; i++) {
            try {
                bundle = reads ? readOnly() : readOrRenew();
                if (writesGateway) {
                    writeForGateway(bundle);
                }
                return;
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw BreakwaterException.retryable(
                            Reason.SecretNotFound,
                            "could not read or write Secret " + where() + ", will retry: " + ServerMessage.of(e),
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
        Secret secret = get(secretName);
        Optional<CertificateBundle> found = read(secret);
        if (found.isPresent() && found.get().isValid(hosts, now)) {
            return found.get();
        }
        CertificateBundle created =
                found.isPresent() ? found.get().renew(hosts, now) : CertificateBundle.generate(hosts, now);
        write(secretName, secret, created);
        return created;
    }

    /** The certificate that the operator wrote for the gateway. */
    private CertificateBundle readOnly() throws GeneralSecurityException {
        Secret secret = get(secretName);
        if (secret == null) {
            throw BreakwaterException.retryable(
                    Reason.SecretNotFound,
                    "Secret " + where() + " does not exist; the operator creates it, will retry");
        }
        return CertificateBundle.readServing(secret.getData());
    }

    private void writeForGateway(CertificateBundle from) throws GeneralSecurityException {
        Instant now = clock.instant();
        Secret secret = get(gatewaySecret);
        if (secret != null && secret.getData() != null) {
            try {
                CertificateBundle present = CertificateBundle.readServing(secret.getData());
                if (present.isValid(gatewayHosts, now) && present.authorities().equals(from.authorities())) {
                    return;
                }
            } catch (GeneralSecurityException e) {
                LOG.warnf("Secret %s/%s has no valid certificate (%s)", namespace, gatewaySecret, e.getMessage());
            }
        }
        write(gatewaySecret, secret, from.derive(gatewayHosts, now));
    }

    /** Creates or updates a Secret; a conflict throws. */
    private void write(String name, Secret before, CertificateBundle content) throws GeneralSecurityException {
        Secret wanted = new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .addToLabels("app.kubernetes.io/managed-by", "breakwater")
                .addToLabels(Api.EXCLUDE, "true")
                .withResourceVersion(
                        before == null ? null : before.getMetadata().getResourceVersion())
                .endMetadata()
                .withType(before == null ? "Opaque" : before.getType())
                .withData(content.write())
                .build();
        if (before == null) {
            client.resource(wanted).create();
        } else {
            client.resource(wanted).update();
        }
        LOG.infof(
                "wrote a serving certificate to Secret %s/%s; it is valid until %s",
                namespace, name, content.serving().getNotAfter());
    }

    private Secret get(String name) {
        return client.secrets().inNamespace(namespace).withName(name).get();
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

    /** The names of services in the cluster, and the host that movers connect to. */
    private static Set<String> hosts(BreakwaterConfig config, String... services) {
        Set<String> hosts = new TreeSet<>();
        hosts.add(CertificateFactory.host(config.gateway().url()));
        for (String service : services) {
            hosts.add(service + "." + config.namespace() + ".svc");
            hosts.add(service + "." + config.namespace() + ".svc.cluster.local");
        }
        return hosts;
    }
}
