package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseTiming;
import io.breakwater.points.TestIndex;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The points that a site can start from. */
class PlanPointsTest {
    private static final Lease LEASE = Lease.first("east", Duration.ofSeconds(60));

    private final RestorePoint point = new RestorePoint();
    private final VolumeStatus volume = new VolumeStatus();
    private final PointCopy copy = new PointCopy();

    @BeforeEach
    void seal() {
        point.setStatus(new RestorePointStatus());
        point.getStatus().location = "near";
        copy.location = "far";
        copy.state = CopyState.Copying;
        point.getStatus().copies = List.of(copy);
        point.getStatus().volumes = List.of(volume);
    }

    @Test
    void reportsAPointCompleteAtItsOriginAndCompletedCopies() {
        assertThat(PlanPoints.isCompleteIn(point, "near")).isTrue();
        assertThat(PlanPoints.isCompleteIn(point, "far")).isFalse();
        copy.state = CopyState.Completed;
        assertThat(PlanPoints.isCompleteIn(point, "far")).isTrue();
    }

    @Test
    void reportsSnapshotOnlyPointsCompleteInNoLocation() {
        volume.kept = new Kept("csi.example.com", "s-1");
        assertThat(PlanPoints.isCompleteIn(point, "near")).isFalse();
    }

    /** A report may be half a minute old; a takeover may not. */
    @Test
    void remembersTheNewestPointForHalfAMinute() {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            FailoverPlan resource = new FailoverPlan();
            resource.getMetadata().setNamespace("shop");
            resource.getMetadata().setName("shop");
            PlanSite plan = new PlanSite(
                    resource,
                    "west",
                    "east",
                    "near",
                    "far",
                    LeaseTiming.of(Duration.ofSeconds(60)),
                    null,
                    new Intent.None());
            Lease lease = Lease.first("east", Duration.ofSeconds(60));
            AtomicLong nanos = new AtomicLong();
            PlanPoints points = new PlanPoints(cluster.client(), TestIndex.empty(cluster.client()), nanos::get);
            assertThat(points.newest(plan, lease, "near")).isEmpty();
            cluster.add(sealed("p1", "2026-11-30T10:00:00Z"));
            assertThat(points.newest(plan, lease, "near").orElseThrow().point()).isEqualTo("east/shop/p1");
            cluster.add(sealed("p2", "2026-11-30T11:00:00Z"));
            cluster.reads().clear();

            nanos.addAndGet(Duration.ofSeconds(29).toNanos());
            assertThat(points.newest(plan, lease, "near").orElseThrow().point()).isEqualTo("east/shop/p1");
            assertThat(cluster.reads()).isEmpty();
            nanos.addAndGet(Duration.ofSeconds(1).toNanos());
            assertThat(points.newest(plan, lease, "near").orElseThrow().point()).isEqualTo("east/shop/p2");

            cluster.add(sealed("p3", "2026-11-30T12:00:00Z"));
            assertThat(points.readNewest(plan, lease, "near").orElseThrow().point())
                    .isEqualTo("east/shop/p3");
            assertThat(points.newest(plan, lease, "near").orElseThrow().point()).isEqualTo("east/shop/p3");
            points.forget(resource);
            cluster.client().resources(RestorePoint.class).inNamespace("shop").delete();
            assertThat(points.newest(plan, lease, "near")).isEmpty();
        }
    }

    /** East is rebuilt, and a schedule captures its empty namespace before the plan is applied there again. */
    @Test
    void startsFromNoPointWithoutAnEpochThatIsYoungerThanThePlan() {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            PlanPoints points = new PlanPoints(cluster.client(), TestIndex.empty(cluster.client()));
            RestorePoint empty = sealed("empty", "2026-11-30T12:00:00Z");
            empty.getStatus().epoch = 0L;
            cluster.add(sealed("p1", "2026-11-30T10:00:00Z"));
            cluster.add(empty);

            assertThat(points.readNewest(plan(), LEASE, "near").orElseThrow().point())
                    .isEqualTo("east/shop/p1");
        }
    }

    @Test
    void startsFromNoDivergentPoint() {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            PlanPoints points = new PlanPoints(cluster.client(), TestIndex.empty(cluster.client()));
            RestorePoint divergent = sealed("divergent", "2026-11-30T12:00:00Z");
            divergent.getSpec().trigger = RestorePointSpec.Trigger.Divergent;
            cluster.add(sealed("p1", "2026-11-30T10:00:00Z"));
            cluster.add(divergent);

            assertThat(points.readNewest(plan(), LEASE, "near").orElseThrow().point())
                    .isEqualTo("east/shop/p1");
        }
    }

    private static PlanSite plan() {
        FailoverPlan resource = new FailoverPlan();
        resource.getMetadata().setNamespace("shop");
        resource.getMetadata().setName("shop");
        return new PlanSite(
                resource,
                "west",
                "east",
                "near",
                "far",
                LeaseTiming.of(Duration.ofSeconds(60)),
                null,
                new Intent.None());
    }

    private static RestorePoint sealed(String name, String capturedAt) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName(name);
        point.setSpec(new RestorePointSpec());
        RestorePointStatus s = new RestorePointStatus();
        s.site = "east";
        s.namespace = "shop";
        s.epoch = 1L;
        s.location = "near";
        s.digest = "digest of " + name;
        s.capturedAt = capturedAt;
        Condition condition = new Condition();
        condition.type = Condition.SUCCEEDED;
        condition.status = "True";
        s.conditions.add(condition);
        point.setStatus(s);
        return point;
    }
}
