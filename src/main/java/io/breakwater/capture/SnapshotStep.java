package io.breakwater.capture;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.DatabaseStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.Texts;
import io.breakwater.capture.SnapshotTaker.TakenSnapshot;
import io.breakwater.database.CaptureHooks;
import io.breakwater.database.HookWatchdogs;
import io.breakwater.database.Postgresql;
import io.breakwater.database.Quiesced;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.observe.Conditions;
import io.breakwater.points.PointPages;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.breakwater.trust.AuthorReview;
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
 * Takes the snapshots: quiesces the application, creates all snapshots, waits until each is taken, and releases the
 * application. All of this is one activity, because a connection of this process holds the databases. Before a final or
 * divergent point the pods have ended, so there is nothing to quiesce, and the movers read the claims themselves. An interrupted attempt is undone and repeated: its
 * snapshots have no value.
 */
final class SnapshotStep implements Step<CaptureRun> {
    private static final int SHOWN = 5;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Longer than the time after which databases and snapshots fail. */
    private static final Duration WINDOW = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final SnapshotTaker taker;
    private final Activities activities;
    private final RestoreInProgressCheck restores;
    private final AuthorReview authors;
    private final EpochGuard guard;

    SnapshotStep(
            KubernetesClient client,
            Snapshots snapshots,
            GroupSnapshots groups,
            Activities activities,
            RestoreInProgressCheck restores,
            AuthorReview authors,
            EpochGuard guard) {
        this.client = client;
        this.taker = new SnapshotTaker(snapshots, groups, PATIENCE);
        this.activities = activities;
        this.restores = restores;
        this.authors = authors;
        this.guard = guard;
    }

    @Override
    public String name() {
        return RestorePoint.CUT;
    }

    @Override
    public Outcome run(CaptureRun run, int attempt) {
        Optional<Result> result = activities.poll(run.uid() + "/cut", () -> take(run, attempt), run.wake());
        if (result.isEmpty()) {
            return new Outcome.Working("quiescing the application and taking snapshots", Duration.ofSeconds(10));
        }
        Result taken = result.get();
        run.stage(s -> {
            s.capturedAt = Conditions.timestamp(taken.capturedAt);
            s.sequence = taken.place.sequence;
            s.storeTime = taken.place.storeTime.map(Conditions::timestamp).orElse(null);
            s.consistency = taken.consistency;
            s.quiescedFor = taken.quiescedFor.toMillis() + "ms";
            s.databases = taken.databases.stream().map(SnapshotStep::status).toList();
            s.warnings = Warnings.merged(s.warnings, taken.warnings);
            for (VolumeStatus v : s.volumes) {
                TakenSnapshot snapshot = taken.snapshots.get(v.pvc);
                if (snapshot != null) {
                    v.snapshot = snapshot.name();
                    v.snapshotAt = Conditions.timestamp(snapshot.at());
                    v.groupSnapshot = snapshot.group();
                }
            }
        });
        if (!taken.snapshots.isEmpty() || taken.quiescedFor.isPositive()) {
            run.flush(); // a restart would quiesce the application again
        }
        return Outcome.done(taken.snapshots.size() + " snapshots, quiesced for " + run.status().quiescedFor);
    }

    /**
     * The place of a point among the others of its epoch.
     *
     * @param sequence null without an epoch, and for a divergent point
     * @param storeTime before the capture
     */
    private record Place(Long sequence, Optional<Instant> storeTime) {}

    private record Result(
            Instant capturedAt,
            Place place,
            Consistency consistency,
            Duration quiescedFor,
            Map<String, TakenSnapshot> snapshots,
            List<Quiesced.Facts> databases,
            List<String> warnings) {}

    private Result take(CaptureRun run, int attempt) {
        Trigger trigger = run.point().getSpec().trigger;
        boolean stopped = trigger == Trigger.Final || trigger == Trigger.Divergent;
        BackupPolicySpec spec = stopped ? new BackupPolicySpec() : run.policy().getSpec();
        // Asked once: an application that a hook has paused must also be resumed.
        Optional<String> objection = objection(run, spec);
        CaptureHooks all = new CaptureHooks(client, run.namespace());
        CaptureHooks hooks = objection.map(all::refusing).orElse(all);
        List<String> warnings = new ArrayList<>();
        if (attempt > 1) {
            // An earlier process may have run the pre hooks and died. Its watchdogs must not act during this attempt.
            Activities.pause(hooks.aftermath(spec.hooks));
            warnings.addAll(hooks.after(post(spec)).problems());
        }
        // A Restore waits while snapshots are taken. So this step must not wait for the Restore: it fails.
        restores.findBlocker(run).ifPresent(message -> {
            throw BreakwaterException.permanent(Reason.RestoreInProgress, message);
        });
        boolean again = run.memory().startCutting() || attempt > 1;
        if (again) {
            taker.discard(run);
        }
        SnapshotTaker.Prepared prepared = taker.prepare(run);
        Place place = place(run);
        Instant started = run.clock().instant();
        if (objection.isPresent() && spec.databases != null) {
            warnings.add("databases were not quiesced: " + objection.get());
            spec = withoutDatabases(spec);
        }
        Held held = hold(run, spec, hooks, prepared, warnings);
        Map<String, TakenSnapshot> taken = taker.resolve(run, prepared, held.moments);
        Instant capturedAt =
                held.moments.values().stream().min(Instant::compareTo).orElse(started);
        // Before a planned failover the pods ended in order, so their data is as consistent as after hooks.
        boolean consistent = !held.facts.isEmpty() || held.hooked || trigger == Trigger.Final;
        List<String> live = stopped ? List.of() : live(run);
        if (!live.isEmpty()) {
            warnings.add("claims " + Texts.first(live, SHOWN)
                    + " have no snapshots and are read while they are in use: files that change meanwhile"
                    + " may be inconsistent with each other");
        }
        if (!stopped) {
            ungrouped(run).ifPresent(warnings::add);
        }
        return new Result(
                // Some drivers report whole seconds, and the point cannot be older than its quiesce.
                capturedAt.isBefore(started) ? started : capturedAt,
                place,
                !live.isEmpty() ? Consistency.Live : consistent ? Consistency.Application : Consistency.Crash,
                consistent ? held.window : Duration.ZERO,
                taken,
                held.facts,
                warnings);
    }

