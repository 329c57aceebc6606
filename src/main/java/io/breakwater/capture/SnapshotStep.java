package io.breakwater.capture;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.DatabaseStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.capture.SnapshotTaker.TakenSnapshot;
import io.breakwater.database.CaptureHooks;
import io.breakwater.database.HookWatchdogs;
import io.breakwater.database.Postgresql;
import io.breakwater.database.Quiesced;
import io.breakwater.observe.Conditions;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.GroupSnapshots;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The cut: quiesce, ask for all snapshots, wait until each is cut, let go. In one piece, since what is held is held by a
 * connection of this process. Where the namespace's pods were ended before (a final or divergent point) there is nobody to
 * tell. A cut that did not get to its end is undone and made anew; its snapshots are worth nothing.
 */
final class SnapshotStep implements Step<CaptureRun> {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Longer than databases and snapshots can take to fail. */
    private static final Duration WINDOW = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final SnapshotTaker shutter;
    private final Activities activities;
    private final RestoreInProgressCheck halfRestored;

    SnapshotStep(
            KubernetesClient client,
            Snapshots snapshots,
            GroupSnapshots groups,
            Activities activities,
            RestoreInProgressCheck halfRestored) {
        this.client = client;
        this.shutter = new SnapshotTaker(snapshots, groups, PATIENCE);
        this.activities = activities;
        this.halfRestored = halfRestored;
    }

    @Override
    public String name() {
        return RestorePoint.CUT;
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        Optional<Result> result = activities.poll(run.uid() + "/cut", () -> cut(run, attempt), run.wake());
        if (result.isEmpty()) {
            return Outcome.waiting("quiescing and cutting snapshots", Duration.ofSeconds(10));
        }
        Result cut = result.get();
        run.update(s -> {
            s.capturedAt = Conditions.timestamp(cut.capturedAt);
            s.consistency = cut.consistency;
            s.quiescedFor = cut.quiescedFor.toMillis() + "ms";
            s.databases = cut.databases.stream().map(SnapshotStep::status).toList();
            s.warnings = cut.warnings.isEmpty() ? s.warnings : ArchiveResourcesStep.merged(s.warnings, cut.warnings);
            for (VolumeStatus v : s.volumes) {
                TakenSnapshot taken = cut.snapshots.get(v.pvc);
                if (taken != null) {
                    v.snapshot = taken.name();
                    v.snapshotAt = Conditions.timestamp(taken.at());
                    v.groupSnapshot = taken.group();
                }
            }
        });
        return Outcome.done(cut.snapshots.size() + " snapshots, quiesced for " + run.status().quiescedFor);
    }

    private record Result(
            Instant capturedAt,
            Consistency consistency,
            Duration quiescedFor,
            Map<String, TakenSnapshot> snapshots,
            List<Quiesced.Facts> databases,
            List<String> warnings) {}

