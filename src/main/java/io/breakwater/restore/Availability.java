package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.resource.workload.Workloads.Workload;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Whether the application comes up after a restore: the condition Available and {@code status.workloads}. The restore is over
 * and has succeeded whatever comes out, so nobody waits longer for it. Nothing is looked at where others do: a FailoverPlan and
 * a Verification wait for workloads themselves.
 */
final class Availability {
    /** How long the application is looked at. */
    static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final Duration LOOK = Duration.ofSeconds(3);
    private static final int TOLD = 16;
    private static final int LONGEST = 1024;

    /** When it is worth asking what keeps a workload from being up. */
    private static final Duration USUAL = Duration.ofSeconds(15);

    private final KubernetesClient client;
    private final Workloads workloads;
    private final ClaimDiagnosis claims;
    private final Events events;
    private final Clock clock;

    Availability(KubernetesClient client, Events events, Clock clock) {
        this.client = client;
        this.workloads = new Workloads(client);
        this.claims = new ClaimDiagnosis(client);
        this.events = events;
        this.clock = clock;
    }

    /** What to write into the status of a run that succeeds now. */
    Consumer<RestoreStatus> first(RestoreRun run) {
        Restore restore = run.restore();
        boolean others = run.ofPlan()
                || restore.getMetadata().getLabels() != null
                        && restore.getMetadata().getLabels().containsKey(Api.SANDBOX);
        if (others || restore.getSpec().rehearsal() || restore.getSpec().files != null) {
            return s -> {};
        }
        List<Workload> counted = counted(run);
        return counted.isEmpty() ? s -> {} : told(run, counted, false);
    }

    /**
     * Looks at a run that has succeeded.
     *
     * @return when to look again; empty when there is nothing to look at any more
     */
    Optional<Duration> follow(RestoreRun run) {
        RestoreStatus status = run.status();
        boolean open = status.condition(Condition.AVAILABLE).isPresent() && !status.isOver(Condition.AVAILABLE);
        if (!open || client.namespaces().withName(run.target()).get() == null) {
            return Optional.empty();
        }
        boolean late =
                clock.instant().isAfter(Instant.parse(run.status().finishedAt).plus(PATIENCE));
        run.update(told(run, counted(run), late));
        Condition found = run.status().condition(Condition.AVAILABLE).orElseThrow();
        if (found.holds()) {
            events.normal(run.restore(), Reason.Ready, found.message);
            return Optional.empty();
        }
        if (run.status().hasFailed(Condition.AVAILABLE)) {
            events.warning(run.restore(), Reason.WorkloadsNotReady, found.message);
            return Optional.empty();
        }
        return Optional.of(LOOK);
    }

    /** All workloads where pods were held back; otherwise those that the run made or changed. */
    private List<Workload> counted(RestoreRun run) {
        boolean all = HoldPodsStep.holds(run);
        return workloads.of(run.target()).stream()
                .filter(w -> all || w.isFrom(run.uid()))
                .toList();
    }

    private Consumer<RestoreStatus> told(RestoreRun run, List<Workload> counted, boolean late) {
        List<Workload> open = counted.stream().filter(w -> !w.isAvailable()).toList();
        boolean thoroughly = late
                || run.status().finishedAt != null
                        && clock.instant()
                                .isAfter(Instant.parse(run.status().finishedAt).plus(USUAL));
        List<String> waiting = new ArrayList<>();
        open.stream().limit(TOLD).map(w -> thoroughly ? w.why() : w.toString()).forEach(waiting::add);
        if (thoroughly && !open.isEmpty()) {
            waiting.addAll(claims.of(run.target()));
        }
        int up = counted.size() - open.size();
        RestoreStatus.Workloads told = new RestoreStatus.Workloads();
        told.available = up;
        told.total = counted.size();
        told.summary = up + "/" + counted.size();
        told.waiting = waiting.isEmpty()
                ? null
                : waiting.stream().limit(TOLD).map(Availability::shortened).toList();
        return s -> {
            s.workloads = told;
            Conditions conditions = Conditions.of(s, run.restore().getMetadata().getGeneration(), clock);
            String who = String.join(", ", waiting);
            if (open.isEmpty()) {
                conditions.set(Condition.AVAILABLE, true, Reason.Ready, "every workload is available");
            } else if (late) {
                conditions.set(
                        Condition.AVAILABLE,
                        false,
                        Reason.WorkloadsNotReady,
                        shortened("restored, but not available within " + Durations.format(PATIENCE) + ": " + who));
            } else {
                conditions.set(Condition.AVAILABLE, "Unknown", Reason.InProgress, shortened("waiting for " + who));
            }
        };
    }

    private static String shortened(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST - 1) + "…" : text;
    }
}