    /** Read right before the snapshots: a capture that starts later gets a larger number. */
    private Place place(CaptureRun run) {
        Long epoch = run.status().epoch;
        if (epoch == null || epoch == 0 || run.point().getSpec().trigger == Trigger.Divergent) {
            return new Place(null, Optional.empty());
        }
        return new Place(
                nextNumber(PointPages.in(client, run.namespace()), run.site(), epoch),
                run.route().guard().flatMap(guard::storeTime));
    }

    /** The number after the largest one of an epoch. */
    static long nextNumber(List<RestorePoint> points, String site, long epoch) {
        return 1
                + points.stream()
                        .map(RestorePoint::getStatus)
                        .filter(s -> s != null && s.sequence != null && s.epoch != null)
                        .filter(s -> s.epoch == epoch && site.equals(s.site))
                        .mapToLong(s -> s.sequence)
                        .max()
                        .orElse(0);
    }

    /** Why commands of the policy must not run. A policy without commands needs no author. */
    private Optional<String> objection(CaptureRun run, BackupPolicySpec spec) {
        return spec.hooks == null && spec.databases == null
                ? Optional.empty()
                : authors.of(run.policy()).map(AuthorReview.Objection::message);
    }

    private static BackupPolicySpec withoutDatabases(BackupPolicySpec spec) {
        BackupPolicySpec less = new BackupPolicySpec();
        less.hooks = spec.hooks;
        return less;
    }

    private record Held(Map<String, Instant> moments, List<Quiesced.Facts> facts, boolean hooked, Duration window) {}

    /** Takes the snapshots while the application is held, and releases it in every case. */
    private Held hold(
            CaptureRun run,
            BackupPolicySpec spec,
            CaptureHooks hooks,
            SnapshotTaker.Prepared prepared,
            List<String> warnings) {
        List<Quiesced> held = new ArrayList<>();
        List<Quiesced.Facts> facts = new ArrayList<>();
        Map<String, Instant> moments = Map.of();
        BreakwaterException failed = null;
        CaptureHooks.Done after;
        boolean hooked = false;
        HookWatchdogs watchdogs = hooks.arm(spec.hooks, WINDOW);
        warnings.addAll(watchdogs.warnings());
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
                // Sessions and checkpoints do not stop the application, so the window starts after them.
                start = System.nanoTime();
            }
            moments = taker.take(run, prepared);
            held.forEach(Quiesced::verify);
        } catch (BreakwaterException e) {
            failed = e;
        } finally {
            after = release(held, hooks, spec, watchdogs);
        }
        warnings.addAll(after.warnings());
        after.check(failed);
        watchdogs.verify();
        return new Held(moments, facts, hooked, Duration.ofNanos(System.nanoTime() - start));
    }

    private static CaptureHooks.Done release(
            List<Quiesced> held, CaptureHooks hooks, BackupPolicySpec spec, HookWatchdogs watchdogs) {
        try {
            held.forEach(Quiesced::close);
        } finally {
            try (watchdogs) {
                return hooks.after(post(spec));
            }
        }
    }

    private static List<String> live(CaptureRun run) {
        return run.status().volumes.stream()
                .filter(v -> Boolean.TRUE.equals(v.live))
                .map(v -> v.pvc)
                .toList();
    }

    /** A label that no claim has is probably a typing error. */
    private static Optional<String> ungrouped(CaptureRun run) {
        BackupPolicySpec.Volumes volumes = run.policy().getSpec().volumes;
        return volumes == null || volumes.groupBy == null || SnapshotTaker.isGrouped(run.status().volumes)
                ? Optional.empty()
                : Optional.of("no claim has label " + volumes.groupBy
                        + " of spec.volumes.groupBy, so each volume has its own snapshot");
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
