package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus.HookRun;
import io.breakwater.database.RestoreHooks;
import io.breakwater.database.RestoreHooks.Asked;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
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
 * The commands that restored pods ask for, once each: a pod whose command has ended is in the status. One that was being run when
 * the operator was killed is run again. Not for a failover, where pods start later and by the plan's leave.
 */
final class RestoreHooksStep implements Step<RestoreRun> {
    private static final String NAME = "Hooks";

    /** How long controllers may take to make their pods. */
    private static final Duration PODS_ARE_MADE = Duration.ofMinutes(2);

    private final KubernetesClient client;
    private final Activities activities;
    private final Clock clock;

    RestoreHooksStep(KubernetesClient client, Activities activities, Clock clock) {
        this.client = client;
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
            return Outcome.done("a failover runs none");
        }
        List<String> waiting = push(run, run.startOf(NAME), asked -> true);
        if (!waiting.isEmpty()) {
            return Outcome.waiting(String.join("; ", waiting));
        }
        List<String> failed = failed(run);
        if (!failed.isEmpty()) {
            throw run.refused(
                    Reason.RestoreHookFailed,
                    "volumes and objects are restored, and the pods run, but " + String.join("; ", failed));
        }
        return Outcome.done(hookRuns(run).size() + " commands were run");
    }

    /**
     * Pushes the commands of pods on that are there.
     *
     * @param begun when pods could be made first
     * @param which pods that count
     * @return what is waited for
     */
    List<String> push(RestoreRun run, Instant begun, Predicate<Asked> which) {
        RestoreHooks hooks = new RestoreHooks(client, run.target());
        Set<String> over = hookRuns(run).stream().map(h -> h.uid).collect(Collectors.toSet());
        List<String> waiting = new ArrayList<>();
        // What is not settled is asked first: a pod that is made in between is found by the next look at the latest.
        if (clock.instant().isBefore(begun.plus(PODS_ARE_MADE))) {
            waiting.addAll(hooks.unsettled());
        }
        for (Asked asked : hooks.asked(Instant.parse(run.status().startedAt))) {
            if (!over.contains(asked.uid()) && which.test(asked)) {
                command(run, asked).ifPresent(waiting::add);
            }
        }
        return waiting;
    }

    /** Commands that failed where that counts. */
    static List<String> failed(RestoreRun run) {
        return hookRuns(run).stream()
                .filter(h -> h.error != null)
                .map(h -> h.error)
                .toList();
    }

    /** Pushes one pod's command on; returns what it waits for. */
    private Optional<String> command(RestoreRun run, Asked asked) {
        if (asked.waits().isPresent()) {
            if (clock.instant().isBefore(asked.until())) {
                return asked.waits();
            }
            note(run, asked, Optional.of(asked.waits().get() + ", so its command was not run"));
            return Optional.empty();
        }
        Optional<Optional<String>> ended =
                activities.poll(run.uid() + "/hooks/" + asked.uid(), () -> error(asked), run.wake());
        ended.ifPresent(error -> note(run, asked, error));
        return ended.isPresent() ? Optional.empty() : Optional.of("the command of pod " + asked.pod() + " runs");
    }

    private static Optional<String> error(Asked asked) {
        try {
            asked.run().run();
            return Optional.empty();
        } catch (BreakwaterException e) {
            return Optional.of(e.getMessage());
        }
    }

    private static void note(RestoreRun run, Asked asked, Optional<String> error) {
        HookRun noted = new HookRun();
        noted.pod = asked.pod();
        noted.uid = asked.uid();
        noted.error = asked.mayFail() ? null : error.orElse(null);
        run.update(s -> {
            s.hooks = new ArrayList<>(s.hooks == null ? List.of() : s.hooks);
            s.hooks.add(noted);
            if (asked.mayFail() && error.isPresent()) {
                s.warnings = RestoreObjectsStep.merged(s.warnings, List.of(error.get()));
            }
        });
    }

    private static List<HookRun> hookRuns(RestoreRun run) {
        return run.status().hooks == null ? List.of() : run.status().hooks;
    }
}
