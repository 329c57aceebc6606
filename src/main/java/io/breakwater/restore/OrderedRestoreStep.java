package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus.Stage;
import io.breakwater.api.Texts;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Conditions;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.RestoreOrder;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.resource.workload.Workloads.Unready;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Restores the later stages of {@code spec.order}, one after the other. As soon as the workloads of earlier stages are up and
 * their pods have run their commands, the objects of the stage are restored and their pods are released. The status lists the
 * finished stages, so an interrupted stage is repeated, with the same result.
 */
final class OrderedRestoreStep implements Step<RestoreRun> {
    private static final int SHOWN = 5;
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** After this time the reasons of workloads that are not up are read too. */
    private static final Duration USUAL = Duration.ofSeconds(15);

    private final PointArchive archives;
    private final RestoreOrders orders;
    private final Workloads workloads;
    private final NamespaceGate gate;
    private final RestoreGate restoreGate;
    private final RestoreHooksStep hooks;
    private final RetryObjectsStep retries;
    private final Activities activities;
    private final Clock clock;

    OrderedRestoreStep(
            PointArchive archives,
            RestoreOrders orders,
            Workloads workloads,
            NamespaceGate gate,
            RestoreGate restoreGate,
            RestoreHooksStep hooks,
            RetryObjectsStep retries,
            Activities activities,
            Clock clock) {
        this.archives = archives;
        this.orders = orders;
        this.workloads = workloads;
        this.gate = gate;
        this.restoreGate = restoreGate;
        this.hooks = hooks;
        this.retries = retries;
        this.activities = activities;
        this.clock = clock;
    }

    @Override
    public String name() {
        return RestoreRun.ORDER;
    }

    /** Workloads of stages that are not over; their pods must not start. */
    static List<String> held(RestoreRun run, RestoreOrder order) {
        return order.stages().stream()
                .filter(s -> !isOver(run, s))
                .flatMap(s -> s.held().stream())
                .toList();
    }

    @Override
    public Outcome run(RestoreRun run, int attempt) {
        Optional<RestoreOrder> order = orders.of(run);
        if (order.isEmpty()) {
            return Outcome.waiting("resolving spec.order", Duration.ofSeconds(10));
        }
        for (RestoreOrder.Stage stage : order.get().stages()) {
            if (isOver(run, stage)) {
                continue;
            }
            Optional<Outcome> waits = awaitUp(run, order.get(), stage).or(() -> restore(run, order.get(), stage));
            if (waits.isPresent()) {
                return waits.get();
            }
        }
        restoreGate.release(run);
        int objects = order.get().stages().stream()
                .mapToInt(RestoreOrder.Stage::objects)
                .sum();
        return Outcome.done(objects + " objects in " + order.get().stages().size() + " later stages");
    }

    /** What the stage waits for; empty once its objects can be restored. */
    private Optional<Outcome> awaitUp(RestoreRun run, RestoreOrder order, RestoreOrder.Stage stage) {
        Instant since = start(run, stage);
        // Deferred objects of earlier stages may be among those that this stage waits for.
        retries.advance(run, false);
        List<String> commands = hooks.advance(run, since, asked -> !asked.held());
        checkCommands(run, order);
        List<String> waiting = new ArrayList<>();
        for (RestoreOrder.Wait wait : stage.before()) {
            boolean late = clock.instant().isAfter(since.plus(wait.timeout()));
            boolean thoroughly = late || clock.instant().isAfter(since.plus(USUAL));
            List<Unready> unready = wait.objects().stream()
                    .flatMap(o -> workloads.check(o, thoroughly).stream())
                    .toList();
            if (late && !unready.isEmpty()) {
                throw notUp(run, order, wait, "not up within " + Durations.format(wait.timeout()), unready);
            }
            List<Unready> failed = unready.stream().filter(Unready::failed).toList();
            if (!failed.isEmpty()) {
                throw notUp(run, order, wait, "cannot come up", failed);
            }
            unready.stream()
                    .map(Unready::message)
                    .filter(m -> !waiting.contains(m))
                    .forEach(waiting::add);
        }
        waiting.addAll(waiting.isEmpty() ? commands : List.of());
        return waiting.isEmpty()
                ? Optional.empty()
                : Optional.of(Outcome.waiting("waiting for " + Texts.first(waiting, SHOWN), LOOK));
    }

    /** Restores the objects of the stage and releases their pods; empty once that is done. */
    private Optional<Outcome> restore(RestoreRun run, RestoreOrder order, RestoreOrder.Stage stage) {
        Optional<ApplyReport> done = activities.poll(
                run.uid() + "/order/" + stage.number(), () -> archives.apply(run, stage.number()), run.wake());
        if (done.isEmpty()) {
            return Optional.of(Outcome.waiting(
                    "restoring " + stage.objects() + " objects of stage " + stage.number(), Duration.ofSeconds(10)));
        }
        ApplyReport report = done.get();
        RestoreObjectsStep.checkAll(run, report);
        List<String> later = held(run, order);
        restoreGate.releaseExcept(run, later.subList(stage.held().size(), later.size()));
        String now = Conditions.timestamp(clock.instant());
        // One write, so that the objects of a stage are counted once.
        run.update(s -> {
            RestoreObjectsStep.add(s, report);
            s.deferred = DeferredObjects.of(s.deferred).add(report).status();
            status(s.stages, stage).finishedAt = now;
        });
        return Optional.empty();
    }

    private Instant start(RestoreRun run, RestoreOrder.Stage stage) {
        Stage known = status(run.status().stages, stage);
        if (known == null) {
            Stage started = new Stage();
            started.stage = stage.number();
            started.objects = stage.objects();
            started.startedAt = Conditions.timestamp(clock.instant());
            run.update(s -> {
                s.stages = new ArrayList<>(s.stages == null ? List.of() : s.stages);
                s.stages.add(started);
            });
            known = started;
        }
        return Instant.parse(known.startedAt);
    }

    private void checkCommands(RestoreRun run, RestoreOrder order) {
        List<String> failed = RestoreHooksStep.failed(run);
        if (!failed.isEmpty()) {
            throw run.refused(Reason.RestoreHookFailed, String.join("; ", failed) + "; " + rest(run, order));
        }
    }

    private BreakwaterException notUp(
            RestoreRun run, RestoreOrder order, RestoreOrder.Wait wait, String what, List<Unready> unready) {
        List<String> holders = gate.holders(run.target()).stream()
                .filter(h -> !h.equals(RestoreRun.holder(run.restore())))
                .toList();
        return run.refused(
                Reason.WorkloadsNotReady,
                wait.field() + ".first " + what + ": "
                        + Texts.first(unready.stream().map(Unready::message).toList(), SHOWN)
                        + (holders.isEmpty() ? "" : "; the namespace is also held by " + String.join(", ", holders))
                        + "; " + rest(run, order));
    }

    /** What was restored, and what was not. */
    private static String rest(RestoreRun run, RestoreOrder order) {
        List<RestoreOrder.Stage> open =
                order.stages().stream().filter(s -> !isOver(run, s)).toList();
        int objects = open.stream().mapToInt(RestoreOrder.Stage::objects).sum();
        List<String> names = open.stream().flatMap(s -> s.held().stream()).toList();
        return "earlier stages are restored and stay; " + objects + " objects of later stages were not restored ("
                + Texts.first(names, SHOWN) + ")";
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
}
