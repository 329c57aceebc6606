package io.breakwater.capture;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.ServerMessage;
import io.breakwater.catalog.Catalog;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.LogContext;
import io.breakwater.observe.StatusWriter;
import io.breakwater.policy.PointRoutes;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Journal;
import io.breakwater.steps.RetryPauses;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.trust.PointKey;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Deletes what a capture leaves in the cluster, after the success of the point was reported. The journal entry {@link
 * RestorePoint#TIDY}, which is written together with the success, shows that this is not complete. So the next process continues
 * it. A failure changes nothing in the result of the capture, and is retried as long as the RestorePoint exists.
 *
 * <p>At the end the status loses what only the run needed: the list of the archive's objects, which the seal contains, and the
 * messages of the steps.
 */
final class SealedCaptureSweep {
    private static final Logger LOG = Logger.getLogger(SealedCaptureSweep.class);
    private static final Duration RECHECK = Duration.ofSeconds(10);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(2);
    private static final String DELETED = "deleted the snapshots, claims and Jobs of this run";

    private final KubernetesClient client;
    private final CaptureSteps steps;
    private final Catalog catalog;
    private final PointRoutes routes;
    private final NamespaceIdentities identities;
    private final StatusWriter writer;
    private final Clock clock;
    private final RetryPauses pauses;
    private final Activities activities = new Activities();

    SealedCaptureSweep(
            KubernetesClient client,
            CaptureSteps steps,
            Catalog catalog,
            PointRoutes routes,
            NamespaceIdentities identities,
            StatusWriter writer,
            Clock clock) {
        this.client = client;
        this.steps = steps;
        this.catalog = catalog;
        this.routes = routes;
        this.identities = identities;
        this.writer = writer;
        this.clock = clock;
        this.pauses = new RetryPauses(clock);
    }

    /** Notes in the status of a point that objects of its capture are left. */
    static void start(RestorePointStatus status, Clock clock) {
        JournalEntry entry = JournalEntry.running(RestorePoint.TIDY, Conditions.timestamp(clock.instant()));
        entry.attempts = 1;
        Journal.put(status.journal, entry);
    }

    /** Since when objects of a capture are deleted; empty when nothing is left. */
    static Optional<String> startOf(RestorePoint point) {
        return Optional.of(point)
                .filter(RestorePoint::isTidying)
                .flatMap(p -> entry(p.getStatus()))
                .map(e -> e.startedAt);
    }

    /** Notes that no object of the capture is left. */
    static void finish(RestorePointStatus status, Clock clock) {
        entry(status).ifPresent(e -> {
            e.state = JournalEntry.State.Done;
            e.finishedAt = Conditions.timestamp(clock.instant());
            e.message = DELETED;
        });
    }

    /**
     * Continues the deletion.
     *
     * @param run the capture, if this process has it; else the status of the point, which others can write, decides nothing
     * @return longest time until the next call; empty when nothing is left
     */
    Optional<Duration> sweep(RestorePoint point, Optional<CaptureRun> run, Runnable wake) {
        if (!point.isTidying()) {
            return Optional.empty();
        }
        String id = point.getMetadata().getUid() + "/tidy";
        Optional<Duration> pause = pauses.left(id);
        if (pause.isPresent()) {
            return pause;
        }
        try {
            Optional<Boolean> deleted = activities.poll(id, () -> delete(point, run), wake);
            if (deleted.isEmpty()) {
                return Optional.of(RECHECK);
            }
            pauses.forget(id);
            if (!deleted.get()) {
                report(point, "waiting for the deletion of the claims of this run");
                return Optional.of(CaptureSteps.RECHECK);
            }
        } catch (RuntimeException e) {
            try (LogContext _ = LogContext.of(point)) {
                LOG.debugf(e, "the objects of the capture were not deleted");
            }
            report(point, "could not delete the objects of this run, will retry: " + ServerMessage.of(e));
            return Optional.of(pauses.failed(id, LONGEST_PAUSE));
        }
        writer.update(point, RestorePointStatus.class, s -> {
            s.archive = null;
            s.journal.forEach(e -> e.message = null);
            finish(s, clock);
        });
        return Optional.empty();
    }

    /** Forgets a point that is gone. */
    void forget(String uid) {
        pauses.forget(uid + "/tidy");
    }

    /** Runs outside the reconciler. Returns whether everything is deleted. */
    private boolean delete(RestorePoint point, Optional<CaptureRun> run) {
        boolean nothing = run.filter(r -> r.memory().createdNothing()).isPresent();
        if (!nothing) {
            steps.sealed(point);
            String since = startOf(point).orElseGet(() -> Conditions.timestamp(clock.instant()));
            if (!steps.cleanUp(point, since, clock.instant())) {
                return false;
            }
        }
        try {
            PointKey key = PointKey.ofCapture(identities.of(point), point);
            run.filter(CaptureRun::hasRoute)
                    .map(CaptureRun::route)
                    .or(() -> policy(point).map(routes::of))
                    .ifPresent(route -> catalog.markFinished(route.location(), key));
        } catch (BreakwaterException e) {
            // The point is sealed, so the sweep recognises that the capture is finished.
        }
        return true;
    }

    private Optional<BackupPolicy> policy(RestorePoint point) {
        return Optional.ofNullable(client.resources(BackupPolicy.class)
                .inNamespace(point.getMetadata().getNamespace())
                .withName(point.getSpec().policyRef.name)
                .get());
    }

    private void report(RestorePoint point, String message) {
        writer.update(
                point,
                RestorePointStatus.class,
                s -> entry(s).filter(e -> !Objects.equals(e.message, message)).ifPresent(e -> e.message = message));
    }

    private static Optional<JournalEntry> entry(RestorePointStatus status) {
        return status.journal.stream()
                .filter(e -> e.step.equals(RestorePoint.TIDY))
                .findFirst();
    }
}
