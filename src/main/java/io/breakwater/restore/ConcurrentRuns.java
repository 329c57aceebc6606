package io.breakwater.restore;

import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.points.PointPages;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;

/** Finds other runs in the target namespace: a FailoverPlan, earlier Restores, and captures that take snapshots. */
final class ConcurrentRuns {
    private final KubernetesClient client;
    private final NamespaceGate gate;

    ConcurrentRuns(KubernetesClient client, NamespaceGate gate) {
        this.client = client;
        this.gate = gate;
    }

    /** Refuses a restore on a standby site: the site replaces the namespace when it takes over, and both would conflict. */
    void checkActive(RestoreRun run) {
        Optional<String> plan = gate.holders(run.target()).stream()
                .filter(h -> h.startsWith(NamespaceGate.PLAN))
                .findFirst();
        if (plan.isPresent() && !run.ofPlan()) {
            throw run.refused(
                    Reason.Standby,
                    "namespace " + run.target() + " is held by FailoverPlan "
                            + plan.get().substring(NamespaceGate.PLAN.length())
                            + ", because this site is on standby; restore on the active site, or into another"
                            + " namespace");
        }
    }

    /** What the run has to wait for. Later captures see the closed gate and wait for the run. */
    Optional<String> findBlocker(RestoreRun run) {
        return earlier(run).or(() -> beingCut(run.target()));
    }

    private Optional<String> earlier(RestoreRun run) {
        List<String> holders = gate.holders(run.target());
        int own = holders.indexOf(RestoreRun.holder(run.restore()));
        return holders.subList(0, Math.max(own, 0)).stream()
                .flatMap(h -> RestoreRun.ofHolder(client, h).stream())
                .filter(other -> !other.isOver())
                .map(other -> "waiting for " + ObjectNames.of(other) + ", which started earlier")
                .findFirst();
    }

    private Optional<String> beingCut(String namespace) {
        return PointPages.whole(client, namespace, RestorePoint::isBeingCaptured).stream()
                .map(p -> "waiting for RestorePoint " + p.getMetadata().getName() + ", which is being captured")
                .findFirst();
    }
}
