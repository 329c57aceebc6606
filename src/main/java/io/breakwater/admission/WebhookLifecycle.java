package io.breakwater.admission;

import io.breakwater.api.Api;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.tls.ServingCertificate;
import io.breakwater.trust.WebhookSecret;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.jboss.logging.Logger;

/**
 * Starts the admission server and maintains its registration, also when other clients change it or the certificate is renewed.
 * The operator is ready only when both exist, so that all objects applied after an installation are checked.
 */
@Readiness
@ApplicationScoped
class WebhookLifecycle implements HealthCheck {
    private static final Logger LOG = Logger.getLogger(WebhookLifecycle.class);
    private static final Duration RETRY = Duration.ofSeconds(3);
    private static final Duration INTERVAL = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final ServingCertificate certificate;
    private final AdmissionServer server;
    private final WebhookSecret secret;
    private final boolean wanted;
    private volatile boolean registered;
    private volatile Thread registration;

    WebhookLifecycle(
            KubernetesClient client,
            BreakwaterConfig config,
            ServingCertificate certificate,
            AdmissionServer server,
            WebhookSecret secret) {
        this.secret = secret;
        this.client = client;
        this.config = config;
        this.certificate = certificate;
        this.server = server;
        this.wanted =
                config.role() == BreakwaterConfig.Role.guard && config.webhook().enabled();
    }

    void start(@Observes StartupEvent event) {
        if (wanted) {
            registration = Thread.ofVirtual().name("webhook-registration").start(this::maintainRegistration);
        }
    }

    void stop(@Observes ShutdownEvent event) {
        if (registration != null) {
            registration.interrupt();
        }
    }

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.named("admission webhook")
                .status(registered || !wanted)
                .build();
    }

    private void maintainRegistration() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                register();
                Thread.sleep(INTERVAL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IOException | RuntimeException e) {
                LOG.warnf(e, "could not register the admission webhook, will retry in %s", RETRY);
                pause();
            }
        }
    }

    private void register() throws IOException {
        server.start();
        // The gate is first: it needs no owner, so it does not depend on the right to read the ClusterRole.
        WebhookConfigurations gates = new WebhookConfigurations(config, certificate.caPem(), secret, null);
        apply(gates.gate());
        apply(gates.gateProtection());
        ClusterRole owner = client.rbac()
                .clusterRoles()
                .withName(config.webhook().name() + "-guard")
                .get();
        WebhookConfigurations wanted = new WebhookConfigurations(config, certificate.caPem(), secret, owner);
        apply(wanted.mutating());
        apply(wanted.validating());
        registered = true;
    }

    private void apply(HasMetadata object) {
        client.resource(object).fieldManager(Api.FIELD_MANAGER).forceConflicts().serverSideApply();
    }

    private static void pause() {
        try {
            Thread.sleep(RETRY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
