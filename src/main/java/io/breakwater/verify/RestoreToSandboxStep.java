package io.breakwater.verify;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.Texts;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.location.LocationResolver;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.trust.IdentityRule;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Restores the point into the sandbox and waits until every workload is ready: that time is the measured restore time. */
final class RestoreToSandboxStep implements Step<VerifyRun> {
    static final String NAME = "Restore";
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int SHOWN = 5;
    private static final int NOTED = 1000;

    private final KubernetesClient client;
    private final Workloads workloads;
    private final Sandbox sandbox;
    private final LocationResolver locations;
    private final IdentityRule rule;

    RestoreToSandboxStep(KubernetesClient client, Sandbox sandbox, LocationResolver locations, IdentityRule rule) {
        this.client = client;
        this.workloads = new Workloads(client);
        this.sandbox = sandbox;
        this.locations = locations;
        this.rule = rule;
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
        Restore restore = sandbox.open(run, captured(run));
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
            throw failed(run, restore);
        }
        if (!Objects.equals(restore.getStatus().digest, run.status().digest)) {
            throw run.failed("the Restore read another seal than the Verification has chosen");
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

    /** The namespace that was captured; the run has no access to the points of other namespaces. */
    private String captured(VerifyRun run) {
        return VerifyObjectsStep.Subject.of(run, client, locations, rule).key().namespace();
    }

    /** A restore that its author may not do proves nothing about the point. */
    static BreakwaterException failed(VerifyRun run, Restore restore) {
        Optional<Condition> result = restore.getStatus().condition(Condition.SUCCEEDED);
        if (result.filter(c -> Reason.Forbidden.name().equals(c.reason)).isPresent()) {
            return BreakwaterException.permanent(
                    Reason.AuthorLacksRight,
                    "RestorePoint " + run.namespace() + "/" + run.status().restorePoint
                            + " was not restored, because a Verification needs the rights of its author in the captured"
                            + " namespace: " + result.get().message);
        }
        return run.failed("the restore failed: "
                + result.map(c -> c.reason + ": " + c.message).orElse(""));
    }

    /** What differs from the point, since an application may need it. */
    private static String noted(List<String> warnings) {
        return warnings.isEmpty() ? "" : " (warnings: " + Texts.cut(String.join("; ", warnings), NOTED) + ")";
    }
}
