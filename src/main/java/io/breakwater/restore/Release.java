package io.breakwater.restore;

import io.breakwater.admission.NamespaceGate;
import io.breakwater.api.Condition;
import io.breakwater.api.Restore;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.Movers;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Removes the Jobs and lets the pods go; also those that an earlier, failed restore into the same namespace held back. Pods of
 * what comes later by {@code spec.order} are let go there.
 */
final class Release implements Step<RestoreRun> {
    private final KubernetesClient client;
    private final NamespaceGate gate;
    private final Movers movers;
    private final Orderings orderings;

    Release(KubernetesClient client, NamespaceGate gate, Movers movers, Orderings orderings) {
        this.client = client;
        this.gate = gate;
        this.movers = movers;
        this.orderings = orderings;
    }

    @Override
    public String name() {
        return "Release";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<List<String>> later = later(run);
        if (later.isEmpty()) {
            return Outcome.waiting("reading what waits for what", Duration.ofSeconds(10));
        }
        movers.delete(run.target(), run.label());
        gate.holders(run.target()).stream()
                .filter(h ->
                        RestoreRun.ofHolder(client, h).filter(Release::failed).isPresent())
                .forEach(h -> gate.open(run.target(), h));
        String holder = RestoreRun.holder(run.restore());
        if (!later.get().isEmpty() && gate.closedBy(run.target(), holder)) {
            gate.narrow(run.target(), holder, later.get());
            return Outcome.done("pods of namespace " + run.target() + " may run, but for those of "
                    + later.get().size() + " workloads that come later");
        }
        gate.open(run.target(), holder);
        return Outcome.done("pods of namespace " + run.target() + " may run");
    }

    /** Workloads whose pods stay held back; empty until that is known. */
    private Optional<List<String>> later(RestoreRun run) {
        return run.restore().getSpec().ordered()
                ? orderings.of(run).map(o -> InOrder.held(run, o))
                : Optional.of(List.of());
    }

    private static boolean failed(Restore restore) {
        return restore.getStatus() != null
                && restore.getStatus()
                        .condition(Condition.SUCCEEDED)
                        .map(c -> "False".equals(c.status))
                        .orElse(false);
    }
}
