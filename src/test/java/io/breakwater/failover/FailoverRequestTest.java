package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.FailoverRequestSpec;
import io.breakwater.api.Reason;
import io.breakwater.failover.TwoSites.Cluster;
import io.breakwater.lease.Lease;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** FailoverRequests and attestations, on two sites whose plans keep serving. */
@Tag("slow")
class FailoverRequestTest {
    private static final Duration LONG = Duration.ofHours(1);

    @TempDir
    Path directory;

    private TwoSites sites;
    private Cluster east;
    private Cluster west;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory);
        east = sites.east;
        west = sites.west;
        Consumer<FailoverPlanSpec> serving = spec -> spec.lease.onLoss = OnLoss.KeepServing;
        east.edit(serving);
        west.edit(serving);
        sites.settled();
        sites.until("the lease says KeepServing", () -> east.lease().servesOn());
        sites.until("east has recorded it", () -> east.status().onLoss == OnLoss.KeepServing);
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    @Test
    void keepsServingWithoutTheRendezvousAndReportsTheRisk() {
        east.store.away = true;
        await().atMost(Duration.ofMinutes(2))
                .until(() -> east.keepers.risk("shop/shop").isPresent());

        east.reconcile();

        assertThat(east.gated()).isFalse();
        assertThat(east.status().role).isEqualTo(Role.Active);
        assertThat(east.status().holds(Condition.LEASE_AT_RISK)).isTrue();
        assertThat(east.metrics.scrape())
                .contains("breakwater_failover_lease_at_risk{namespace=\"shop\",plan=\"shop\",} 1.0");
    }

    @Test
    void keepsServingAfterARestartWithoutTheRendezvousIfTheApplicationRanWithoutABreak() {
        east.startPod("db", Instant.now().minusSeconds(3600));
        restartWithoutTheRendezvous();
        await().atMost(Duration.ofMinutes(2)).until(() -> {
            east.beatNode();
            return east.keepers.risk("shop/shop").isPresent();
        });

        assertThat(east.gated()).isFalse();
        assertThat(east.runs()).isTrue();
        assertThat(east.keepers.mayRun("shop/shop")).isTrue();
    }

    @Test
    void gatesAfterARestartOfTheWholeSiteWithoutTheRendezvous() {
        east.startPod("db", Instant.now().plusSeconds(3600));
        restartWithoutTheRendezvous();

        await().atMost(Duration.ofMinutes(2)).until(() -> {
            east.beatNode();
            return east.gated();
        });

        assertThat(east.keepers.mayRun("shop/shop")).isFalse();
    }

    /** The API server shows what ran before the site was off until its nodes report. */
    @Test
    void gatesAfterARestartWhileNoNodeReports() {
        east.startPod("db", Instant.now().minusSeconds(3600));
        east.beatNode();
        restartWithoutTheRendezvous();

        await().atMost(Duration.ofMinutes(2)).until(() -> east.gated());

        assertThat(east.keepers.mayRun("shop/shop")).isFalse();
    }

    @Test
    void gatesAtTheStartIfItHasSeenALaterEpochThanItServed() {
        east.startPod("db", Instant.now().minusSeconds(3600));
        FailoverPlan plan = east.plan();
        plan.getStatus().leaseEpoch = plan.getStatus().epoch + 1;
        east.client().resource(plan).update();

        restartWithoutTheRendezvous();

        assertThat(east.gated()).isTrue();
        assertThat(east.keepers.of("shop/shop")).isEmpty();
    }

    private void restartWithoutTheRendezvous() {
        assertThat(east.status().confirmedAt)
                .as("last renewal by the clock of the guard")
                .isNotNull();
        east.store.away = true;
        east.startProcess();
        east.startupGate.resume(east.plan());
    }

    @Test
    void actsOnceAndSettlesAnEditFromBeforeItsEnd() {
        west.request("move", spec -> {});
        sites.until("west carries it out", () -> west.status().openRequest != null);
        west.edit(spec -> spec.activeSite = "west");
        sites.untilActive(west);
        sites.untilPassive(east);
        sites.until("the request is settled", () -> west.status().settledRequest != null);
        FailoverRequest open = west.request("move");
        open.setStatus(null);

        east.request("back", spec -> {});
        sites.untilActive(east);
        sites.untilPassive(west);
        open.getMetadata().setResourceVersion(null);
        west.client().resource(open).update();
        runs(5);

        assertThat(east.lease().heldBy("east")).as("east has the lease").isTrue();
        assertThat(east.lease().request()).as("request").isNull();
        assertThat(west.status().openRequest).isNull();
        assertThat(west.status().settledActiveSite).isEqualTo("west");
    }

    @Test
    void restoresIntoAVacatedNamespaceByARequest() {
        sites.scheduledPoint(east, "p1", Duration.ofMinutes(1));
        Lease held = east.lease();
        sites.replaceLease(held.vacated());
        east.kill();

        west.request("move", spec -> spec.maxDataLoss = "1h");

        sites.untilActive(west);
        assertThat(west.lease().fence()).isEqualTo(Fence.Vacated);
    }

    @Test
    void takesNoExpiredLeaseOfASiteThatKeepsServing() {
        eastIsLost();
        west.request("move", spec -> spec.maxDataLoss = "3h");

        sites.until("west needs an attestation", () -> isReason(Reason.AttestationNeeded));

        assertThat(west.gated()).isTrue();
        assertThat(west.request("move").isOver()).isFalse();
    }

    @Test
    void takesOverOnceAUserAttestsThatTheSiteIsOff() {
        eastIsLost();
        west.reconcile();
        west.request("move", attested(west.status().leaseCounter));

        sites.untilActive(west);
        sites.until("the request is over", () -> west.request("move").isOver());

        assertThat(west.lease().fence()).isEqualTo(Fence.Attested);
        assertThat(west.request("move").getStatus().holds(Condition.SUCCEEDED)).isTrue();
        assertThat(west.status().settledActiveSite).as("spec.activeSite").isEqualTo("east");
    }

    @Test
    void refusesAnAttestationOfASiteThatRenews() {
        west.reconcile();
        String counter = west.status().leaseCounter;
        long writes = east.lease().writes();
        await().atMost(Duration.ofMinutes(2)).until(() -> east.lease().writes() > writes);
        west.request("move", attested(counter));

        sites.until("the request is over", () -> west.request("move").isOver());

        assertThat(west.request("move").getStatus().failure(Condition.SUCCEEDED).orElseThrow().reason)
                .isEqualTo(Reason.AttestationContradicted.name());
        assertThat(east.lease().heldBy("east")).isTrue();
        assertThat(east.gated()).isFalse();
    }

    @Test
    void failsOverAgainstALoopThatRestoresTheOldSite() {
        west.request("move", spec -> {});

        sites.until("west is active", () -> {
            west.edit(spec -> spec.activeSite = west.plan().getSpec().activeSite.equals("east") ? "west" : "east");
            west.edit(spec -> spec.activeSite = "east");
            return west.status().role == Role.Active && !west.gated();
        });
        sites.untilPassive(east);
        sites.until("the request is over", () -> west.request("move").isOver());

        assertThat(west.request("move").getStatus().holds(Condition.SUCCEEDED)).isTrue();
        assertThat(west.lease().fence()).isEqualTo(Fence.Graceful);
        for (int i = 0; i < 5; i++) {
            west.edit(spec -> spec.activeSite = "east");
            west.reconcile();
            east.reconcile();
        }
        assertThat(west.lease().heldBy("west")).as("what it moved stays moved").isTrue();
    }

    /** A person sets the field as the documentation of a planned failover says, and the loop restores it two seconds later. */
    private static void fightOver(Cluster c) {
        c.inGit = OnLoss.KeepServing;
        c.loops = () -> {
            c.applyManifest();
            c.reconcile();
            c.edit(spec -> spec.activeSite = "west");
            c.reconcile();
            c.applyManifest();
        };
    }

    @Test
    void failsOverAsPlannedWhileALoopAppliesTheOldManifestAtEachStep() {
        east.inGit = OnLoss.KeepServing;
        east.loops = east::applyManifest;
        west.request("move", spec -> {});
        fightOver(west);

        sites.untilActive(west);
        sites.untilPassive(east);
        sites.until("the request is over", () -> west.request("move").isOver());

        assertThat(west.request("move").getStatus().holds(Condition.SUCCEEDED)).isTrue();
        assertThat(west.lease().fence()).isEqualTo(Fence.Graceful);
        assertThat(west.lease().epoch()).isEqualTo(2);
        staysOn(west);
    }

    @Test
    void failsOverInAnEmergencyWhileALoopAppliesTheOldManifestAtEachStep() {
        eastIsLost();
        west.reconcile();
        String counter = west.status().leaseCounter;
        fightOver(west);
        runs(3);
        west.request("move", attested(counter));

        sites.untilActive(west);
        sites.until("the request is over", () -> west.request("move").isOver());

        assertThat(west.request("move").getStatus().holds(Condition.SUCCEEDED)).isTrue();
        assertThat(west.lease().fence()).isEqualTo(Fence.Attested);
        east.inGit = OnLoss.KeepServing;
        east.loops = east::applyManifest;
        east.down = false;
        east.startProcess();
        sites.untilPassive(east);
        staysOn(west);
    }

    private void runs(int rounds) {
        int[] done = {0};
        sites.until(rounds + " rounds", () -> done[0]++ == rounds);
    }

    private void staysOn(Cluster c) {
        long epoch = c.lease().epoch();
        runs(10);
        assertThat(c.lease().heldBy(c.site)).as("what it moved stays moved").isTrue();
        assertThat(c.lease().epoch()).isEqualTo(epoch);
        assertThat(c.gated()).isFalse();
    }

    @Test
    void keepsTheRunOfAnEditWhateverElseIsEdited() {
        east.down = true;
        west.edit(spec -> spec.activeSite = "west");
        sites.until("west asks", () -> west.lease().requestedBy("west"));
        String run = west.status().run.id;
        String asked = west.lease().request().id();

        west.edit(spec -> spec.maxDataLoss = "1m");
        west.reconcile();
        west.edit(spec -> spec.handOver = new FailoverPlanSpec.HandOver());
        west.reconcile();
        east.locationProblems.put("near-west", "is away");
        east.down = false;
        sites.until("east refuses", () -> west.lease().outcome() != null);
        west.edit(spec -> spec.maxDataLoss = "2m");
        sites.until("west has ended the run", () -> isReason(Reason.RolledBack));
        east.locationProblems.clear();
        runs(5);

        assertThat(west.status().run.id).isEqualTo(run).isEqualTo(asked);
        assertThat(west.lease().outcome().id()).isEqualTo(run);
        assertThat(west.lease().request()).as("request").isNull();
        assertThat(west.lease().heldBy("east")).isTrue();
    }

    @Test
    void startsAnotherRunForTheNextEditOfTheField() {
        east.locationProblems.put("near-west", "is away");
        west.edit(spec -> spec.activeSite = "west");
        sites.until("west has ended the run", () -> isReason(Reason.RolledBack));
        String run = west.status().run.id;
        east.locationProblems.clear();
        west.edit(spec -> spec.activeSite = "east");
        sites.until(
                "west has accepted it", () -> west.status().settledActiveSite.equals("east"));

        west.edit(spec -> spec.activeSite = "west");

        sites.untilActive(west);
        assertThat(west.status().run.id).isNotEqualTo(run);
    }

    @Test
    void withdrawsADeletedRequest() {
        east.down = true;
        west.request("move", spec -> {});
        sites.until("west asks", () -> west.lease().requestedBy("west"));

        west.client().resource(west.request("move")).delete();

        sites.until("west withdraws", () -> !west.lease().requestedBy("west"));
        assertThat(west.status().role).isEqualTo(Role.Passive);
    }

    private boolean isReason(Reason reason) {
        return west.status()
                .condition(Condition.READY)
                .filter(ready -> ready.reason.equals(reason.name()))
                .isPresent();
    }

    private void eastIsLost() {
        east.kill();
        sites.silence(LONG);
        sites.scheduledPoint(east, "p1", LONG);
    }

    private static Consumer<FailoverRequestSpec> attested(String counter) {
        return spec -> {
            spec.maxDataLoss = "3h";
            spec.attestation = new FailoverRequestSpec.Attestation();
            spec.attestation.siteOff = "east";
            spec.attestation.lease = counter;
        };
    }
}
