package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.DatabaseStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.database.Backstops;
import io.breakwater.database.Hooks;
import io.breakwater.database.Postgresql;
import io.breakwater.database.Quiesced;
import io.breakwater.observe.Conditions;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.Names;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The cut: quiesce, ask for all snapshots, wait until each is cut, let go. In one piece, since what is held is held by a
 * connection of this process. Where the namespace's pods were ended before (a final or divergent point) there is nobody to
 * tell. A cut that did not get to its end is undone and made anew; its snapshots are worth nothing.
 */
final class Cut implements Step<CaptureRun> {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Longer than databases and snapshots can take to fail. */
    private static final Duration WINDOW = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final Snapshots snapshots;
    private final Activities activities;
    private final HalfRestored halfRestored;

    Cut(KubernetesClient client, Snapshots snapshots, Activities activities, HalfRestored halfRestored) {
        this.client = client;
        this.snapshots = snapshots;
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
            s.databases = cut.databases.stream().map(Cut::status).toList();
            s.warnings = cut.warnings.isEmpty() ? s.warnings : cut.warnings;
            for (VolumeStatus v : s.volumes) {
                Taken taken = cut.snapshots.get(v.pvc);
                if (taken != null) {
                    v.snapshot = taken.name;
                    v.snapshotAt = Conditions.timestamp(taken.at);
                }
            }
        });
        return Outcome.done(cut.snapshots.size() + " snapshots, quiesced for " + run.status().quiescedFor);
    }

    private record Taken(String name, Instant at) {}

    private record Result(
            Instant capturedAt,
            Consistency consistency,
            Duration quiescedFor,
            Map<String, Taken> snapshots,
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
        Hooks hooks = new Hooks(client, run.namespace());
        List<String> warnings = new ArrayList<>();
        if (attempt > 1) {
            // Another process may have run the pre hooks and died. What it armed must not go off in the middle of this.
            Activities.pause(hooks.aftermath(spec.hooks));
            warnings.addAll(hooks.after(post(spec)).warnings());
        }
        snapshots.delete(run.namespace(), run.label(), List.of());
        Instant began = run.clock().instant();
        Held held = hold(run, spec, hooks, warnings);
        Map<String, Taken> taken = held.taken;
        Instant capturedAt =
                taken.values().stream().map(Taken::at).min(Instant::compareTo).orElse(began);
        // Before a hand-over the pods were ended in good order, so their data is as good as told.
        boolean told = !held.facts.isEmpty() || held.hooked || trigger == Trigger.Final;
        List<String> live = stopped
                ? List.of()
                : run.status().volumes.stream()
                        .filter(v -> Boolean.TRUE.equals(v.live))
                        .map(v -> v.pvc)
                        .toList();
        if (!live.isEmpty()) {
            warnings.add("claims " + live
                    + " have no snapshots and are read while they are in use: files that change meanwhile"
                    + " may not fit together");
        }
        return new Result(
                // A snapshot's own time has whole seconds on some drivers; the point is never older than its quiesce.
                capturedAt.isBefore(began) ? began : capturedAt,
                !live.isEmpty() ? Consistency.Live : told ? Consistency.Application : Consistency.Crash,
                told ? held.window : Duration.ZERO,
                taken,
                held.facts,
                warnings);
    }

    private record Held(Map<String, Taken> taken, List<Quiesced.Facts> facts, boolean hooked, Duration window) {}

    /** Takes the snapshots while everybody is held, and lets go whatever happens. */
    private Held hold(CaptureRun run, BackupPolicySpec spec, Hooks hooks, List<String> warnings) {
        List<Quiesced> held = new ArrayList<>();
        List<Quiesced.Facts> facts = new ArrayList<>();
        Map<String, Taken> taken;
        boolean hooked = false;
        Backstops backstops = hooks.arm(spec.hooks, WINDOW);
        warnings.addAll(backstops.warnings());
        long start = System.nanoTime();
        try {
            Hooks.Done before = hooks.before(spec.hooks == null ? null : spec.hooks.pre);
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
            taken = takeAll(run);
            held.forEach(Quiesced::verify);
        } finally {
            held.forEach(Quiesced::close);
            warnings.addAll(hooks.after(post(spec)).warnings());
            backstops.close();
        }
        backstops.verify();
        return new Held(taken, facts, hooked, Duration.ofNanos(System.nanoTime() - start));
    }

    private Map<String, Taken> takeAll(CaptureRun run) {
        Map<String, String> names = new HashMap<>();
        for (VolumeStatus v : run.status().volumes) {
            if (v.skipped == null && !Boolean.TRUE.equals(v.live)) {
                String name =
                        Names.of(run.uid() + "/" + v.pvc + "/" + run.clock().millis());
                snapshots.create(run.namespace(), name, v.pvc, v.snapshotClass, Map.of(Api.RUN, run.label()));
                names.put(v.pvc, name);
            }
        }
        Map<String, Taken> taken = new HashMap<>();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (taken.size() < names.size()) {
            names.forEach((pvc, name) -> {
                if (!taken.containsKey(pvc)) {
                    cutAt(run.namespace(), pvc, name).ifPresent(at -> taken.put(pvc, new Taken(name, at)));
                }
            });
            if (System.nanoTime() > deadline) {
                names.keySet().removeAll(taken.keySet());
                throw BreakwaterException.retryable(
                        Reason.SnapshotFailed,
                        "snapshots of claims " + names.keySet() + " were not cut within " + PATIENCE.toSeconds()
                                + "s; is the CSI driver's snapshotter running?");
            }
            Activities.pause(Duration.ofMillis(50));
        }
        return taken;
    }

    private Optional<Instant> cutAt(String namespace, String pvc, String name) {
        Snapshots.State state = snapshots
                .state(namespace, name)
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.SnapshotFailed, "VolumeSnapshot " + namespace + "/" + name + " was deleted"));
        if (state.error() != null && state.cutAt() == null) {
            throw BreakwaterException.retryable(
                    Reason.SnapshotFailed,
                    "VolumeSnapshot " + namespace + "/" + name + " of claim " + pvc + ": " + state.error());
        }
        return Optional.ofNullable(state.cutAt());
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
