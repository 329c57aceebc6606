package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.Reason;
import io.breakwater.lease.LeaseCounter;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two clusters that both say that they are site east. */
class SameSiteNameTest {
    private static final Duration LIMIT = Duration.ofSeconds(15);

    @TempDir
    Path directory;

    private TwoSites sites;
    private TwoSites.Cluster east;
    private TwoSites.Cluster second;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory).settled();
        east = sites.east;
        second = sites.secondEast("c-second");
        second.startPod();
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    /** It remembers the epoch, as after a restore of the first cluster's plans with their status. */
    @Test
    void gatesASecondClusterWithTheNameOfTheHolder() {
        second.remember(east);
        long writes = east.lease().writes();

        for (int i = 0; i < 3; i++) {
            second.reconcile();
            east.reconcile();
        }
        await().atMost(LIMIT).until(() -> east.lease().writes() > writes);

        assertThat(second.gated()).isTrue();
        assertThat(second.store.writes).as("writes of the second cluster").isZero();
        assertThat(second.status().role).isEqualTo(Role.Unknown);
        Condition stalled = second.status().condition(Condition.STALLED).orElseThrow();
        assertThat(stalled.status).isEqualTo("True");
        assertThat(stalled.reason).isEqualTo(Reason.SiteNameTaken.name());
        assertThat(stalled.message).contains("UID c-east", "UID c-second", "another site name", "accept-lease=1.");
        assertThat(east.gated()).isFalse();
        assertThat(east.status().role).isEqualTo(Role.Active);
        assertThat(east.lease().cluster()).isEqualTo("c-east");
    }

    /** Its pods may run already, and no reconciliation has come yet. */
    @Test
    void gatesASecondClusterAtTheStartOfItsGuard() {
        second.remember(east);

        second.startupGate.resume(second.plan());

        await().atMost(LIMIT).until(second::gated);
        assertThat(second.graces.getFirst()).contains(Duration.ofSeconds(1));
        assertThat(second.store.writes).isZero();
    }

    @Test
    void replacesALostClusterOnlyOnceItHasNotRenewedForAWholeLease() {
        east.kill();
        second.annotate(Api.ACCEPT_LEASE, counter());
        second.reconcile();
        second.reconcile();
        assertThat(second.gated()).isTrue();
        assertThat(second.status().condition(Condition.READY).orElseThrow().message)
                .contains("has not renewed the lease for");
        assertThat(east.lease().cluster()).isEqualTo("c-east");

        sites.silence(Duration.ofMinutes(1));
        sites.untilActive(second);
        assertThat(east.lease().cluster()).isEqualTo("c-second");
        assertThat(second.status().acceptedLease).isNotNull();

        east.down = false;
        east.startProcess();
        east.startupGate.resume(east.plan());
        await().atMost(LIMIT).until(east::gated);
        east.reconcile();
        assertThat(east.status().condition(Condition.READY).orElseThrow().reason)
                .isEqualTo(Reason.SiteNameTaken.name());
        assertThat(second.gated()).isFalse();
    }

    @Test
    void ignoresAnAcceptanceWhileTheOtherClusterRenews() {
        second.annotate(Api.ACCEPT_LEASE, counter());
        second.reconcile();
        sites.silence(Duration.ofMinutes(1));
        long writes = east.lease().writes();
        await().atMost(LIMIT).until(() -> east.lease().writes() > writes);

        second.reconcile();

        assertThat(second.gated()).isTrue();
        assertThat(second.store.writes).isZero();
        assertThat(east.lease().cluster()).isEqualTo("c-east");
    }

    private String counter() {
        return new LeaseCounter(east.lease().epoch(), east.lease().writes()).toString();
    }
}
