package io.breakwater.failover;

import io.breakwater.api.FailoverPlan;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.election.LeaderStart;
import io.breakwater.observe.LogContext;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * The first action of a guard that leads. On a site that was down, the pods started with their nodes, before a guard could check
 * whether they may run. Each plan with an open gate gets a keeper at once. The keeper reads the lease before it writes. It
 * closes the gate when another site holds the lease, or when the lease cannot be read.
 */
@ApplicationScoped
class StartupGate {
    private static final Logger LOG = Logger.getLogger(StartupGate.class);

    private final KubernetesClient client;
    private final LeaseSupervisor supervisor;
    private final BreakwaterConfig config;

    StartupGate(KubernetesClient client, LeaseSupervisor supervisor, BreakwaterConfig config) {
        this.client = client;
        this.supervisor = supervisor;
        this.config = config;
    }

    void start(@Observes LeaderStart event) {
        if (config.role() == BreakwaterConfig.Role.guard) {
            Thread.ofPlatform().daemon().name("start gate").start(this::untilListed);
        }
    }

    private void untilListed() {
        while (true) {
            try {
                client.resources(FailoverPlan.class)
                        .inAnyNamespace()
                        .list()
                        .getItems()
                        .forEach(plan -> Thread.ofPlatform().daemon().start(() -> resume(plan)));
                return;
            } catch (RuntimeException e) {
                LOG.warnf("could not list FailoverPlans, will retry: %s", e.getMessage());
            }
            try {
                TimeUnit.MILLISECONDS.sleep(500);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Starts the keeper of a plan. If that fails, the reconciler of the plan repeats it. */
    void resume(FailoverPlan plan) {
        try (LogContext _ = LogContext.of(plan)) {
            supervisor.resume(plan);
        } catch (RuntimeException e) {
            LOG.warnf(
                    "could not check the gate of FailoverPlan %s, will retry: %s", PlanRoles.key(plan), e.getMessage());
        }
    }
}
