package io.breakwater.verify;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.Check;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.OutputPattern;
import io.breakwater.api.Reason;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.api.VerificationStatus.CheckResult;
import io.breakwater.database.PodExec;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.trust.AuthorReview;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Runs the checks of the policy in the restored application. */
final class RunChecksStep implements Step<VerifyRun> {
    static final String NAME = "Query";

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final Activities activities;
    private final AuthorReview authors;

    RunChecksStep(KubernetesClient client, Activities activities, AuthorReview authors) {
        this.client = client;
        this.activities = activities;
        this.authors = authors;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Outcome run(VerifyRun run, int attempt) {
        if (!run.includes(Level.Queried)) {
            return Outcome.done("no checks at this level");
        }
        List<Check> checks = run.plan().checks;
        if (checks == null || checks.isEmpty()) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "level Queried needs spec.verification.checks in BackupPolicy "
                            + run.policy().getMetadata().getName());
        }
        Optional<List<CheckResult>> results =
                activities.poll(run.uid() + "/query", () -> results(run.policy(), run.sandbox(), checks), run.wake());
        if (results.isEmpty()) {
            return Outcome.waiting("running " + checks.size() + " checks", Duration.ofSeconds(10));
        }
        run.update(s -> s.checks = results.get());
        List<CheckResult> wrong = results.get().stream().filter(r -> !r.passed).toList();
        if (!wrong.isEmpty()) {
            throw run.failed(wrong.stream()
                    .map(r -> "check " + r.name + " did not pass: " + CheckEvidence.text(r))
                    .collect(Collectors.joining("; ")));
        }
        return Outcome.done(results.get().stream()
                .map(r -> r.name + ": " + CheckEvidence.text(r))
                .collect(Collectors.joining("; ")));
    }

    /** The checks are the work of the author of the policy, who must still have the right to run commands. */
    List<CheckResult> results(BackupPolicy policy, String sandbox, List<Check> checks) {
        Optional<AuthorReview.Objection> objection = authors.of(policy);
        return checks.stream()
                .map(c -> objection.map(o -> refused(c, o)).orElseGet(() -> check(sandbox, c)))
                .toList();
    }

    private static CheckResult refused(Check check, AuthorReview.Objection objection) {
        CheckResult result = new CheckResult();
        result.name = check.name;
        CheckEvidence.failed(result, objection.message());
        result.duration = "0ms";
        return result;
    }

    private CheckResult check(String namespace, Check check) {
        long start = System.nanoTime();
        CheckResult result = new CheckResult();
        result.name = check.name;
        try {
            PodExec.Ended ended = call(namespace, check);
            CheckEvidence.record(result, check, ended, passes(check, ended));
        } catch (BreakwaterException e) {
            CheckEvidence.failed(result, e.getMessage());
        }
        result.duration = (System.nanoTime() - start) / 1_000_000 + "ms";
        return result;
    }

    private PodExec.Ended call(String namespace, Check check) {
        PodExec exec = new PodExec(client, namespace);
        List<Pod> pods = exec.pods(check.podSelector, check.container);
        if (pods.size() != 1) {
            throw BreakwaterException.permanent(
                    Reason.VerificationFailed,
                    "podSelector matches " + pods.size() + " running pods in namespace " + namespace
                            + "; it must match exactly one");
        }
        Pod pod = pods.getFirst();
        String container = check.container != null
                ? check.container
                : pod.getSpec().getContainers().getFirst().getName();
        return exec.call(
                pod.getMetadata().getName(),
                container,
                command(check),
                Durations.parse(check.timeout, TIMEOUT),
                Reason.VerificationFailed);
    }

    /** The command of a check. A query is one argument of psql, so that no shell interprets it. */
    static List<String> command(Check check) {
        if (check.sql == null) {
            return check.command;
        }
        return List.of(
                "psql",
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                check.sql.user == null ? "postgres" : check.sql.user,
                "-d",
                check.sql.database,
                "-c",
                check.sql.query);
    }

    static boolean passes(Check check, PodExec.Ended ended) {
        if (ended.code() != 0 || check.expect == null) {
            return ended.code() == 0;
        }
        if (ended.omitted() > 0) {
            return false; // a part of the output would be matched
        }
        try {
            return OutputPattern.of(check.expect).matches(ended.output().strip());
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(Reason.VerificationFailed, e.getMessage());
        }
    }
}
