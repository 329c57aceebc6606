package io.breakwater.restore;

import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;

/**
 * Creates the target namespace if it does not exist, and holds its pods while volumes are filled. So no application starts
 * with half of its data, and none writes to a volume that is being replaced. Waits for other runs in the namespace.
 */
final class HoldPodsStep implements Step<RestoreRun> {
    private final PointArchive archives;
    private final NamespaceGate gate;
    private final ConcurrentRuns concurrentRuns;

    HoldPodsStep(PointArchive archives, NamespaceGate gate, ConcurrentRuns concurrentRuns) {
        this.archives = archives;
        this.gate = gate;
        this.concurrentRuns = concurrentRuns;
    }

    /** Whether the run holds pods; known after {@link ValidateStep}. */
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
        concurrentRuns.checkActive(run);
        archives.createNamespace(run);
        if (!holds(run)) {
            return Outcome.done("no volumes, so no pods are held");
        }
        String target = run.target();
        gate.close(target, RestoreRun.holder(run.restore()));
        if (!gate.endStragglers(target)) {
            return Outcome.waiting("waiting for the pods of namespace " + target + " to end");
        }
        return concurrentRuns
                .findBlocker(run)
                .map(Outcome::waiting)
                .orElseGet(() -> Outcome.done("the pods of namespace " + target + " are held"));
    }
}
