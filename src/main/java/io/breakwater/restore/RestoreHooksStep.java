package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus.HookRun;
import io.breakwater.api.Texts;
import io.breakwater.database.RestoreHooks;
import io.breakwater.database.RestoreHooks.Asked;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Runs the commands that annotations of restored pods define, once for each pod. The status lists the pods whose command has
 * ended. A command that ran when the operator was killed runs again. The operator runs it, and only if the author of the Restore
 * may run commands in the pod. A failover runs none: its pods start later, when the plan releases them.
 */
final class RestoreHooksStep implements Step<RestoreRun> {
    private static final String NAME = "Hooks";
    private static final int SHOWN = 5;

    /** How long controllers may take to create their pods. */
    private static final Duration PODS_CREATED = Duration.ofMinutes(2);

    private final KubernetesClient client;
    private final PointArchive archives;
    private final Activities activities;
    private final Clock clock;

    RestoreHooksStep(KubernetesClient client, PointArchive archives, Activities activities, Clock clock) {
        this.client = client;
        this.archives = archives;
        this.activities = activities;
        this.clock = clock;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        if (run.ofPlan()) {
            return Outcome.done("a failover runs no commands");
        }
        List<String> waiting = advance(run, run.startOf(NAME), asked -> true);
        if (!waiting.isEmpty()) {
            return Outcome.waiting(Texts.first(waiting, SHOWN));
        }
        List<String> failed = new ArrayList<>(failed(run));
        if (!clock.instant().isBefore(run.startOf(NAME).plus(PODS_CREATED))) {
            failed.addAll(withoutPods(run));
        }
        if (!failed.isEmpty()) {
            throw run.refused(
                    Reason.RestoreHookFailed,
                    "volumes and objects are restored and the pods are released, but commands failed: "
                            + String.join("; ", failed));
        }
        return Outcome.done("ran " + hookRuns(run).size() + " commands");
    }

    /** Workloads whose pods do not exist after {@link #PODS_CREATED}. Warns about those whose command may fail, and returns the others. */
    private List<String> withoutPods(RestoreRun run) {
        List<String> failed = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        for (RestoreHooks.Unsettled unsettled : new RestoreHooks(client, run.target()).unsettled()) {
            (unsettled.mayFail() ? warnings : failed)
                    .add(unsettled.text() + " within " + Durations.format(PODS_CREATED)
                            + ", so their command was not run");
        }
        if (!warnings.isEmpty()) {
            run.update(s -> s.warnings = Warnings.merged(s.warnings, warnings));
        }
        return failed;
    }

    /**
     * Starts or checks the commands of the pods that exist.
     *
     * @param since when the first pods could be created
     * @param which pods whose commands are run
     * @return what the run waits for
     */
    List<String> advance(RestoreRun run, Instant since, Predicate<Asked> which) {
        RestoreHooks hooks = new RestoreHooks(client, run.target());
        Set<String> over = hookRuns(run).stream().map(h -> h.uid).collect(Collectors.toSet());
        List<String> waiting = new ArrayList<>();
        // Controllers are read before pods: a pod that is created in between is found by the next call at the latest.
        if (clock.instant().isBefore(since.plus(PODS_CREATED))) {
            hooks.unsettled().forEach(u -> waiting.add(u.text()));
        }
        for (Asked asked : hooks.asked(Instant.parse(run.status().startedAt))) {
            if (!over.contains(asked.uid()) && which.test(asked)) {
                command(run, asked).ifPresent(waiting::add);
            }
        }
        return waiting;
    }

    /** Errors of commands that must not fail. */
    static List<String> failed(RestoreRun run) {
        return hookRuns(run).stream()
                .filter(h -> h.error != null)
                .map(h -> h.error)
                .toList();
    }

    /** Starts or checks the command of one pod. Returns what it waits for. */
    private Optional<String> command(RestoreRun run, Asked asked) {
        if (asked.waits().isPresent()) {
            if (clock.instant().isBefore(asked.until())) {
                return asked.waits();
            }
            record(run, asked, Optional.of(asked.waits().get() + ", so its command was not run"));
            return Optional.empty();
        }
        Optional<Ended> ended =
                activities.poll(run.uid() + "/hooks/" + asked.uid(), () -> execute(run, asked), run.wake());
        ended.ifPresent(e -> record(run, asked, e.error));
        return ended.isPresent() ? Optional.empty() : Optional.of("the command of pod " + asked.pod() + " is running");
    }

    private record Ended(Optional<String> error) {}

    private Ended execute(RestoreRun run, Asked asked) {
        try {
            archives.authorizeCommand(run, asked.pod());
            asked.run().run();
            return new Ended(Optional.empty());
        } catch (BreakwaterException e) {
            return new Ended(Optional.of(e.getMessage()));
        }
    }

    private static void record(RestoreRun run, Asked asked, Optional<String> error) {
        HookRun ended = new HookRun();
        ended.pod = asked.pod();
        ended.uid = asked.uid();
        ended.error = asked.mayFail() ? null : error.orElse(null);
        run.update(s -> {
            s.hooks = new ArrayList<>(s.hooks == null ? List.of() : s.hooks);
            s.hooks.add(ended);
            if (asked.mayFail() && error.isPresent()) {
                s.warnings = Warnings.merged(s.warnings, List.of(error.get()));
            }
        });
    }

    private static List<HookRun> hookRuns(RestoreRun run) {
        return run.status().hooks == null ? List.of() : run.status().hooks;
    }
}
