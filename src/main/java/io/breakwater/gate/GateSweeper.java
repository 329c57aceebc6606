package io.breakwater.gate;

import io.breakwater.api.Api;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.jboss.logging.Logger;

/**
 * Looks every few seconds whether pods agree with the gates of their namespaces. The API server learns of a namespace's
 * label a moment after it was set, and a process may die between two calls: pods that slipped through a closed gate are
 * ended, and pods that an open one forgot are let go.
 */
@ApplicationScoped
class GateSweeper {
    private static final Logger LOG = Logger.getLogger(GateSweeper.class);
    private static final Duration LOOK = Duration.ofSeconds(5);

    private final KubernetesClient client;
    private final NamespaceGate gate;
    private volatile Thread keeper;

    GateSweeper(KubernetesClient client, NamespaceGate gate) {
        this.client = client;
        this.gate = gate;
    }

    void start(@Observes StartupEvent event, BreakwaterConfig config) {
        if (config.role() == BreakwaterConfig.Role.operator && config.webhook().enabled()) {
            keeper = Thread.ofVirtual().name("gate-keeper").start(this::keep);
        }
    }

    void stop(@Observes ShutdownEvent event) {
        if (keeper != null) {
            keeper.interrupt();
        }
    }

    private void keep() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                Thread.sleep(LOOK);
                look();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.warnf("the gates could not be looked at: %s; trying again in %s", e.getMessage(), LOOK);
            }
        }
    }

    /** Sweeps the namespaces that are gated and those that have held pods. */
    void look() {
        Set<String> namespaces = new TreeSet<>();
        client.namespaces()
                .withLabel(Api.STANDBY, "true")
                .list()
                .getItems()
                .forEach(n -> namespaces.add(n.getMetadata().getName()));
        client.pods()
                .inAnyNamespace()
                .withLabel(Api.STANDBY)
                .list()
                .getItems()
                .forEach(p -> namespaces.add(p.getMetadata().getNamespace()));
        namespaces.forEach(gate::sweep);
    }
}
