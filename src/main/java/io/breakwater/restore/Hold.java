package io.breakwater.restore;

import io.breakwater.admission.NamespaceGate;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;

/**
 * Makes the target namespace where it is absent, and holds its pods back while volumes are filled, so that no application starts on half of its data, and none
 * writes into what is being replaced.
 */
final class Hold implements Step<RestoreRun> {
    private final Archives archives;
    private final NamespaceGate gate;

    Hold(Archives archives, NamespaceGate gate) {
        this.archives = archives;
        this.gate = gate;
    }

    @Override
    public String name() {
        return "Hold";
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        archives.createNamespace(run);
        RestoreSpec spec = run.restore().getSpec();
        if (run.volumes().isEmpty() && (spec.onConflict != OnConflict.Replace || spec.partial())) {
            return Outcome.done("no volumes, so no pods are held back");
        }
        gate.close(run.target(), RestoreRun.holder(run.restore()));
        return gate.isQuiet(run.target())
                ? Outcome.done("pods of namespace " + run.target() + " are held back")
                : Outcome.waiting("pods of namespace " + run.target() + " are ending");
    }
}
