package io.breakwater.restore;

import io.breakwater.mover.Movers;
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
final class Release implements Step<RestoreRun> {
    private final Grip grip;
    private final Movers movers;
    private final KeptSnapshots kept;
    private final Orderings orderings;

    Release(Grip grip, Movers movers, KeptSnapshots kept, Orderings orderings) {
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
        kept.dismiss(run.target(), run.label());
        List<String> left = grip.left(run);
        if (!left.isEmpty()) {
            run.update(s -> s.warnings = Objects.merged(s.warnings, left));
        }
        if (later.get().isEmpty()) {
            grip.open(run);
        } else {
            grip.narrow(run, later.get());
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
                ? orderings.of(run).map(o -> InOrder.held(run, o))
                : Optional.of(List.of());
    }
}
