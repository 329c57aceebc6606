package io.breakwater.policy;

import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.PointCopy;
import java.util.ArrayList;

/** RestorePoints for tests. */
final class PointFixtures {
    private final RestorePoint point = new RestorePoint();

    private PointFixtures(String name, String capturedAt) {
        point.getMetadata().setName(name);
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setUid(name);
        point.getMetadata().setCreationTimestamp(capturedAt);
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        point.getSpec().deletionPolicy = DeletionPolicy.Delete;
        point.getSpec().policyRef = new NamedRef("hourly");
        point.setStatus(new RestorePointStatus());
        point.getStatus().copies = new ArrayList<>();
    }

    static PointFixtures good(String name, String capturedAt) {
        PointFixtures p = new PointFixtures(name, capturedAt).succeeded("True");
        p.point.getStatus().capturedAt = capturedAt;
        p.point.getStatus().location = "a";
        return p;
    }

    static PointFixtures failed(String name, String createdAt) {
        return new PointFixtures(name, createdAt).succeeded("False");
    }

    static PointFixtures running(String name, String createdAt) {
        return new PointFixtures(name, createdAt).succeeded("Unknown");
    }

    PointFixtures trigger(Trigger trigger) {
        point.getSpec().trigger = trigger;
        return this;
    }

    PointFixtures retained() {
        point.getSpec().deletionPolicy = DeletionPolicy.Retain;
        return this;
    }

    PointFixtures held() {
        point.getSpec().hold = true;
        return this;
    }

    PointFixtures lockedUntil(String time) {
        point.getStatus().lockedUntil = time;
        return this;
    }

    PointFixtures deleted() {
        point.getMetadata().setDeletionTimestamp("2026-11-23T23:00:00Z");
        return this;
    }

    PointFixtures copy(String location, CopyState state) {
        PointCopy copy = new PointCopy();
        copy.location = location;
        copy.state = state;
        point.getStatus().copies.add(copy);
        return this;
    }

    RestorePoint get() {
        return point;
    }

    private PointFixtures succeeded(String status) {
        Condition c = new Condition();
        c.type = Condition.SUCCEEDED;
        c.status = status;
        point.getStatus().conditions.add(c);
        return this;
    }
}
