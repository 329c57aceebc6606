package io.breakwater.failover;

import io.breakwater.gate.GateRules;
import io.breakwater.gate.NamespaceGate;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The checks of a planned failover before the first pod ends. What fails here costs no outage: the old site refuses the request, and
 * continues to serve.
 */
final class HandOverValidation {
    private final KubernetesClient client;
    private final PlanSites sites;
    private final NamespaceGate gate;

    HandOverValidation(KubernetesClient client, PlanSites sites, NamespaceGate gate) {
        this.client = client;
        this.sites = sites;
        this.gate = gate;
    }

    /** The first problem that would end the hand-over; empty when none is known. */
    Optional<String> check(PlanSite plan) {
        Stream<Supplier<Optional<String>>> checks =
                Stream.of(() -> checkLocation(plan), () -> checkGate(plan), () -> checkNodes(plan));
        return checks.map(Supplier::get).flatMap(Optional::stream).findFirst();
    }

    /** The final point must be complete in this location. */
    private Optional<String> checkLocation(PlanSite plan) {
        return sites.problemOf(plan.resource(), PlanRoles.peer(plan.resource(), plan.site()).locationRef)
                .map(problem -> "the final point cannot be copied to site " + plan.peer() + ": " + problem);
    }

    /** A final point of a namespace that a Restore is writing to is not the state of the application. */
    private Optional<String> checkGate(PlanSite plan) {
        List<String> others = gate.holders(plan.namespace()).stream()
                .filter(holder -> !holder.equals(plan.gateHolder()))
                .filter(holder -> !holder.equals(TidyWorkloadsStep.absentHolder(plan)))
                .toList();
        return others.isEmpty()
                ? Optional.empty()
                : Optional.of("the gate of namespace " + plan.namespace() + " is closed for "
                        + String.join(", ", others) + "; wait until that has finished, or delete it");
    }

    /** A pod on a node that does not answer never ends, so the final point would never start. */
    private Optional<String> checkNodes(PlanSite plan) {
        Map<String, String> podsByNode = new LinkedHashMap<>();
        client.pods().inNamespace(plan.namespace()).list().getItems().stream()
                .filter(pod -> pod.getSpec() != null && pod.getSpec().getNodeName() != null)
                .filter(pod -> !GateRules.isFinished(pod))
                .forEach(pod -> podsByNode.putIfAbsent(
                        pod.getSpec().getNodeName(), pod.getMetadata().getName()));
        return podsByNode.entrySet().stream()
                .filter(pod -> isUnreachable(pod.getKey()))
                .findFirst()
                .map(pod -> "pod " + pod.getValue() + " is on node " + pod.getKey()
                        + ", which does not answer, so the pod cannot end; repair or delete the node");
    }

    private boolean isUnreachable(String name) {
        Node node = client.nodes().withName(name).get();
        return node != null
                && node.getStatus() != null
                && node.getStatus().getConditions().stream()
                        .anyMatch(c -> "Ready".equals(c.getType()) && !"True".equals(c.getStatus()));
    }
}
