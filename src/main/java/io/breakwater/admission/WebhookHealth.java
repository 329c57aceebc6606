package io.breakwater.admission;

import io.breakwater.config.BreakwaterConfig;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/**
 * Whether the webhook answers. A platform thread asks it regularly, so the check itself never blocks, and notices that the
 * threads of the webhook do not run. Until the webhook listens there is nothing to check.
 */
@Liveness
@Readiness
@ApplicationScoped
class WebhookHealth implements HealthCheck {
    private static final Duration INTERVAL = Duration.ofSeconds(3);
    private static final Duration LIMIT = Duration.ofSeconds(3);
    private static final Duration SILENCE = Duration.ofSeconds(15);

    private final AdmissionServer server;
    private final WebhookProbe probe = new WebhookProbe(LIMIT);
    private volatile long answeredAt;
    private volatile Thread prober;

    WebhookHealth(AdmissionServer server) {
        this.server = server;
    }

    void start(@Observes StartupEvent event, BreakwaterConfig config) {
        if (config.role() == BreakwaterConfig.Role.guard && config.webhook().enabled()) {
            answeredAt = System.nanoTime();
            prober = Thread.ofPlatform().daemon().name("webhook-probe").start(this::probeUntilStopped);
        }
    }

    void stop(@Observes ShutdownEvent event) {
        if (prober != null) {
            prober.interrupt();
        }
    }

    @Override
    public HealthCheckResponse call() {
        boolean silent = prober != null && System.nanoTime() - answeredAt > SILENCE.toNanos();
        return HealthCheckResponse.named("admission webhook answers")
                .status(!silent)
                .build();
    }

    private void probeUntilStopped() {
        while (!Thread.currentThread().isInterrupted()) {
            int port = server.port();
            if (port == 0 || probe.isAnswered(port)) {
                answeredAt = System.nanoTime();
            }
            try {
                Thread.sleep(INTERVAL);
            } catch (InterruptedException e) {
                return;
            }
        }
    }
}
