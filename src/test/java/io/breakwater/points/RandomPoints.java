package io.breakwater.points;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.RestorePointStatus.StoredObject;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/** RestorePoints of all states, with and without each field that the index has. */
public final class RandomPoints {
    private static final Instant START = Instant.parse("2026-11-01T00:00:00Z");
    private static final List<String> LOCATIONS = List.of("a", "b", "c");

    private final Random random;
    private int number;

    public RandomPoints(long seed) {
        random = new Random(seed);
    }

    /** A sealed point with two volumes and one copy, as the store of the API server has it. */
    public static RestorePoint complete(String namespace, String name, UUID uid) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(namespace);
        point.getMetadata().setName(name);
        point.getMetadata().setUid(uid.toString());
        point.getMetadata().setResourceVersion(Long.toString(10_000_000 + uid.getLeastSignificantBits()));
        point.getMetadata().setGeneration(1L);
        point.getMetadata().setCreationTimestamp("2026-11-30T10:00:00Z");
        point.getMetadata().setFinalizers(List.of(Api.FINALIZER));
        point.getMetadata().setLabels(new HashMap<>());
        point.getMetadata().getLabels().put(Api.POLICY, "hourly");
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef("hourly");
        point.getSpec().trigger = Trigger.Scheduled;
        point.getSpec().deletionPolicy = DeletionPolicy.Delete;
        RestorePointStatus s = new RestorePointStatus();
        Condition condition = new Condition();
        condition.type = Condition.SUCCEEDED;
        condition.status = "True";
        condition.reason = "Completed";
        condition.message = "sealed in location primary";
        s.conditions.add(condition);
        s.capturedAt = "2026-11-30T10:00:03Z";
        s.epoch = 3L;
        s.site = "east";
        s.namespace = namespace;
        s.cluster = "9f8e7d6c-0000-4000-8000-000000000001";
        s.namespaceUid = new UUID(namespace.hashCode(), 7).toString();
        s.point = name;
        s.location = "primary";
        String digest = uid.toString().replace("-", "");
        s.digest = digest + digest;
        s.volumes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            VolumeStatus volume = new VolumeStatus();
            volume.pvc = "data-" + i;
            volume.repositorySnapshot = (i + digest.substring(1)).repeat(2);
            s.volumes.add(volume);
        }
        PointCopy copy = new PointCopy();
        copy.location = "secondary";
        copy.state = CopyState.Completed;
        s.copies = List.of(copy);
        point.setStatus(s);
        return point;
    }

    /** Some points of one namespace. */
    public List<RestorePoint> some() {
        List<RestorePoint> points = new ArrayList<>();
        for (int i = random.nextInt(12); i >= 0; i--) {
            points.add(next());
        }
        return points;
    }

    private RestorePoint next() {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName("hourly-" + number++);
        point.getMetadata().setUid(maybe() ? uuid() : "uid-" + number);
        point.getMetadata().setResourceVersion(maybe() ? "" + random.nextInt(100_000) : "v" + number);
        point.getMetadata().setGeneration(maybe() ? 1L + random.nextInt(3) : null);
        point.getMetadata().setCreationTimestamp(time());
        point.getMetadata().setDeletionTimestamp(random.nextInt(6) == 0 ? time() : null);
        point.getMetadata().setFinalizers(maybe() ? List.of(Api.FINALIZER) : List.of("other/one", Api.FINALIZER));
        point.getMetadata().setLabels(new HashMap<>());
        for (String label : List.of(Api.POLICY, Api.PLAN, "other")) {
            if (maybe()) {
                point.getMetadata().getLabels().put(label, maybe() ? "hourly" : "");
            }
        }
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = maybe() ? new NamedRef("hourly") : null;
        point.getSpec().trigger = pick(Trigger.values());
        point.getSpec().deletionPolicy = maybe() ? pick(DeletionPolicy.values()) : null;
        point.getSpec().hold = maybe() ? maybe() : null;
        if (point.getSpec().trigger == Trigger.Imported) {
            String path = String.join("/", "east", "shop", uuid(), uuid(), "p" + number);
            point.getMetadata().setAnnotations(new HashMap<>());
            point.getMetadata().getAnnotations().put(Api.ORIGIN, maybe() ? path : "");
        }
        point.setStatus(random.nextInt(8) == 0 ? null : status());
        return point;
    }

    private RestorePointStatus status() {
        RestorePointStatus s = new RestorePointStatus();
        if (random.nextInt(5) > 0) {
            Condition condition = new Condition();
            condition.type = Condition.SUCCEEDED;
            condition.status = pick("True", "True", "False", "Unknown");
            condition.reason = pick("Completed", "MoverFailed", "SnapshotFailed");
            condition.message = maybe() ? "état " + number : null;
            s.conditions.add(condition);
        }
        s.capturedAt = pick(time(), time(), null, "soon");
        s.lockedUntil = maybe() ? time() : null;
        s.epoch = maybe() ? (long) random.nextInt(3) : null;
        s.sequence = maybe() ? 1L + random.nextInt(1000) : null;
        s.storeTime = maybe() ? time() : null;
        s.trigger = maybe() ? pick(Trigger.values()) : null;
        s.site = maybe() ? "east" : null;
        s.namespace = maybe() ? "shop" : null;
        s.cluster = maybe() ? uuid() : null;
        s.namespaceUid = maybe() ? uuid() : null;
        s.point = maybe() ? "p" + number : null;
        s.location = random.nextInt(4) > 0 ? pick("a", "b", "c") : null;
        s.digest = maybe() ? hex() : null;
        if (maybe()) {
            s.volumes = new ArrayList<>();
            for (int i = random.nextInt(3); i > 0; i--) {
                VolumeStatus volume = new VolumeStatus();
                volume.pvc = "data-" + i;
                volume.repositorySnapshot = maybe() ? hex() : null;
                volume.kept = random.nextInt(4) == 0 ? new Kept("csi.example.com", "s-1") : null;
                s.volumes.add(volume);
            }
        }
        if (maybe()) {
            s.copies = new ArrayList<>();
            for (String location : LOCATIONS.subList(0, random.nextInt(3))) {
                PointCopy copy = new PointCopy();
                copy.location = location;
                copy.state = pick(CopyState.values());
                copy.message = maybe() ? "timeout" : null;
                s.copies.add(copy);
            }
        }
        s.archive = List.of(new StoredObject());
        s.journal.add(JournalEntry.running("Move", null));
        if (maybe()) {
            s.journal.add(JournalEntry.running(RestorePoint.TIDY, null));
        }
        s.progress = "Move";
        return s;
    }

    private boolean maybe() {
        return random.nextBoolean();
    }

    @SafeVarargs
    private <T> T pick(T... values) {
        return values[random.nextInt(values.length)];
    }

    private String time() {
        return START.plusSeconds(random.nextInt(30 * 24 * 3600)).toString();
    }

    private String uuid() {
        return new UUID(random.nextLong(), random.nextLong()).toString();
    }

    private String hex() {
        return "%016x%016x".formatted(random.nextLong(), random.nextLong()).repeat(2);
    }
}
