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
final class Points {
    private final RestorePoint point = new RestorePoint();

    private Points(String name, String capturedAt) {
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

    static Points good(String name, String capturedAt) {
        Points p = new Points(name, capturedAt).succeeded("True");
        p.point.getStatus().capturedAt = capturedAt;
        p.point.getStatus().location = "a";
        return p;
    }

    static Points failed(String name, String createdAt) {
        return new Points(name, createdAt).succeeded("False");
    }

    static Points running(String name, String createdAt) {
        return new Points(name, createdAt).succeeded("Unknown");
    }

    Points trigger(Trigger trigger) {
        point.getSpec().trigger = trigger;
        return this;
    }

    Points retained() {
        point.getSpec().deletionPolicy = DeletionPolicy.Retain;
        return this;
    }

    Points held() {
        point.getSpec().hold = true;
        return this;
    }

    Points lockedUntil(String time) {
        point.getStatus().lockedUntil = time;
        return this;
    }

    Points deleted() {
        point.getMetadata().setDeletionTimestamp("2026-11-23T23:00:00Z");
        return this;
    }

    Points copy(String location, CopyState state) {
        PointCopy copy = new PointCopy();
        copy.location = location;
        copy.state = state;
        point.getStatus().copies.add(copy);
        return this;
    }

    RestorePoint get() {
        return point;
    }

    private Points succeeded(String status) {
        Condition c = new Condition();
        c.type = Condition.SUCCEEDED;
        c.status = status;
        point.getStatus().conditions.add(c);
        return this;
    }
}
