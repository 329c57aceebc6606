package io.breakwater.verify;

import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.Restore;
import io.breakwater.api.Texts;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Restores the point into the sandbox and waits until every workload is ready: that time is the measured restore time. */
final class RestoreToSandboxStep implements Step<VerifyRun> {
    static final String NAME = "Restore";
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int SHOWN = 5;
    private static final int NOTED = 1000;

    private final Workloads workloads;
    private final Sandbox sandbox;

    RestoreToSandboxStep(KubernetesClient client, Sandbox sandbox) {
        this.workloads = new Workloads(client);
        this.sandbox = sandbox;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Outcome run(VerifyRun run, int attempt) {
        if (!run.includes(Level.Restored)) {
            return Outcome.done("level Checksum restores nothing");
        }
        if (run.status().sandbox == null) {
            run.update(s -> s.sandbox = run.sandbox());
        }
        Restore restore = sandbox.open(run);
        if (!restore.isOver()) {
            return Outcome.waiting("restoring into namespace " + run.sandbox()
                    + (restore.getStatus() == null || restore.getStatus().progress == null
                            ? ""
                            : ": " + restore.getStatus().progress));
        }
        List<String> warnings = restore.getStatus().warnings == null ? List.of() : restore.getStatus().warnings;
        if (run.status().warnings == null && !warnings.isEmpty()) {
            run.update(s -> s.warnings = warnings);
        }
        if (!restore.getStatus().holds(Condition.SUCCEEDED)) {
            throw run.failed("the restore failed: "
                    + restore.getStatus()
                            .condition(Condition.SUCCEEDED)
                            .map(c -> c.reason + ": " + c.message)
                            .orElse(""));
        }
        List<String> waiting = workloads.of(run.sandbox()).stream()
                .filter(w -> !w.isReady())
                .map(Workloads.Workload::toString)
                .toList();
        Duration took = Duration.between(run.startOf(NAME), run.clock().instant());
        if (waiting.isEmpty()) {
            run.update(s -> s.restoreTime = Durations.format(Duration.ofSeconds(Math.max(1, took.toSeconds()))));
            return Outcome.done(
                    "restored, with every workload ready after " + took.toSeconds() + "s" + noted(warnings));
        }
        String notReady = Texts.first(waiting, SHOWN);
        Duration patience = Durations.parse(run.plan().readyTimeout, PATIENCE);
        Duration waited = Duration.between(
                Instant.parse(restore.getStatus().finishedAt), run.clock().instant());
        if (waited.compareTo(patience) > 0) {
            throw run.failed(
                    "restored, but not ready within " + Durations.format(patience) + ": " + notReady + noted(warnings));
        }
        return Outcome.waiting("waiting for workloads: " + notReady);
    }

    /** What differs from the point, since an application may need it. */
    private static String noted(List<String> warnings) {
        return warnings.isEmpty() ? "" : " (warnings: " + Texts.cut(String.join("; ", warnings), NOTED) + ")";
    }
}
