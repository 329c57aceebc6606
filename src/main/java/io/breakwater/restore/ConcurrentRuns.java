package io.breakwater.restore;

import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.gate.NamespaceGate;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;

/** Others who work on the namespace that is restored into: a FailoverPlan, Restores that came first, points being cut. */
final class ConcurrentRuns {
    private final KubernetesClient client;
    private final NamespaceGate gate;

    ConcurrentRuns(KubernetesClient client, NamespaceGate gate) {
        this.client = client;
        this.gate = gate;
    }

    /** What a standby site holds is replaced when it takes over; writing to it at the same time would damage that. */
    void checkActive(RestoreRun run) {
        Optional<String> plan = gate.holders(run.target()).stream()
                .filter(h -> h.startsWith(NamespaceGate.PLAN))
                .findFirst();
        if (plan.isPresent() && !run.ofPlan()) {
            throw run.refused(
                    Reason.Standby,
                    "namespace " + run.target() + " is held back by FailoverPlan "
                            + plan.get().substring(NamespaceGate.PLAN.length())
                            + ", since this site stands by; restore on the active site, or into another namespace");
        }
    }

    /** Who has to come to an end first; points that come later see the closed gate, and wait. */
    Optional<String> findBlocker(RestoreRun run) {
        return earlier(run).or(() -> beingCut(run.target()));
    }

    private Optional<String> earlier(RestoreRun run) {
        List<String> holders = gate.holders(run.target());
        int own = holders.indexOf(RestoreRun.holder(run.restore()));
        return holders.subList(0, Math.max(own, 0)).stream()
                .flatMap(h -> RestoreRun.ofHolder(client, h).stream())
                .filter(other -> !other.isOver())
                .map(other -> "Restore " + other.getMetadata().getNamespace() + "/"
                        + other.getMetadata().getName() + " came first, and is not over")
                .findFirst();
    }

    private Optional<String> beingCut(String namespace) {
        return client.resources(RestorePoint.class).inNamespace(namespace).list().getItems().stream()
                .filter(RestorePoint::isBeingCut)
                .map(p -> "RestorePoint " + p.getMetadata().getName() + " is being cut")
                .findFirst();
    }
}
