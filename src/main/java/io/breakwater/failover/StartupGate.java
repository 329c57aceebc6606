package io.breakwater.failover;

import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.LogContext;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * The first thing that an operator does: on a site that was away, the pods came back with their nodes, before there was
 * anybody to ask whether they may run. Each plan whose gate is open gets a keeper at once, which reads the lease, writes
 * nothing before it has, and gates when the lease is not ours or cannot be read.
 */
@ApplicationScoped
class StartupGate {
    private static final Logger LOG = Logger.getLogger(StartupGate.class);

    private final KubernetesClient client;
    private final PlanSites sites;
    private final LeaseSupervisor guards;
    private final BreakwaterConfig config;

    StartupGate(KubernetesClient client, PlanSites sites, LeaseSupervisor guards, BreakwaterConfig config) {
        this.client = client;
        this.sites = sites;
        this.guards = guards;
        this.config = config;
    }

    void start(@Observes @Priority(1) StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.operator) {
            Thread.ofVirtual().name("start gate").start(this::untilListed);
        }
    }

    private void untilListed() {
        while (true) {
            try {
                client.resources(FailoverPlan.class)
                        .inAnyNamespace()
                        .list()
                        .getItems()
                        .forEach(plan -> Thread.ofVirtual().start(() -> takeUp(plan)));
                return;
            } catch (RuntimeException e) {
                LOG.warnf("FailoverPlans cannot be listed yet: %s", e.getMessage());
            }
            try {
                TimeUnit.MILLISECONDS.sleep(500);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** A plan that cannot be opened is left to its reconciler, which says why. */
    void takeUp(FailoverPlan plan) {
        try (LogContext _ = LogContext.of(plan)) {
            if (plan.getStatus() == null) {
                plan.setStatus(new FailoverPlanStatus());
            }
            guards.takeUp(sites.open(plan));
        } catch (RuntimeException e) {
            LOG.warnf("FailoverPlan %s cannot be opened yet: %s", PlanRoles.key(plan), e.getMessage());
        }
    }
}
