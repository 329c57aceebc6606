package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.Texts;
import io.breakwater.mover.ClaimDiagnosis;
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
 * Observes whether the application becomes available after a restore, and reports it in the condition Available and in
 * {@code status.workloads}. The restore has succeeded in any case, so its users do not wait longer. Restores of a
 * FailoverPlan or a Verification are not observed, because those wait for the workloads themselves.
 */
final class Availability {
    /** How long the application is observed. */
    static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final Duration LOOK = Duration.ofSeconds(3);
    private static final int SHOWN = 16;
    private static final int LONGEST = 1024;

    /** After this time the reasons of unavailable workloads are read too. */
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

    /** The change of the status of a run that succeeds now. */
    Consumer<RestoreStatus> first(RestoreRun run) {
        Restore restore = run.restore();
        boolean observedByOwner = run.ofPlan()
                || restore.getMetadata().getLabels() != null
                        && restore.getMetadata().getLabels().containsKey(Api.SANDBOX);
        if (observedByOwner || restore.getSpec().dryRun() || restore.getSpec().files != null) {
            return s -> {};
        }
        List<Workload> counted = counted(run);
        return counted.isEmpty() ? s -> {} : report(run, counted, false);
    }

    /**
     * Observes a run that has succeeded.
     *
     * @return when to call again; empty when the observation is over
     */
    Optional<Duration> follow(RestoreRun run) {
        RestoreStatus status = run.status();
        boolean open = status.condition(Condition.AVAILABLE).isPresent() && !status.isOver(Condition.AVAILABLE);
        if (!open || client.namespaces().withName(run.target()).get() == null) {
            return Optional.empty();
        }
        boolean late =
                clock.instant().isAfter(Instant.parse(run.status().finishedAt).plus(PATIENCE));
        run.update(report(run, counted(run), late));
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

    /** All workloads if pods were held; otherwise those that the run created or changed. */
    private List<Workload> counted(RestoreRun run) {
        boolean all = HoldPodsStep.holds(run);
        return workloads.of(run.target()).stream()
                .filter(w -> all || w.isFrom(run.uid()))
                .toList();
    }

    private Consumer<RestoreStatus> report(RestoreRun run, List<Workload> counted, boolean late) {
        List<Workload> open = counted.stream().filter(w -> !w.isAvailable()).toList();
        boolean thoroughly = late
                || run.status().finishedAt != null
                        && clock.instant()
                                .isAfter(Instant.parse(run.status().finishedAt).plus(USUAL));
        List<String> waiting = new ArrayList<>();
        open.stream().limit(SHOWN).map(w -> thoroughly ? w.why() : w.toString()).forEach(waiting::add);
        if (thoroughly && !open.isEmpty()) {
            waiting.addAll(claims.of(run.target()));
        }
        int up = counted.size() - open.size();
        RestoreStatus.Workloads summary = new RestoreStatus.Workloads();
        summary.available = up;
        summary.total = counted.size();
        summary.summary = up + "/" + counted.size();
        summary.waiting = waiting.isEmpty()
                ? null
                : waiting.stream().limit(SHOWN).map(w -> Texts.cut(w, LONGEST)).toList();
        return s -> {
            s.workloads = summary;
            Conditions conditions = Conditions.of(s, run.restore().getMetadata().getGeneration(), clock);
            String reasons = String.join(", ", waiting);
            if (open.isEmpty()) {
                conditions.set(Condition.AVAILABLE, true, Reason.Ready, "every workload is available");
            } else if (late) {
                conditions.set(
                        Condition.AVAILABLE,
                        false,
                        Reason.WorkloadsNotReady,
                        Texts.cut(
                                "restored, but not available within " + Durations.format(PATIENCE) + ": " + reasons,
                                LONGEST));
            } else {
                conditions.set(
                        Condition.AVAILABLE,
                        "Unknown",
                        Reason.InProgress,
                        Texts.cut("waiting for " + reasons, LONGEST));
            }
        };
    }
}
