package io.breakwater.restore;

import io.breakwater.admission.NamespaceGate;
import io.breakwater.api.Condition;
import io.breakwater.api.Restore;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.Movers;
import io.fabric8.kubernetes.client.KubernetesClient;

/** Removes the Jobs and lets the pods go; also those that an earlier, failed restore into the same namespace held back. */
final class Release implements Step<RestoreRun> {
    private final KubernetesClient client;
    private final NamespaceGate gate;
    private final Movers movers;

    Release(KubernetesClient client, NamespaceGate gate, Movers movers) {
        this.client = client;
        this.gate = gate;
        this.movers = movers;
    }

    @Override
    public String name() {
        return "Release";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        movers.delete(run.target(), run.label());
        gate.holders(run.target()).stream()
                .filter(h ->
                        RestoreRun.ofHolder(client, h).filter(Release::failed).isPresent())
                .forEach(h -> gate.open(run.target(), h));
        gate.open(run.target(), RestoreRun.holder(run.restore()));
        return Outcome.done("pods of namespace " + run.target() + " may run");
    }

    private static boolean failed(Restore restore) {
        return restore.getStatus() != null
                && restore.getStatus()
                        .condition(Condition.SUCCEEDED)
                        .map(c -> "False".equals(c.status))
                        .orElse(false);
    }
}
