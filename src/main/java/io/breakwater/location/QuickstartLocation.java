package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import org.jboss.logging.Logger;

/**
 * Creates the location of the quickstart once the operator runs, if it does not exist. The chart cannot contain it: its kind does not
 * exist before the CRDs of the chart, and a GitOps tool would delete and create a Helm hook at each sync. A location that exists is
 * never changed.
 */
@ApplicationScoped
class QuickstartLocation {
    /** Name of the location, and of its directory. */
    static final String NAME = "quickstart";

    private static final Logger LOG = Logger.getLogger(QuickstartLocation.class);
    private static final Duration RETRY = Duration.ofSeconds(3);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private volatile Thread loop;

    QuickstartLocation(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.config = config;
    }

    void start(@Observes StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.operator && config.quickstart()) {
            loop = Thread.ofVirtual().name("quickstart-location").start(this::createUntilItExists);
        }
    }

    void stop(@Observes ShutdownEvent event) {
        if (loop != null) {
            loop.interrupt();
        }
    }

    /** The webhook of the guard may not answer yet. */
    private void createUntilItExists() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                create();
                return;
            } catch (KubernetesClientException e) {
                LOG.infof(
                        "BackupLocation %s/%s was not created, will retry: %s",
                        config.namespace(), NAME, ServerMessage.of(e));
            }
            try {
                Thread.sleep(RETRY);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Creates the location unless it exists. */
    void create() {
        var named = client.resources(BackupLocation.class)
                .inNamespace(config.namespace())
                .withName(NAME);
        if (named.get() != null) {
            return;
        }
        BackupLocation location = new BackupLocation();
        location.setMetadata(new ObjectMetaBuilder()
                .withNamespace(config.namespace())
                .withName(NAME)
                .addToLabels("app.kubernetes.io/name", "breakwater")
                .build());
        location.setSpec(new BackupLocationSpec());
        location.getSpec().filesystem = new BackupLocationSpec.Filesystem();
        location.getSpec().filesystem.path = NAME;
        location.getSpec().usagePolicy = new BackupLocationSpec.UsagePolicy();
        location.getSpec().usagePolicy.namespaces = BackupLocationSpec.Namespaces.All;
        client.resource(location).create();
        LOG.infof("created BackupLocation %s/%s", config.namespace(), NAME);
    }
}
