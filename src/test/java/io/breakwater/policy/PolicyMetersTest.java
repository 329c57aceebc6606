package io.breakwater.policy;

import static io.breakwater.policy.PointFixtures.failed;
import static io.breakwater.policy.PointFixtures.good;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.points.Lineage;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Gauges show the age at the time of the scrape, and are absent while there is nothing to measure. */
class PolicyMetersTest {
    private static final Instant CAPTURED = Instant.parse("2026-11-23T12:00:00Z");

    private final Hands clock = new Hands();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final PolicyMeters meters = new PolicyMeters(new Meters(registry, clock), clock);

    @Test
    void reportsLagFromTheFirstCompletedCopy() {
        show(List.of("b"), good("p1", CAPTURED.toString()).copy("b", CopyState.Copying));
        assertThat(gauge(MeterName.REPLICATION_LAG)).isNull();

        show(List.of("b"), good("p1", CAPTURED.toString()).copy("b", CopyState.Completed));
        clock.now = CAPTURED.plusSeconds(90);
        assertThat(gauge(MeterName.REPLICATION_LAG).value()).isEqualTo(90);
        clock.now = CAPTURED.plusSeconds(100);
        assertThat(gauge(MeterName.REPLICATION_LAG).value()).isEqualTo(100);
        assertThat(gauge(MeterName.REPLICATION_LAG).getId().getTag("location")).isEqualTo("b");
        assertThat(gauge(MeterName.REPLICATION_RPO).value()).isEqualTo(900);
    }

    @Test
    void evaluatesTheObjectiveAtScrapeTime() {
        show(List.of(), good("p1", CAPTURED.toString()));

        clock.now = CAPTURED.plusSeconds(900);
        assertThat(gauge(MeterName.POLICY_RPO_MET).value()).isEqualTo(1);
        clock.now = CAPTURED.plusSeconds(901);
        assertThat(gauge(MeterName.POLICY_RPO_MET).value()).isEqualTo(0);
        assertThat(gauge(MeterName.POLICY_RPO_AGE).value()).isEqualTo(901);
        assertThat(gauge(MeterName.POLICY_LAST_SUCCESS).value()).isEqualTo(CAPTURED.getEpochSecond());
        assertThat(gauge(MeterName.POLICY_RPO).value()).isEqualTo(900);
    }

    @Test
    void reportsAnUnmetObjectiveBeforeTheFirstPoint() {
        show(List.of());

        assertThat(gauge(MeterName.POLICY_RPO_AGE)).isNull();
        assertThat(gauge(MeterName.POLICY_LAST_SUCCESS)).isNull();
        assertThat(gauge(MeterName.POLICY_RPO_MET).value()).isEqualTo(0);
    }

    @Test
    void deletesGaugesOfUnusedCopyLocations() {
        show(List.of("b"), good("p1", CAPTURED.toString()).copy("b", CopyState.Completed));
        show(List.of(), good("p1", CAPTURED.toString()).copy("b", CopyState.Completed));

        assertThat(gauge(MeterName.REPLICATION_LAG)).isNull();
        assertThat(gauge(MeterName.REPLICATION_RPO)).isNull();
        assertThat(gauge(MeterName.POLICY_RPO_AGE)).isNotNull();
    }

    @Test
    void deletesAllGaugesOfADeletedPolicy() {
        show(List.of("b"), good("p1", CAPTURED.toString()).copy("b", CopyState.Completed));

        meters.remove("shop", "hourly");

        assertThat(registry.getMeters())
                .extracting(meter -> meter.getId().getName())
                .containsOnly(MeterName.POLICIES.registered());
        assertThat(policies("protected") + policies("late") + policies("unprotected"))
                .isZero();
    }

    /** The state is that at the time of the scrape, also without another reconcile. */
    @Test
    void countsPoliciesByState() {
        show(List.of());
        assertThat(policies("unprotected")).isOne();
        show(List.of(), good("p1", CAPTURED.toString()));

        clock.now = CAPTURED.plusSeconds(900);
        assertThat(policies("protected")).isOne();
        clock.now = CAPTURED.plusSeconds(901);
        assertThat(policies("late")).isOne();
        assertThat(policies("protected") + policies("unprotected")).isZero();
    }

    private double policies(String state) {
        return registry.find(MeterName.POLICIES.registered())
                .tag("state", state)
                .gauge()
                .value();
    }

    @Test
    void evaluatesTheLastPointAtScrapeTime() {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setName("hourly");
        var points = List.of(good("p1", CAPTURED.toString()).get());
        LastPointCheck check = new LastPointCheck(
                points,
                PointInventory.of(points, Lineage.WITHOUT_PLAN),
                Optional.of(CronSchedule.of(CronScheduleTest.schedule("0 * * * *", "Etc/UTC"))),
                CAPTURED.minusSeconds(600),
                Optional.empty(),
                Optional.empty());

        meters.setLastPoint(policy, Optional.of(check));
        assertThat(gauge(MeterName.POLICY_LAST_POINT_GOOD).value()).isEqualTo(1);
        clock.now = CAPTURED.plusSeconds(3600 + 900);
        assertThat(gauge(MeterName.POLICY_LAST_POINT_GOOD).value()).isEqualTo(1);
        clock.now = CAPTURED.plusSeconds(3600 + 901);
        assertThat(gauge(MeterName.POLICY_LAST_POINT_GOOD).value()).isZero();

        meters.setLastPoint(policy, Optional.empty());
        assertThat(gauge(MeterName.POLICY_LAST_POINT_GOOD)).isNull();
    }

    @Test
    void reportsAFailedPointUntilANewerGoodOne() {
        var points = new ArrayList<>(List.of(
                good("p1", CAPTURED.toString()).get(),
                failed("p2", CAPTURED.plusSeconds(60).toString()).get()));
        assertThat(last(points).good()).isFalse();

        points.add(good("p3", CAPTURED.plusSeconds(120).toString()).get());
        assertThat(last(points).good()).isTrue();
    }

    private static LastPointCheck.Answer last(List<RestorePoint> points) {
        return new LastPointCheck(
                        points,
                        PointInventory.of(points, Lineage.WITHOUT_PLAN),
                        Optional.empty(),
                        CAPTURED,
                        Optional.empty(),
                        Optional.empty())
                .at(CAPTURED.plusSeconds(300))
                .orElseThrow();
    }

    private void show(List<String> copies, PointFixtures... points) {
        PointInventory inventory =
                PointInventory.of(Stream.of(points).map(PointFixtures::get).toList(), Lineage.WITHOUT_PLAN);
        BackupPolicySpec spec = new BackupPolicySpec();
        spec.objectives = new BackupPolicySpec.Objectives();
        spec.objectives.rpo = "15m";
        meters.set("shop", "hourly", inventory, RpoObjective.of(spec, copies, inventory), copies);
    }

    private Gauge gauge(MeterName name) {
        return registry.find(name.registered())
                .tags("namespace", "shop", "policy", "hourly")
                .gauge();
    }

    /** A clock that a test sets. */
    private static final class Hands extends Clock {
        Instant now = CAPTURED;

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }
}
