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
 * The one certificate of webhook and gateway. It and the authority that signed it lie in a Secret of the operator's
 * namespace. Whichever pod comes first makes it, and every later change is guarded by the Secret's resource version, so
 * that all pods end with the same. It is looked at every ten minutes and renewed a month before it runs out; servers show
 * the new one from the next handshake on.
 */
@ApplicationScoped
public class ServingCertificate {
    private static final Logger LOG = Logger.getLogger(ServingCertificate.class);
    private static final Duration LOOK = Duration.ofMinutes(10);
    private static final int TRIES = 5;

    private final KubernetesClient client;
    private final Clock clock;
    private final String namespace;
    private final String secretName;
    private final Set<String> hosts;
    private volatile CertificateBundle material;
    private Thread keeper;
    private SSLContext context;

    public ServingCertificate(KubernetesClient client, BreakwaterConfig config, Clock clock) {
        this.client = client;
        this.clock = clock;
        this.namespace = config.namespace();
        this.secretName = config.webhook().name() + "-serving-cert";
        this.hosts = hosts(config);
    }

    /**
     * A context for servers; it follows renewals by itself.
     *
     * @throws BreakwaterException when the Secret can be neither read nor made
     */
    public synchronized SSLContext sslContext() {
        load();
        if (context == null) {
            try {
                SSLContext made = SSLContext.getInstance("TLS");
                made.init(new KeyManager[] {new CurrentKeyManager(() -> material)}, null, null);
                context = made;
            } catch (GeneralSecurityException e) {
                throw BreakwaterException.permanent(Reason.InternalError, "TLS could not be set up", e);
            }
        }
        return context;
    }

    /**
     * The authorities to trust, as PEM: the one that signs now, and while it is being replaced also the one before. Ask
     * again rather than keep it.
     *
     * @throws BreakwaterException when the Secret can be neither read nor made
     */
    public synchronized String caPem() {
        load();
        return material.authoritiesPem();
    }

    private void load() {
        if (material == null) {
            refresh();
        }
        if (keeper == null) {
            keeper = Thread.ofVirtual().name("serving-certificate").start(this::keep);
        }
    }

    /** Reads the Secret, renews what is due, and takes the result. */
    void refresh() {
        KubernetesClientException last = null;
        for (int i = 0; i < TRIES; i++) {
            try {
                material = settle();
                return;
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw BreakwaterException.retryable(
                            Reason.SecretNotFound,
                            "Secret " + where() + " cannot be read or written: " + e.getMessage(),
                            e);
                }
                last = e;
            } catch (GeneralSecurityException e) {
                throw BreakwaterException.permanent(
                        Reason.InternalError, "the certificate in Secret " + where() + " could not be made", e);
            }
        }
        throw BreakwaterException.retryable(
                Reason.SecretNotFound, "Secret " + where() + " keeps changing while it is written", last);
    }

    /** One try; a conflict means that another pod was faster, and the next try takes over what it wrote. */
    private CertificateBundle settle() throws GeneralSecurityException {
        Instant now = clock.instant();
        Secret secret =
                client.secrets().inNamespace(namespace).withName(secretName).get();
        Optional<CertificateBundle> found = read(secret);
        if (found.isPresent() && found.get().isGood(hosts, now)) {
            return found.get();
        }
        CertificateBundle made =
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
                .withData(made.write())
                .build();
        if (secret == null) {
            client.resource(wanted).create();
        } else {
            client.resource(wanted).update();
        }
        LOG.infof(
                "Secret %s: serving certificate for %s until %s",
                where(), hosts, made.serving().getNotAfter());
        return made;
    }

    private Optional<CertificateBundle> read(Secret secret) {
        if (secret == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(CertificateBundle.read(secret.getData()));
        } catch (GeneralSecurityException e) {
            LOG.warnf("Secret %s holds no usable certificate (%s); it is made anew", where(), e.getMessage());
            return Optional.empty();
        }
    }

    private void keep() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                Thread.sleep(LOOK);
                refresh();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.warnf(e, "the serving certificate could not be looked at; trying again in %s", LOOK);
            }
        }
    }

    @PreDestroy
    synchronized void close() {
        if (keeper != null) {
            keeper.interrupt();
        }
    }

    private String where() {
        return namespace + "/" + secretName;
    }

    /** Both services under each of their names in the cluster, and the host that movers are told to call. */
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
