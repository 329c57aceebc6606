package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus.Stage;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Conditions;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.RestoreOrder;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.resource.workload.Workloads.Standing;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What {@code spec.order} makes wait, stage by stage: once what comes first is up, and its pods have run their commands, the
 * stage's objects are restored, and after them their pods let go. Which stages are over is in the status, so a stage that a
 * kill interrupted is done again, to the same end.
 */
final class OrderedRestoreStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** When it is worth asking what keeps a workload from being up. */
    private static final Duration USUAL = Duration.ofSeconds(15);

    private final PointArchive archives;
    private final RestoreOrders orderings;
    private final Workloads workloads;
    private final NamespaceGate gate;
    private final RestoreGate grip;
    private final RestoreHooksStep commands;
    private final Activities activities;
    private final Clock clock;

    OrderedRestoreStep(
            PointArchive archives,
            RestoreOrders orderings,
            Workloads workloads,
            NamespaceGate gate,
            RestoreGate grip,
            RestoreHooksStep commands,
            Activities activities,
            Clock clock) {
        this.archives = archives;
        this.orderings = orderings;
        this.workloads = workloads;
        this.gate = gate;
        this.grip = grip;
        this.commands = commands;
        this.activities = activities;
        this.clock = clock;
    }

    @Override
    public String name() {
        return RestoreRun.ORDER;
    }

    /** Workloads of stages that are not over, whose pods must not start. */
    static List<String> held(RestoreRun run, RestoreOrder ordering) {
        return ordering.stages().stream()
                .filter(s -> !isOver(run, s))
                .flatMap(s -> s.held().stream())
                .toList();
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<RestoreOrder> ordering = orderings.of(run);
        if (ordering.isEmpty()) {
            return Outcome.waiting("reading what waits for what", Duration.ofSeconds(10));
        }
        for (RestoreOrder.Stage stage : ordering.get().stages()) {
            if (isOver(run, stage)) {
                continue;
            }
            Optional<Outcome> waits = awaitUp(run, ordering.get(), stage).or(() -> restore(run, ordering.get(), stage));
            if (waits.isPresent()) {
                return waits.get();
            }
        }
        grip.release(run);
        int objects = ordering.get().stages().stream()
                .mapToInt(RestoreOrder.Stage::objects)
                .sum();
        return Outcome.done(objects + " objects in " + ordering.get().stages().size() + " later stages");
    }

    /** What the stage still waits for; empty once its objects may be restored. */
    private Optional<Outcome> awaitUp(RestoreRun run, RestoreOrder ordering, RestoreOrder.Stage stage) {
        Instant since = begin(run, stage);
        List<String> hooks = commands.push(run, since, asked -> !asked.held());
        checkCommands(run, ordering);
        List<String> waiting = new ArrayList<>();
        for (RestoreOrder.Wait wait : stage.before()) {
            boolean late = clock.instant().isAfter(since.plus(wait.timeout()));
            boolean thoroughly = late || clock.instant().isAfter(since.plus(USUAL));
            List<Standing> standings = wait.objects().stream()
                    .flatMap(o -> workloads.look(o, thoroughly).stream())
                    .toList();
            if (late && !standings.isEmpty()) {
                throw stuck(run, ordering, wait, "not up within " + Durations.format(wait.timeout()), standings);
            }
            List<Standing> failed = standings.stream().filter(Standing::failed).toList();
            if (!failed.isEmpty()) {
                throw stuck(run, ordering, wait, "cannot come up", failed);
            }
            standings.stream()
                    .map(Standing::message)
                    .filter(m -> !waiting.contains(m))
                    .forEach(waiting::add);
        }
        waiting.addAll(waiting.isEmpty() ? hooks : List.of());
        return waiting.isEmpty()
                ? Optional.empty()
                : Optional.of(Outcome.waiting("waiting for " + some(waiting), LOOK));
    }

    /** Restores the stage's objects and lets their pods go; empty once that is done. */
    private Optional<Outcome> restore(RestoreRun run, RestoreOrder ordering, RestoreOrder.Stage stage) {
        Optional<ApplyReport> done = activities.poll(
                run.uid() + "/order/" + stage.number(), () -> archives.apply(run, stage.number()), run.wake());
        if (done.isEmpty()) {
            return Optional.of(Outcome.waiting(
                    "restoring " + stage.objects() + " objects of stage " + stage.number(), Duration.ofSeconds(10)));
        }
        ApplyReport report = done.get();
        RestoreObjectsStep.checkAll(run, report);
        List<String> later = held(run, ordering);
        grip.releaseExcept(run, later.subList(stage.held().size(), later.size()));
        String now = Conditions.timestamp(clock.instant());
        // One write: a stage is counted when it is over, and not twice.
        run.update(s -> {
            RestoreObjectsStep.add(s, report);
            status(s.stages, stage).finishedAt = now;
        });
        return Optional.empty();
    }

    private Instant begin(RestoreRun run, RestoreOrder.Stage stage) {
        Stage known = status(run.status().stages, stage);
        if (known == null) {
            Stage begun = new Stage();
            begun.stage = stage.number();
            begun.objects = stage.objects();
            begun.startedAt = Conditions.timestamp(clock.instant());
            run.update(s -> {
                s.stages = new ArrayList<>(s.stages == null ? List.of() : s.stages);
                s.stages.add(begun);
            });
            known = begun;
        }
        return Instant.parse(known.startedAt);
    }

    private void checkCommands(RestoreRun run, RestoreOrder ordering) {
        List<String> failed = RestoreHooksStep.failed(run);
        if (!failed.isEmpty()) {
            throw run.refused(Reason.RestoreHookFailed, String.join("; ", failed) + "; " + rest(run, ordering));
        }
    }

    private BreakwaterException stuck(
            RestoreRun run, RestoreOrder ordering, RestoreOrder.Wait wait, String what, List<Standing> standings) {
        List<String> holders = gate.holders(run.target()).stream()
                .filter(h -> !h.equals(RestoreRun.holder(run.restore())))
                .toList();
        return run.refused(
                Reason.WorkloadsNotReady,
                wait.field() + ".first " + what + ": "
                        + some(standings.stream().map(Standing::message).toList())
                        + (holders.isEmpty()
                                ? ""
                                : "; the namespace is also held back by " + String.join(", ", holders))
                        + "; " + rest(run, ordering));
    }

    /** What was done, and what was not. */
    private static String rest(RestoreRun run, RestoreOrder ordering) {
        List<RestoreOrder.Stage> open =
                ordering.stages().stream().filter(s -> !isOver(run, s)).toList();
        int objects = open.stream().mapToInt(RestoreOrder.Stage::objects).sum();
        List<String> names = open.stream().flatMap(s -> s.held().stream()).toList();
        return "what comes first was restored and stays, " + objects + " objects that come later were not ("
                + some(names) + ")";
    }

    private static boolean isOver(RestoreRun run, RestoreOrder.Stage stage) {
        Stage known = run.status() == null ? null : status(run.status().stages, stage);
        return known != null && known.finishedAt != null;
    }

    private static Stage status(List<Stage> stages, RestoreOrder.Stage stage) {
        return stages == null
                ? null
                : stages.stream()
                        .filter(s -> s.stage == stage.number())
                        .findFirst()
                        .orElse(null);
    }

    private static String some(List<String> texts) {
        return texts.stream().limit(SHOWN).collect(Collectors.joining(", "))
                + (texts.size() > SHOWN ? " and " + (texts.size() - SHOWN) + " more" : "");
    }
}
