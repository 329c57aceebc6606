package io.breakwater.gate;

import io.breakwater.api.Api;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Events;
import io.breakwater.steps.PeriodicWork;
import io.breakwater.watch.LabelledNames;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;

/**
 * Checks every few seconds whether the pods match the gates of their namespaces. The API server sees the label of a namespace
 * a moment after it was set, and a process may die between two calls. The sweeper deletes pods that passed a closed gate, and
 * releases pods that an open gate still holds.
 */
@ApplicationScoped
class GateSweeper {
    private static final Duration INTERVAL = Duration.ofSeconds(5);

    private final LabelledNames<Namespace> gated;
    private final LabelledNames<Pod> held;
    private final KubernetesClient client;
    private final NamespaceGate gate;
    private final Events events;
    private final PeriodicWork work = new PeriodicWork("check the gates", INTERVAL, this::sweepAll);

    GateSweeper(KubernetesClient client, NamespaceGate gate, Events events) {
        this.client = client;
        this.events = events;
        this.gated = new LabelledNames<>(
                client.namespaces().withLabelIn(Api.STANDBY, GateRules.ALL, GateRules.SOME), Namespace::new);
        this.held = new LabelledNames<>(client.pods().inAnyNamespace().withLabel(Api.STANDBY), Pod::new);
        this.gate = gate;
    }

    void start(@Observes StartupEvent event, BreakwaterConfig config) {
        if (config.role() == BreakwaterConfig.Role.guard && config.webhook().enabled()) {
            gated.start();
            held.start();
            work.start();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        work.stop();
        gated.stop();
        held.stop();
    }

    /** Sweeps the namespaces that are gated, and those that have held pods. Each sweep reads the namespace and its pods. */
    void sweepAll() {
        Set<String> namespaces = new TreeSet<>(gated.names(ObjectMeta::getName));
        namespaces.addAll(held.names(ObjectMeta::getNamespace));
        namespaces.forEach(this::sweep);
    }

    private void sweep(String namespace) {
        gate.sweep(namespace);
        // A plan that exists decides itself: it may know that the other site is active.
        gate.openForUser(namespace, holder -> isOfGonePlan(namespace, holder) || isAbsent(namespace, holder))
                .ifPresent(reason -> {
                    FailoverPlan about = new FailoverPlan();
                    about.getMetadata().setNamespace(namespace);
                    about.getMetadata().setName(namespace);
                    events.audited(
                            about,
                            Reason.Active,
                            "opened the gate of namespace " + namespace
                                    + ", which no FailoverPlan needs, by annotation " + Api.OPEN_GATE + ": " + reason,
                            AuditEntry.of(AuditAction.ChangeGate, AuditResult.Finished));
                });
    }

    /** Whether a user may run the workloads that a point lacked: the application itself already runs. */
    private boolean isAbsent(String namespace, String holder) {
        return holder.startsWith(NamespaceGate.ABSENT)
                && gate.holders(namespace).stream().noneMatch(other -> other.startsWith(NamespaceGate.PLAN));
    }

    private boolean isOfGonePlan(String namespace, String holder) {
        return holder.startsWith(NamespaceGate.PLAN)
                && client.resources(FailoverPlan.class)
                                .inNamespace(namespace)
                                .withName(holder.substring(NamespaceGate.PLAN.length()))
                                .get()
                        == null;
    }
}
