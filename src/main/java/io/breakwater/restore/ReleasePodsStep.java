package io.breakwater.restore;

import io.breakwater.mover.MoverJobs;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.KeptSnapshots;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Removes the Jobs and lets the pods go; also those that an earlier, failed restore into the same namespace held back, where this
 * one has made good what that one left. Pods of what comes later by {@code spec.order} are let go there.
 */
final class ReleasePodsStep implements Step<RestoreRun> {
    private final RestoreGate grip;
    private final MoverJobs movers;
    private final KeptSnapshots kept;
    private final RestoreOrders orderings;

    ReleasePodsStep(RestoreGate grip, MoverJobs movers, KeptSnapshots kept, RestoreOrders orderings) {
        this.grip = grip;
        this.movers = movers;
        this.kept = kept;
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
        kept.removeImports(run.target(), run.label());
        List<String> left = grip.heldByFailed(run);
        if (!left.isEmpty()) {
            run.update(s -> s.warnings = RestoreObjectsStep.merged(s.warnings, left));
        }
        if (later.get().isEmpty()) {
            grip.release(run);
        } else {
            grip.releaseExcept(run, later.get());
        }
        if (!left.isEmpty()) {
            return Outcome.done(String.join("; ", left));
        }
        return Outcome.done("pods of namespace " + run.target() + " may run"
                + (later.get().isEmpty() ? "" : ", but for those of what comes later"));
    }

    /** Workloads whose pods stay held back; empty until that is known. */
    private Optional<List<String>> later(RestoreRun run) {
        return run.restore().getSpec().ordered()
                ? orderings.of(run).map(o -> OrderedRestoreStep.held(run, o))
                : Optional.of(List.of());
    }
}
