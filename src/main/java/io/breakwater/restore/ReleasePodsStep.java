package io.breakwater.restore;

import io.breakwater.mover.MoverJobs;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.breakwater.volume.KeptSnapshots;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Deletes the mover Jobs and releases the pods, also those that an earlier, failed Restore holds in the same namespace, if this
 * run has filled its volumes. {@link OrderedRestoreStep} releases the pods of later stages of {@code spec.order}.
 */
final class ReleasePodsStep implements Step<RestoreRun> {
    private final RestoreGate restoreGate;
    private final MoverJobs movers;
    private final KeptSnapshots retained;
    private final RestoreOrders orders;

    ReleasePodsStep(RestoreGate restoreGate, MoverJobs movers, KeptSnapshots retained, RestoreOrders orders) {
        this.restoreGate = restoreGate;
        this.movers = movers;
        this.retained = retained;
        this.orders = orders;
    }

    @Override
    public String name() {
        return "Release";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<List<String>> later = later(run);
        if (later.isEmpty()) {
            return Outcome.waiting("resolving spec.order", Duration.ofSeconds(10));
        }
        movers.delete(run.target(), run.label());
        retained.removeImports(run.target(), run.label());
        List<String> stillHeld = restoreGate.heldByFailed(run);
        if (!stillHeld.isEmpty()) {
            run.update(s -> s.warnings = Warnings.merged(s.warnings, stillHeld));
        }
        if (later.get().isEmpty()) {
            restoreGate.release(run);
        } else {
            restoreGate.releaseExcept(run, later.get());
        }
        if (!stillHeld.isEmpty()) {
            return Outcome.done(String.join("; ", stillHeld));
        }
        return Outcome.done("released the pods of namespace " + run.target()
                + (later.get().isEmpty() ? "" : ", except those of later stages of spec.order"));
    }

    /** Workloads of later stages, whose pods stay held; empty until they are known. */
    private Optional<List<String>> later(RestoreRun run) {
        return run.restore().getSpec().ordered()
                ? orders.of(run).map(o -> OrderedRestoreStep.held(run, o))
                : Optional.of(List.of());
    }
}