    private Result cut(CaptureRun run, int attempt) {
        // The Restore waits for points that are being cut, so this one must not wait for it.
        halfRestored.by(run).ifPresent(message -> {
            throw BreakwaterException.permanent(Reason.RestoreInProgress, message);
        });
        Trigger trigger = run.point().getSpec().trigger;
        boolean stopped = trigger == Trigger.Final || trigger == Trigger.Divergent;
        BackupPolicySpec spec = stopped ? new BackupPolicySpec() : run.policy().getSpec();
        CaptureHooks hooks = new CaptureHooks(client, run.namespace());
        List<String> warnings = new ArrayList<>();
        if (attempt > 1) {
            // Another process may have run the pre hooks and died. What it armed must not go off in the middle of this.
            Activities.pause(hooks.aftermath(spec.hooks));
            warnings.addAll(hooks.after(post(spec)).warnings());
        }
        shutter.discard(run);
        SnapshotTaker.Prepared aimed = shutter.prepare(run);
        Instant began = run.clock().instant();
        Held held = hold(run, spec, hooks, aimed, warnings);
        Map<String, TakenSnapshot> taken = shutter.resolve(run, aimed, held.moments);
        Instant capturedAt =
                held.moments.values().stream().min(Instant::compareTo).orElse(began);
        // Before a hand-over the pods were ended in good order, so their data is as good as told.
        boolean told = !held.facts.isEmpty() || held.hooked || trigger == Trigger.Final;
        List<String> live = stopped ? List.of() : live(run);
        if (!live.isEmpty()) {
            warnings.add("claims " + live
                    + " have no snapshots and are read while they are in use: files that change meanwhile"
                    + " may not fit together");
        }
        ungrouped(run).ifPresent(warnings::add);
        return new Result(
                // A snapshot's own time has whole seconds on some drivers; the point is never older than its quiesce.
                capturedAt.isBefore(began) ? began : capturedAt,
                !live.isEmpty() ? Consistency.Live : told ? Consistency.Application : Consistency.Crash,
                told ? held.window : Duration.ZERO,
                taken,
                held.facts,
                warnings);
    }

    private record Held(Map<String, Instant> moments, List<Quiesced.Facts> facts, boolean hooked, Duration window) {}

    /** Cuts while everybody is held, and lets go whatever happens. */
    private Held hold(
            CaptureRun run,
            BackupPolicySpec spec,
            CaptureHooks hooks,
            SnapshotTaker.Prepared aimed,
            List<String> warnings) {
        List<Quiesced> held = new ArrayList<>();
        List<Quiesced.Facts> facts = new ArrayList<>();
        Map<String, Instant> moments;
        boolean hooked = false;
        HookWatchdogs backstops = hooks.arm(spec.hooks, WINDOW);
        warnings.addAll(backstops.warnings());
        long start = System.nanoTime();
        try {
            CaptureHooks.Done before = hooks.before(spec.hooks == null ? null : spec.hooks.pre);
            warnings.addAll(before.warnings());
            hooked = before.calls() > 0;
            if (spec.databases != null) {
                for (BackupPolicySpec.Database database : spec.databases) {
                    Quiesced quiesced = Postgresql.quiesce(client, run.namespace(), database);
                    held.add(quiesced);
                    facts.add(quiesced.facts());
                }
            }
            if (!hooked) {
                // Opening sessions and checkpointing hold nobody up; what follows is the window.
                start = System.nanoTime();
            }
            moments = shutter.take(run, aimed);
            held.forEach(Quiesced::verify);
        } finally {
            held.forEach(Quiesced::close);
            warnings.addAll(hooks.after(post(spec)).warnings());
            backstops.close();
        }
        backstops.verify();
        return new Held(moments, facts, hooked, Duration.ofNanos(System.nanoTime() - start));
    }

    private static List<String> live(CaptureRun run) {
        return run.status().volumes.stream()
                .filter(v -> Boolean.TRUE.equals(v.live))
                .map(v -> v.pvc)
                .toList();
    }

    /** A label that nothing carries is a typing error more often than not. */
    private static Optional<String> ungrouped(CaptureRun run) {
        BackupPolicySpec.Volumes volumes = run.policy().getSpec().volumes;
        return volumes == null || volumes.groupBy == null || SnapshotTaker.isGrouped(run.status().volumes)
                ? Optional.empty()
                : Optional.of("no claim has label " + volumes.groupBy
                        + " of spec.volumes.groupBy, so each volume was cut" + " alone");
    }

    private static List<BackupPolicySpec.Hook> post(BackupPolicySpec spec) {
        return spec.hooks == null ? null : spec.hooks.post;
    }

    private static DatabaseStatus status(Quiesced.Facts facts) {
        DatabaseStatus d = new DatabaseStatus();
        d.name = facts.name();
        d.kind = facts.kind();
        d.version = facts.version();
        d.position = facts.position();
        return d;
    }
}
