package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Events;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;

/**
 * A gate that another plan of the namespace left closed, and a gate that a user opens. A plan inherits the gate of plans that do
 * not exist any more: by its own rules it opens the gate once this site is active. A user decides only while the plan has no
 * proof of the active site.
 */
final class PlanHolders {
    private final KubernetesClient client;
    private final NamespaceGate gate;
    private final Events events;

    PlanHolders(KubernetesClient client, NamespaceGate gate, Events events) {
        this.client = client;
        this.gate = gate;
        this.events = events;
    }

    /** Makes the plan the holder in place of plans that do not exist any more. */
    void inherit(FailoverPlan plan) {
        String namespace = plan.getMetadata().getNamespace();
        List<String> gone = gate.inherit(namespace, plan.getMetadata().getName(), name -> isGone(namespace, name));
        if (!gone.isEmpty()) {
            events.normal(
                    plan,
                    Reason.Standby,
                    "inherited the closed gate of namespace " + namespace + " from " + String.join(", ", gone)
                            + ", which does not exist any more");
        }
    }

    /** Asks the API server, since a cache can lack a plan that was created just now. */
    private boolean isGone(String namespace, String name) {
        return client.resources(FailoverPlan.class)
                        .inNamespace(namespace)
                        .withName(name)
                        .get()
                == null;
    }

    /**
     * Opens the gate of a plan that cannot know the active site, if a user asked for it.
     *
     * @return whether a user has opened the gate, now or earlier
     */
    boolean openForUser(FailoverPlan plan) {
        String namespace = plan.getMetadata().getNamespace();
        String own = PlanSite.gateHolder(plan);
        gate.openForUser(namespace, own::equals)
                .ifPresent(reason -> events.audited(
                        plan,
                        Reason.Active,
                        "opened the gate of namespace " + namespace + " by annotation " + Api.OPEN_GATE
                                + ", although it is not known which site is active: " + reason,
                        AuditEntry.of(AuditAction.ChangeGate, AuditResult.Finished)));
        return gate.isOpenedByUser(namespace);
    }

    /** Refuses to open the gate for a user, since the lease proves that another site is active. */
    void refuseOpening(PlanSite plan) {
        gate.refuseOpening(plan.namespace())
                .ifPresent(reason -> events.audited(
                        plan.resource(),
                        Reason.Standby,
                        "did not open the gate of namespace " + plan.namespace() + ", and removed annotation "
                                + Api.OPEN_GATE
                                + ": the lease proves that this site is not active; change spec.activeSite to fail over",
                        AuditEntry.of(AuditAction.ChangeGate, AuditResult.Refused)));
    }
}
