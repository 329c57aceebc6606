package io.breakwater.verify;

import io.breakwater.api.Api;
import io.breakwater.api.Restore;
import io.breakwater.api.Verification;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.steps.PeriodicWork;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * Deletes sandboxes whose Verification does not exist any more. The finalizer of a Verification deletes its sandbox, but a user
 * may remove the finalizer. Then the pods of the sandbox would run for ever, outside the quota of the user's namespace.
 */
@ApplicationScoped
class SandboxSweep {
    private static final Logger LOG = Logger.getLogger(SandboxSweep.class);
    private static final Duration INTERVAL = Duration.ofMinutes(1);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final PeriodicWork work = new PeriodicWork("sweep the sandboxes", INTERVAL, this::sweep);

    SandboxSweep(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.config = config;
    }

    void start(@Observes StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.operator) {
            work.start();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        work.stop();
    }

    /** Deletes what has the label of a sandbox, and the name of one, without a Verification. */
    void sweep() {
        List<Namespace> sandboxes = client.namespaces().withLabel(Api.SANDBOX).list().getItems().stream()
                .filter(namespace -> namespace.getMetadata().getDeletionTimestamp() == null)
                .filter(namespace -> VerifyRun.sandboxOf(owner(namespace))
                        .equals(namespace.getMetadata().getName()))
                .toList();
        if (sandboxes.isEmpty()) {
            return;
        }
        // Read after the namespaces: a Verification exists before its sandbox.
        Set<String> present = client.resources(Verification.class).inAnyNamespace().list().getItems().stream()
                .map(verification -> verification.getMetadata().getUid())
                .collect(Collectors.toSet());
        sandboxes.stream()
                .filter(namespace -> !present.contains(owner(namespace)))
                .forEach(this::delete);
    }

    private static String owner(HasMetadata object) {
        return object.getMetadata().getLabels().get(Api.SANDBOX);
    }

    private void delete(Namespace sandbox) {
        String name = sandbox.getMetadata().getName();
        client.resources(Restore.class)
                .inNamespace(config.namespace())
                .withName(name)
                .delete();
        client.resource(sandbox).delete();
        LOG.warnf("deleted sandbox %s, whose Verification %s does not exist any more", name, owner(sandbox));
    }
}
