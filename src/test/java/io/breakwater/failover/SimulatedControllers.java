package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.RestoreStatus;
import io.breakwater.failover.TwoSites.Cluster;
import io.breakwater.observe.Conditions;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.Instant;
import java.util.List;

/** The controllers of Breakwater that a failover waits for. Each of them succeeds at once. */
final class SimulatedControllers {
    private SimulatedControllers() {}

    /** Captures points, copies them and lists the copies, and completes Restores. */
    static void run(Cluster c, Cluster peer) {
        for (RestorePoint point : c.points()) {
            if (point.getStatus() == null && point.getSpec().trigger != Trigger.Imported) {
                seal(c, peer, point, Instant.now());
            }
        }
        for (Restore restore : c.restores()) {
            if (restore.getMetadata().getDeletionTimestamp() != null) {
                end(c, restore);
            } else if (restore.getStatus() == null && c.restores && !isBlocked(c, restore)) {
                restore.setStatus(new RestoreStatus());
                restore.getStatus().history = c.history;
                if (c.defersObjects) {
                    retry(c, restore);
                    continue;
                }
                Conditions conditions = Conditions.of(restore.getStatus(), 1L, Clock.systemUTC());
                if (c.refuses == null) {
                    conditions.succeeded(Reason.Completed, "done");
                } else {
                    conditions.failed(Reason.Conflict, c.refuses);
                }
                c.client().resource(restore).update();
            }
        }
    }

    /** A Restore waits for another one that writes to the namespace. */
    private static boolean isBlocked(Cluster c, Restore restore) {
        return c.restores().stream()
                .anyMatch(other -> other.getStatus() != null
                        && !other.isOver()
                        && !other.getMetadata()
                                .getName()
                                .equals(restore.getMetadata().getName()));
    }

    /** Deletes the movers of a Restore that a user or a plan has deleted. */
    private static void end(Cluster c, Restore restore) {
        if (c.restores().size() > 1) {
            throw new AssertionError("a Restore was created while another one still writes: " + c.restores());
        }
        if (!c.gated()) {
            throw new AssertionError("the gate is open over the data of a Restore that was stopped");
        }
        restore.getMetadata().setFinalizers(List.of());
        c.client().resource(restore).update();
    }

    /** A Restore has filled a part of its volumes. */
    static void start(Cluster c, Restore restore) {
        restore.getMetadata().setFinalizers(List.of(Api.FINALIZER));
        Restore started = c.client().resource(restore).update();
        started.setStatus(new RestoreStatus());
        started.getStatus().progress = "Fill: 0 of 1 volumes filled";
        c.client().resource(started).update();
    }

    /** Everything is restored except an object whose webhook runs in the pods of the application. */
    private static void retry(Cluster c, Restore restore) {
        RestoreStatus.Deferred deferred = new RestoreStatus.Deferred();
        deferred.kind = "configmaps";
        deferred.objects = 1;
        restore.getStatus().deferred = List.of(deferred);
        JournalEntry entry = new JournalEntry();
        entry.step = RestoreStatus.RETRY;
        entry.state = JournalEntry.State.Running;
        restore.getStatus().journal.add(entry);
        restore.getStatus().progress = "Retry: 1 objects";
        c.client().resource(restore).update();
    }

    /** Creates a point like a scheduled one of the policy. */
    static void scheduledPoint(Cluster c, Cluster peer, String name, Instant capturedAt) {
        RestorePoint point = new RestorePoint();
        point.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(TwoSites.NS)
                .build());
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        seal(c, peer, c.client().resource(point).create(), capturedAt);
    }

    private static void seal(Cluster c, Cluster peer, RestorePoint point, Instant capturedAt) {
        if (c.runs() && point.getSpec().trigger == Trigger.Final) {
            throw new AssertionError("I3: the final point was created while pods run");
        }
        RestorePointStatus s = new RestorePointStatus();
        s.capturedAt = capturedAt.toString();
        s.site = c.site;
        s.namespace = TwoSites.NS;
        s.point = point.getMetadata().getName();
        s.epoch = c.lease().epoch();
        s.digest = "digest of " + c.site + "/" + s.point;
        s.location = "near-" + c.site;
        PointCopy copy = new PointCopy();
        copy.location = "near-" + peer.site;
        copy.state = c.copies ? CopyState.Completed : CopyState.Pending;
        s.copies = List.of(copy);
        Conditions.of(s, 1L, Clock.systemUTC()).succeeded(Reason.Completed, "sealed");
        point.setStatus(s);
        c.client().resource(point).update();
        if (c.copies) {
            list(c, peer, s);
        }
    }

    /** Completes the copies that were pending, and lists them. */
    static void copyAll(Cluster c, Cluster peer) {
        c.copies = true;
        for (RestorePoint point : c.points()) {
            if (point.isSealed() && point.getStatus().copies.getFirst().state == CopyState.Pending) {
                point.getStatus().copies.getFirst().state = CopyState.Completed;
                c.client().resource(point).update();
                list(c, peer, point.getStatus());
            }
        }
    }

    private static void list(Cluster c, Cluster peer, RestorePointStatus sealed) {
        RestorePoint imported = new RestorePoint();
        imported.setMetadata(new ObjectMetaBuilder()
                .withName(c.site + "-" + sealed.point)
                .withNamespace(TwoSites.NS)
                .addToLabels(Api.ORIGIN_SITE, c.site)
                .build());
        imported.setSpec(new RestorePointSpec());
        imported.getSpec().trigger = Trigger.Imported;
        imported.setStatus(sealed);
        peer.client().resource(imported).create();
    }
}
