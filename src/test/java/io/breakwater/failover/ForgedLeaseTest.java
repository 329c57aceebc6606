package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.Reason;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseCounter;
import io.breakwater.lease.PointRef;
import io.fabric8.kubernetes.api.model.Event;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Leases of someone who can write to the rendezvous, but has no master key. */
class ForgedLeaseTest {
    private static final Duration LIMIT = Duration.ofSeconds(25);
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final PointRef OLD = new PointRef("east/shop/old", "d0", Instant.parse("2026-01-01T10:00:00Z"));

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
    void aForgedLeaseOfTheOtherSiteGatesNothing() {
        sites.forgeLease(east.lease().acquired("west", Fence.Expired, LEASE, OLD));

        reconcileBoth();

        assertThat(east.gated()).isFalse();
        assertThat(east.status().role).isEqualTo(Role.Active);
        assertThat(east.status().epoch).isEqualTo(1);
        assertThat(sites.west.gated()).as("no takeover either").isTrue();
        assertThat(sites.west.status().epoch).isEqualTo(1);
        assertThat(ready(east).reason).isEqualTo(Reason.Tampered.name());
        assertThat(ready(east).message).contains("breakwater/plans/shop/shop/lease.json");
        assertThat(reasons(east)).contains(Reason.Tampered.name());
    }

    /** The start of a lease is a point that the site restores, with onConflict Replace. */
    @Test
    void aForgedLeaseOfThisSiteRestoresNothing() {
        Lease taken =
                east.lease().acquired("west", Fence.Graceful, LEASE, OLD).acquired("east", Fence.Graceful, LEASE, OLD);
        sites.forgeLease(taken);

        reconcileBoth();

        assertThat(east.restores()).isEmpty();
        assertThat(sites.west.restores()).isEmpty();
        assertThat(east.gated()).isFalse();
    }

    @Test
    void continuesWhenTheRealLeaseIsPutBack() {
        byte[] real = sites.storedLease();
        sites.forgeLease(east.lease().acquired("west", Fence.Expired, LEASE, OLD));
        reconcileBoth();

        sites.replayLease(real);
        sites.untilActive(east);
        sites.untilPassive(sites.west);

        assertThat(east.graces).isEmpty();
    }

    @Test
    void refusesAnEarlierLeaseUntilAnAdministratorNamesItsCounter() {
        byte[] old = sites.storedLease();
        LeaseCounter counter =
                new LeaseCounter(east.lease().epoch(), east.lease().writes());
        await().atMost(LIMIT).until(() -> east.lease().writes() > counter.writes());
        reconcileBoth();
        sites.replayLease(old);

        reconcileBoth();

        assertThat(ready(east).reason).isEqualTo(Reason.WentBack.name());
        assertThat(ready(east).message).contains("accept-lease=" + counter);
        assertThat(reasons(sites.west)).contains(Reason.WentBack.name());
        assertThat(east.gated()).isFalse();

        accept(east, counter.toString());
        accept(sites.west, counter.toString());
        sites.untilActive(east);
        sites.untilPassive(sites.west);
        assertThat(east.status().acceptedLease).isEqualTo(counter.toString());
        assertThat(east.graces).isEmpty();
    }

    /** The status has what an earlier process saw. */
    @Test
    void refusesAnEarlierLeaseAfterARestart() {
        byte[] old = sites.storedLease();
        long writes = east.lease().writes();
        await().atMost(LIMIT).until(() -> east.lease().writes() > writes);
        reconcileBoth();
        sites.west.kill();
        sites.west.down = false;
        sites.replayLease(old);
        sites.west.startProcess();

        sites.west.reconcile();

        assertThat(ready(sites.west).reason).isEqualTo(Reason.WentBack.name());
    }

    /** Someone restored the location of another installation, in which the plan has the same name. */
    @Test
    void refusesALeaseOfAnotherIdentityAlsoAfterARestart() {
        assertThat(east.status().leaseId).isNotBlank().isEqualTo(sites.west.status().leaseId);
        sites.replaceLease(east.lease().identified("another").acquired("west", Fence.Expired, LEASE, OLD));

        reconcileBoth();
        sites.west.startProcess();
        reconcileBoth();

        assertThat(ready(east).reason).isEqualTo(Reason.WentBack.name());
        assertThat(ready(east).message).contains("it is another lease, with id another and counter 2.");
        assertThat(ready(sites.west).reason).isEqualTo(Reason.WentBack.name());
        assertThat(east.gated()).isFalse();
        assertThat(sites.west.gated()).isTrue();
        assertThat(sites.west.restores()).isEmpty();
        assertThat(east.status().epoch).isEqualTo(1);
    }

    @Test
    void continuesWithALeaseOfAnotherIdentityThatAnAdministratorAccepts() {
        sites.replaceLease(east.lease().identified("another"));
        reconcileBoth();
        LeaseCounter counter =
                new LeaseCounter(east.lease().epoch(), east.lease().writes());
        assertThat(ready(east).message).contains("accept-lease=" + counter);

        accept(east, counter.toString());
        accept(sites.west, counter.toString());
        sites.untilActive(east);
        sites.untilPassive(sites.west);
        sites.west.startProcess();
        sites.untilPassive(sites.west);

        assertThat(east.status().leaseId).isEqualTo("another").isEqualTo(sites.west.status().leaseId);
        assertThat(east.graces).isEmpty();
    }

    @Test
    void reportsThatANewClusterHasNoRecordOfTheLease() {
        assertThat(reasons(sites.west)).contains(Reason.FirstSeen.name());
    }

    private void reconcileBoth() {
        for (int i = 0; i < 3; i++) {
            east.reconcile();
            sites.west.reconcile();
        }
    }

    private static Condition ready(TwoSites.Cluster cluster) {
        return cluster.status().condition(Condition.READY).orElseThrow();
    }

    private static List<String> reasons(TwoSites.Cluster cluster) {
        return cluster.client().v1().events().inNamespace(TwoSites.NS).list().getItems().stream()
                .map(Event::getReason)
                .toList();
    }

    private static void accept(TwoSites.Cluster cluster, String counter) {
        FailoverPlan plan = cluster.plan();
        plan.getMetadata().setAnnotations(Map.of(Api.ACCEPT_LEASE, counter));
        cluster.client().resource(plan).update();
    }
}
