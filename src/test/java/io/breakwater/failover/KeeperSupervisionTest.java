package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.Reason;
import io.breakwater.lease.Lease;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keepers when a process starts, when a plan cannot be opened, when the lease is absent, and when a plan is deleted. */
class KeeperSupervisionTest {
    private static final Duration LONG = Duration.ofMinutes(70);
    private static final Duration LIMIT = Duration.ofSeconds(15);

    @TempDir
    Path directory;

    private TwoSites sites;
    private TwoSites.Cluster east;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory).settled();
        east = sites.east;
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    @Test
    void gatesInTimeAfterARestartWhenThePlanCannotBeOpened() {
        locationIsGone();
        east.ageStatus(LONG);
        east.startProcess();

        east.startupGate.resume(east.plan());

        await().atMost(LIMIT).until(east::gated);
        assertThat(east.status().epoch).isEqualTo(1);
    }

    /** The document still has 30 s, and the other site takes the lease after that time. */
    @Test
    void gatesInTimeAfterARestartWithARaisedDuration() {
        locationIsGone();
        east.edit(spec -> spec.lease.duration = "60m");
        east.ageStatus(LONG.minusMinutes(40));
        east.startProcess();

        east.startupGate.resume(east.plan());

        await().atMost(LIMIT).until(east::gated);
        assertThat(east.status().leaseDuration).isEqualTo("30s");
    }

    @Test
    void startsAMissingKeeperFromTheReconciler() {
        locationIsGone();
        east.ageStatus(LONG);
        east.startProcess();

        east.reconcile();

        assertThat(east.keepers.of("shop/shop")).isPresent();
        assertThat(east.status().role).isEqualTo(Role.Unknown);
        await().atMost(LIMIT).until(east::gated);
    }

    /** The heartbeat needs the Secret with the key of the site; the API server may refuse that for a long time. */
    @Test
    void renewsAfterARestartWhileTheApiServerRefusesTheKeyOfTheSite() {
        east.beats = () -> {
            throw new KubernetesClientException("secrets is forbidden", 403, null);
        };
        east.startProcess();
        Lease before = east.lease();

        east.reconcile();

        assertThat(east.keepers.of("shop/shop")).isPresent();
        await().atMost(LIMIT).until(() -> east.lease().writes() > before.writes());
        assertThat(east.gated()).isFalse();
    }

    @Test
    void writesNoHeartbeatBeforeTheSitesAreRecorded() {
        int[] beats = {0};
        east.startProcess(); // It remembers no heartbeat of another plan.
        east.beats = () -> beats[0]++;
        east.recorded = false;
        east.reconcile();
        assertThat(beats[0]).isZero();

        east.recorded = true;
        east.reconcile();
        assertThat(beats[0]).isEqualTo(1);
    }

    @Test
    void gatesInTimeAfterARestartWhenTheApiServerRefusesARequest() {
        east.opened = () -> {
            throw new KubernetesClientException("backuplocations is forbidden", 403, null);
        };
        east.ageStatus(LONG);
        east.startProcess();

        assertThatThrownBy(east::reconcile).isInstanceOf(KubernetesClientException.class);

        await().atMost(LIMIT).until(east::gated);
    }

    @Test
    void keepsRenewingWhenTheLocationIsDeletedInTheCluster() {
        locationIsGone();
        Lease before = east.lease();

        await().atMost(LIMIT).until(() -> east.lease().writes() > before.writes());

        assertThat(east.gated()).isFalse();
        assertThat(east.keepers.mayRun("shop/shop")).isTrue();
    }

    @Test
    void restartsWithoutGatingWhenTheOldLeaseIsStillItsOwn() {
        sites.silence(LONG);
        east.ageStatus(LONG);
        east.startProcess();

        east.startupGate.resume(east.plan());
        east.reconcile();
        await().atMost(LIMIT).until(() -> east.keepers.mayRun("shop/shop"));
        sites.untilActive(east);

        assertThat(east.graces).isEmpty();
        assertThat(east.runs()).isTrue();
    }

    @Test
    void restartsWithoutGatingWhenTheReconcilerComesFirst() {
        sites.silence(LONG);
        east.startProcess();

        east.reconcile();
        await().atMost(LIMIT).until(() -> east.keepers.mayRun("shop/shop"));
        sites.untilActive(east);

        assertThat(east.graces).isEmpty();
        assertThat(east.runs()).isTrue();
    }

    @Test
    void runsOnWhileTheLeaseIsAbsentForAMoment() {
        sites.loseLease();

        east.reconcile();
        east.reconcile();

        assertThat(east.gated()).isFalse();
        assertThat(east.status().role).isEqualTo(Role.Active);
        assertThat(east.status().condition(Condition.READY).orElseThrow().message)
                .contains("no lease");
    }

    @Test
    void runsOnAfterARestartWhileTheLeaseIsAbsentForAMoment() {
        sites.loseLease();
        east.startProcess();

        east.reconcile();

        assertThat(east.gated()).isFalse();
        assertThat(east.status().role).isEqualTo(Role.Unknown);
    }

    @Test
    void endsPodsWithAGraceOfOneSecondWhenTheOtherSiteHoldsTheLease() {
        east.kill();
        sites.silence(LONG);
        sites.scheduledPoint(east, "p1", LONG);
        sites.west.edit(spec -> {
            spec.activeSite = "west";
            spec.maxDataLoss = "3h";
        });
        sites.untilActive(sites.west);
        east.down = false;
        east.startProcess();

        east.reconcile();

        assertThat(east.graces).containsExactly(Optional.of(Duration.ofSeconds(1)));
    }

    @Test
    void retiresTheLeaseOfADeletedPlanAfterAnOutage() {
        east.store.away = true;
        assertThat(east.remove()).isFalse();
        await().atMost(LIMIT)
                .until(() ->
                        east.keepers.of("shop/shop").orElseThrow().failure().isPresent());
        assertThat(east.remove()).isFalse();
        assertThat(east.keepers.mayRun("shop/shop"))
                .as("the lease is still guarded")
                .isTrue();

        east.store.away = false;
        await().atMost(LIMIT).until(east::remove);

        assertThat(east.lease().state()).isEqualTo(Lease.State.Retired);
        assertThat(east.gated()).isFalse();
        assertThat(east.runs()).isTrue();
    }

    @Test
    void retainsADeletedPlanWhoseRendezvousCannotBeOpened() {
        locationIsGone();
        east.startProcess();

        assertThat(east.remove()).isFalse();
        assertThat(east.keepers.of("shop/shop")).isPresent();
    }

    @Test
    void gatesTheNamespaceOfADeletedPlanWhoseLeaseIsAbandoned() {
        locationIsGone();
        east.startProcess();
        FailoverPlan plan = east.plan();
        plan.getMetadata().setAnnotations(Map.of(PlanRemoval.ABANDON, "1"));
        east.client().resource(plan).update();

        assertThat(east.remove()).isTrue();
        assertThat(east.gated()).isTrue();
        assertThat(east.keepers.of("shop/shop")).isEmpty();
    }

    @Test
    void leavesThePassiveSiteOfADeletedPlanGated() {
        assertThat(sites.west.remove()).isTrue();
        assertThat(sites.west.gated()).isTrue();
        assertThat(east.lease().state()).isEqualTo(Lease.State.Held);
    }

    private void locationIsGone() {
        east.opened = () -> {
            throw BreakwaterException.permanent(Reason.LocationNotFound, "the location was deleted");
        };
    }
}
