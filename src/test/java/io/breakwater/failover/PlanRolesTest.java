package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.NamedRef;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.StatusWriter;
import io.breakwater.watch.ObjectCache;
import io.breakwater.watch.SharedInformers;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Roles that the operator reads from statuses, with a lease of one minute. */
class PlanRolesTest {
    private static final Instant NOW = Instant.parse("2090-01-05T12:00:00Z");
    private static final Duration LEASE = Duration.ofSeconds(60);

    private final InMemoryApiServer api = new InMemoryApiServer();
    private long nanos = 1;
    private final SharedInformers informers = new SharedInformers(api.client());
    private final PlanRoles roles = new PlanRoles(
            new ObjectCache(api.client(), informers, new StatusWriter(api.client())),
            informers,
            TestConfig.of(Map.of("breakwater.site", "east")),
            Clock.fixed(NOW, ZoneOffset.UTC),
            () -> nanos);

    @BeforeEach
    void plan() {
        FailoverPlan plan = new FailoverPlan();
        plan.setMetadata(
                new ObjectMetaBuilder().withNamespace("shop").withName("shop").build());
        plan.setSpec(new FailoverPlanSpec());
        plan.getSpec().sites = List.of(site("east"), site("west"));
        plan.getSpec().activeSite = "east";
        plan.getSpec().policyRef = new NamedRef("nightly");
        plan.getSpec().rendezvousRef = new NamedRef("north");
        api.add(plan);
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void takesRoleAndEpochFromTheStatus() {
        report(Role.Active, NOW.minusSeconds(10), 3L);

        assertThat(role()).extracting(PlanRole::role, PlanRole::epoch).containsExactly(Role.Active, 3L);
    }

    @Test
    void isUnknownWithoutAReport() {
        assertThat(role()).extracting(PlanRole::role, PlanRole::epoch).containsExactly(Role.Unknown, 0L);
    }

    @Test
    void isUnknownWhenTheFirstReportIsOlderThanTheLease() {
        report(Role.Active, NOW.minus(LEASE), 3L);

        assertThat(role()).extracting(PlanRole::role, PlanRole::epoch).containsExactly(Role.Unknown, 3L);
    }

    @Test
    void isUnknownWhenTheReportDoesNotChangeForTheDurationOfTheLease() {
        report(Role.Active, NOW, 3L);
        assertThat(role().isActive()).isTrue();

        nanos += LEASE.toNanos() - 1;
        assertThat(role().isActive()).isTrue();
        nanos += 1;
        assertThat(role().isActive()).isFalse();
    }

    @Test
    void countsFromTheChangeOfAReportWhateverTheClockOfTheStoreSays() {
        report(Role.Active, NOW.minus(Duration.ofHours(2)), 3L);
        assertThat(role().isActive()).isFalse();

        report(Role.Active, NOW.minus(Duration.ofHours(2)).plusSeconds(15), 3L);

        assertThat(role().isActive()).isTrue();
    }

    @Test
    void boundsTheTrustInAReportFromTheFuture() {
        report(Role.Active, NOW.plus(Duration.ofHours(2)), 3L);
        assertThat(role().isActive()).isTrue();

        nanos += LEASE.toNanos();

        assertThat(role().isActive()).isFalse();
    }

    /** The guard reports on time, but the watch of the operator lost its events. */
    @Test
    void readsThePlanBeforeItCallsTheRoleUnknown() {
        report(Role.Active, NOW, 3L);
        informers.informer(FailoverPlan.class).run();
        assertThat(role().isActive()).isTrue();
        api.silenceWatches();

        nanos += LEASE.toNanos();
        report(Role.Active, NOW.plus(LEASE), 4L);

        assertThat(role()).extracting(PlanRole::role, PlanRole::epoch).containsExactly(Role.Active, 4L);
    }

    private PlanRole role() {
        return roles.roleOf("shop").orElseThrow();
    }

    private void report(Role role, Instant renewedAt, Long epoch) {
        FailoverPlan plan = api.client()
                .resources(FailoverPlan.class)
                .inNamespace("shop")
                .withName("shop")
                .get();
        plan.setStatus(new FailoverPlanStatus());
        plan.getStatus().role = role;
        plan.getStatus().leaseRenewedAt = renewedAt.toString();
        plan.getStatus().leaseEpoch = epoch;
        api.client().resource(plan).update();
    }

    private static FailoverPlanSpec.Site site(String name) {
        FailoverPlanSpec.Site site = new FailoverPlanSpec.Site();
        site.name = name;
        site.locationRef = new NamedRef("near-" + name);
        return site;
    }
}
