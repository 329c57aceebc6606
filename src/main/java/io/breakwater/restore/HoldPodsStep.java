package io.breakwater.restore;

import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;

/**
 * Makes the target namespace where it is absent, and holds its pods back while volumes are filled, so that no application
 * starts on half of its data, and none writes into what is being replaced. Waits for others who work on the namespace.
 */
final class HoldPodsStep implements Step<RestoreRun> {
    private final PointArchive archives;
    private final NamespaceGate gate;
    private final ConcurrentRuns others;

    HoldPodsStep(PointArchive archives, NamespaceGate gate, ConcurrentRuns others) {
        this.archives = archives;
        this.gate = gate;
        this.others = others;
    }

    /** Whether the run holds pods back; known once {@link ValidateStep} has decided. */
    static boolean holds(RestoreRun run) {
        RestoreSpec spec = run.restore().getSpec();
        return !run.volumes().isEmpty() || spec.onConflict == OnConflict.Replace && !spec.partial();
    }

    @Override
    public String name() {
        return "Hold";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        others.checkActive(run);
        archives.createNamespace(run);
        if (!holds(run)) {
            return Outcome.done("no volumes, so no pods are held back");
        }
        String target = run.target();
        gate.close(target, RestoreRun.holder(run.restore()));
        if (!gate.endStragglers(target)) {
            return Outcome.waiting("pods of namespace " + target + " are ending");
        }
        return others.findBlocker(run)
                .map(Outcome::waiting)
                .orElseGet(() -> Outcome.done("pods of namespace " + target + " are held back"));
    }
}
