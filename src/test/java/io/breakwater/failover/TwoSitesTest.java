package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.FailoverPlanStatus.Kind;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestoreSpec;
import io.breakwater.lease.Lease;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.RecordedAudit;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TwoSitesTest {
    private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);

    @TempDir
    Path directory;

    private TwoSites sites;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory);
    }

    @Test
    void asksForNothingByAnEarlierSpec() {
        sites.settled();
        sites.west.edit(spec -> spec.activeSite = "west");
        FailoverPlan earlier = sites.west.plan();
        sites.west.edit(spec -> spec.activeSite = "east");

        sites.west.reconcile(earlier);
        assertThat(sites.west.lease().request()).isNull();

        sites.west.edit(spec -> spec.activeSite = "west");
        sites.west.reconcile(sites.west.plan());
        assertThat(sites.west.lease().request()).isNotNull();
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    @Test
    void activatesTheSiteOfThePlanWithoutStoppingItsPods() {
        sites.settled();

        assertThat(sites.east.runs()).isTrue();
        assertThat(sites.east.status().epoch).isEqualTo(1);
        assertThat(sites.west.gated()).isTrue();
        assertThat(sites.west.roles.roleOf(TwoSites.NS).orElseThrow().isActive())
                .isFalse();
        assertThat(sites.east.roles.roleOf(TwoSites.NS).orElseThrow())
                .extracting(PlanRole::role, PlanRole::epoch)
                .containsExactly(Role.Active, 1L);
    }

    /** A lease that names an older point, with valid signatures: the site would replace its volumes with older data. */
    @Test
    void refusesAHandedOverPointThatIsNotTheNewestOfItsEpoch() {
        sites.settled();
        sites.scheduledPoint(sites.east, "late", Duration.ofHours(-1));

        sites.west.edit(s -> s.activeSite = "west");
        sites.until("west refuses", () -> reasonOfWest().equals(Reason.DataLossTooHigh.name()));

        assertThat(sites.west.restores()).isEmpty();
        assertThat(sites.west.gated()).isTrue();
        assertThat(sites.west.status().condition(Condition.READY).orElseThrow().message)
                .contains("east/shop/shop-e1-final", "east/shop/late", "set spec.activeSite to east");

        sites.east.edit(s -> s.activeSite = "west");
        sites.until("east has settled", () -> "west".equals(sites.east.status().settledActiveSite));
        sites.east.edit(s -> s.activeSite = "east");
        sites.untilActive(sites.east);
        assertThat(sites.east.lease().epoch())
                .as("epoch of an offer that was taken back")
                .isEqualTo(1);
        assertThat(sites.west.restores()).isEmpty();
    }

    private Condition readyOfWest() {
        return sites.west.status().condition(Condition.READY).orElseThrow();
    }

    private String reasonOfWest() {
        return sites.west.status().condition(Condition.READY).map(c -> c.reason).orElse("");
    }

    @Test
    void aPlannedFailoverMovesThePlanWithoutLoss() {
        sites.settled();

        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);
        sites.untilPassive(sites.east);

        assertThat(sites.east.runs()).isFalse();
        assertThat(sites.east.status().run)
                .extracting(r -> r.state, r -> r.message)
                .containsExactly(State.Done, "handed over to site west");
        assertThat(sites.west.lease())
                .extracting(Lease::epoch, Lease::holder, Lease::fence)
                .containsExactly(2L, "west", Fence.Graceful);
        assertThat(sites.west.status().run)
                .extracting(r -> r.kind, r -> r.state, r -> r.dataLoss, r -> r.point)
                .containsExactly(Kind.Planned, State.Done, "0s", "east/shop/shop-e1-final");
        assertThat(sites.west.restores())
                .extracting(
                        r -> r.getMetadata().getName(),
                        r -> r.getSpec().restorePointRef.name,
                        r -> r.getSpec().onConflict)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(
                        "shop-e2", "east-shop-e1-final", RestoreSpec.OnConflict.Replace));
        assertThat(sites.journal())
                .containsExactly(
                        "2/001-Request.json",
                        "2/002-Honour.json",
                        "2/003-GatePods.json",
                        "2/004-FinalPoint.json",
                        "2/005-Offer.json",
                        "2/006-AwaitPoint.json",
                        "2/007-Restore.json",
                        "2/008-Acquire.json",
                        "2/009-Tidy.json",
                        "2/010-Serve.json",
                        "2/011-Open.json",
                        "2/012-AwaitReady.json");
    }

    /** The webhook of an object runs in the pods that the plan holds, so the Restore cannot end before they are released. */
    @Test
    void releasesPodsForDeferredObjectsAndWaitsForTheRestore() {
        sites.settled();
        sites.west.defersObjects = true;

        sites.west.edit(s -> s.activeSite = "west");
        sites.until(
                "west waits for the Restore",
                () -> sites.west.status().journal.stream()
                        .anyMatch(e -> "Restore shop-e2: Retry: 1 objects".equals(e.message)));
        assertThat(sites.west.gated()).isFalse();

        Restore restore = sites.west.restores().getFirst();
        restore.getStatus().deferred = null;
        Conditions.of(restore.getStatus(), 1L, Clock.systemUTC()).succeeded(Reason.Completed, "done");
        sites.west.client().resource(restore).update();
        sites.untilActive(sites.west);
        sites.until("the run ends", () -> sites.west.status().run.state == State.Done);
    }

    /** A user of the namespace has guessed the name of the plan's Restore. */
    @Test
    void startsOnNoRestoreOfAnotherUser() {
        sites.settled();
        Restore foreign = new Restore();
        foreign.getMetadata().setNamespace(TwoSites.NS);
        foreign.getMetadata().setName("shop-e2");
        foreign.setSpec(new RestoreSpec());
        foreign.getSpec().restorePointRef = new NamedRef("east-shop-e1-final");
        foreign.getSpec().dryRun = true;
        sites.west.client().resource(foreign).create();

        sites.west.edit(s -> s.activeSite = "west");
        sites.until(
                "west reports the Restore",
                () -> sites.west.status().journal.stream()
                        .anyMatch(e -> e.message != null && e.message.contains("Restore shop-e2 is not one of")));
        assertThat(sites.west.gated()).isTrue();

        sites.west.client().resource(foreign).delete();
        sites.untilActive(sites.west);
        assertThat(sites.west.restores())
                .singleElement()
                .satisfies(r -> assertThat(r.getMetadata().getOwnerReferences()).hasSize(1));
    }

    @Test
    void failsBackByAPlannedFailover() {
        sites.settled();
        sites.west.edit(s -> s.activeSite = "west");
        sites.east.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);
        sites.untilPassive(sites.east);

        sites.west.edit(s -> s.activeSite = "east");
        sites.east.edit(s -> s.activeSite = "east");
        sites.untilActive(sites.east);
        sites.untilPassive(sites.west);

        assertThat(sites.east.lease().epoch()).isEqualTo(3);
        assertThat(sites.east.pointNames()).doesNotContain("shop-e1-divergent", "shop-e2-divergent");
    }

    @Test
    void createsANewFinalPointAfterARollback() {
        sites.settled();
        sites.east.copies = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("east waits for the copy", () -> sites.east.pointNames().contains("shop-e1-final"));

        sites.west.edit(s -> s.activeSite = "east");
        sites.untilActive(sites.east);
        sites.east.copies = true;
        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);

        assertThat(sites.west.lease().start().point())
                .as("a point that was captured after the application had run again")
                .isEqualTo("east/shop/shop-e1-final-2");
    }

    /** The copy to the new site fails for good, and no user looks. */
    @Test
    void servesAgainWhenAHandOverPassesItsDeadline() {
        sites.settled();
        sites.east.copies = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("east waits for the copy", () -> sites.east.pointNames().contains("shop-e1-final"));
        assertThat(sites.east.gated()).isTrue();
        sites.east.passDeadline();
        sites.east.startProcess();

        sites.untilActive(sites.east);
        sites.until("west has settled", () -> sites.west.status().run.state == State.Failed);

        assertThat(sites.east.lease()).extracting(Lease::epoch, Lease::holder).containsExactly(1L, "east");
        assertThat(sites.east.status().run.message)
                .contains("spec.handOver.timeout (10m)", "copied to location near-west");
        assertThat(sites.west.status().run.message)
                .isEqualTo(sites.east.lease().outcome().message());
        assertThat(sites.west.gated()).isTrue();
    }

    /** The new site never finishes its Restore, and no user looks. */
    @Test
    void takesAnOfferBackThatTheOtherSiteDoesNotTake() {
        sites.settled();
        sites.west.restores = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("west restores", () -> !sites.west.restores().isEmpty());
        assertThat(sites.east.lease().state()).isEqualTo(Lease.State.Offered);
        assertThat(sites.east.gated()).isTrue();
        sites.east.startProcess();
        sites.west.startProcess();
        sites.east.passDeadline();

        sites.untilActive(sites.east);
        sites.until("west has settled", () -> sites.west.status().run.state == State.Failed);
        assertThat(sites.east.lease()).extracting(Lease::epoch, Lease::holder).containsExactly(1L, "east");
        assertThat(sites.west.gated()).isTrue();

        sites.west.restores = true;
        sites.west.edit(s -> s.activeSite = "east");
        sites.until("west has settled", () -> "east".equals(sites.west.status().settledActiveSite));
        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);
        assertThat(sites.west.lease().start().point()).isEqualTo("east/shop/shop-e1-final-2");
        assertThat(sites.west.restores())
                .extracting(r -> r.getSpec().restorePointRef.name)
                .containsExactly("east-shop-e1-final-2");
    }

    @Test
    void replacesTheRestoreOfACancelledHandOver() {
        cancelWhileRestoring();

        askWestAgain("0s");
        sites.untilActive(sites.west);

        assertThat(sites.west.lease().start().point()).isEqualTo("east/shop/shop-e1-final-2");
        assertThat(restoredPoints()).containsExactly("east-shop-e1-final-2");
    }

    @Test
    void replacesTheRestoreOfACancelledHandOverAfterAnUnplannedTake() {
        cancelWhileRestoring();
        sites.scheduledPoint(sites.east, "p2", Duration.ZERO);
        sites.east.kill();
        sites.silence(FIVE_MINUTES);

        askWestAgain("10m");
        sites.untilActive(sites.west);

        assertThat(sites.west.lease().start().point()).isEqualTo("east/shop/p2");
        assertThat(restoredPoints()).containsExactly("east-p2");
    }

    /** The cause of a failure is removed, and the same point is offered again. */
    @Test
    void replacesTheFailedRestoreOfAnEarlierTry() {
        takeToWestWithoutServing();
        sites.east.refuses = "claim data has room for 16Mi";
        sites.east.down = false;
        sites.east.startProcess();
        sites.until("east follows", () -> sites.east.status().role == Role.Passive);
        sites.east.edit(spec -> spec.maxDataLoss = "1h");
        askEastAgain();
        sites.until("east fails", () -> sites.east.status().run.state == State.Failed);

        sites.east.refuses = null;
        askEastAgain();
        sites.untilActive(sites.east);

        assertThat(sites.east.lease().start().point()).isEqualTo("east/shop/p1");
    }

    /** What west started from was not the last data of east, and it has not served, so there is nothing to compare. */
    @Test
    void takesBackALeaseThatTheOtherSiteCouldNotUseAlthoughItHasANewerPoint() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(60));
        sites.east.copies = false;
        sites.scheduledPoint(sites.east, "p2", FIVE_MINUTES);
        sites.east.copies = true;
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        sites.west.restores = false;
        failOverToWest("10m");
        sites.until("west restores", () -> !sites.west.restores().isEmpty());

        sites.east.down = false;
        sites.east.startProcess();
        sites.until("east follows", () -> sites.east.status().role == Role.Passive);
        sites.east.edit(spec -> spec.maxDataLoss = "1h");
        askEastAgain();
        sites.untilActive(sites.east);

        assertThat(sites.east.lease()).extracting(Lease::epoch, Lease::holder).containsExactly(3L, "east");
        assertThat(sites.east.pointNames()).contains("p2", "shop-e1-divergent");
    }

    /** A step that is done for one point is not done for another one. */
    @Test
    void restoresWhatTheJournalRecordsForAnotherPoint() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(60));
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        sites.west.restores = false;
        failOverToWest("10m");
        sites.until("west restores", () -> !sites.west.restores().isEmpty());
        FailoverPlan plan = sites.west.plan();
        plan.getStatus().journal.stream()
                .filter(entry -> entry.step.equals(FailoverStep.Restore.name()))
                .forEach(entry -> entry.state = State.Done);
        plan.getStatus().run.digest = "digest of east/another";
        sites.west.client().resource(plan).update();

        sites.west.reconcile();
        sites.west.reconcile();

        assertThat(sites.west.gated()).as("nothing is restored").isTrue();
        assertThat(sites.west.lease().state()).isEqualTo(Lease.State.Taken);
        sites.west.restores = true;
        sites.untilActive(sites.west);
    }

    /** East serves again, and the Restore of west continues. */
    private void cancelWhileRestoring() {
        sites.settled();
        sites.west.restores = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("west restores", () -> !sites.west.restores().isEmpty());
        SimulatedControllers.start(sites.west, sites.west.restores().getFirst());
        sites.east.passDeadline();
        sites.untilActive(sites.east);
        sites.until("west has settled", () -> sites.west.status().run.state == State.Failed);
        sites.west.restores = true;
    }

    private void askWestAgain(String maxDataLoss) {
        sites.west.edit(s -> s.activeSite = "east");
        sites.until("west has settled", () -> "east".equals(sites.west.status().settledActiveSite));
        failOverToWest(maxDataLoss);
    }

    private void askEastAgain() {
        sites.east.edit(s -> s.activeSite = "west");
        sites.until("east has settled", () -> "west".equals(sites.east.status().settledActiveSite));
        sites.east.edit(s -> s.activeSite = "east");
        sites.until(
                "east asks",
                () -> sites.east.status().run != null
                        && sites.east
                                .status()
                                .run
                                .id
                                .contains("-" + sites.east.plan().getMetadata().getGeneration() + "-"));
    }

    private List<String> restoredPoints() {
        return sites.west.restores().stream()
                .map(r -> r.getSpec().restorePointRef.name)
                .toList();
    }

    /** The new site cannot restore the point, for example since its claim is smaller than the data. */
    @Test
    void servesAgainAtOnceWhenTheOtherSiteCannotRestore() {
        sites.settled();
        sites.west.refuses = "claim data has room for 16Mi";
        sites.west.edit(s -> s.activeSite = "west");

        sites.until(
                "west has settled",
                () -> sites.west.status().run != null && sites.west.status().run.state == State.Failed);
        sites.untilActive(sites.east);

        assertThat(sites.east.status().run.message).contains("claim data has room for 16Mi");
        assertThat(sites.east.lease()).extracting(Lease::epoch, Lease::state).containsExactly(1L, Lease.State.Held);
        assertThat(sites.west.gated()).isTrue();
    }

    @Test
    void refusesAHandOverWhileTheLocationOfTheNewSiteIsNotReady() {
        sites.settled();
        sites.east.locationProblems.put("near-west", "BackupLocation near-west is not ready: 403");

        assertThat(refusal()).contains("cannot be copied to site west", "403");
        assertThat(sites.east.pointNames()).doesNotContain("shop-e1-final");
    }

    @Test
    void refusesAHandOverWhileARestoreHoldsTheGate() {
        sites.settled();
        sites.east.gate.close(TwoSites.NS, "restore/shop.undo");

        assertThat(refusal()).contains("closed for restore/shop.undo");
    }

    @Test
    void refusesAHandOverWhileAPodIsOnANodeThatDoesNotAnswer() {
        sites.settled();
        sites.east.loseNode();

        assertThat(refusal()).contains("pod stuck is on node n1, which does not answer");
        assertThat(sites.east.runs()).isTrue();
    }

    /** The message with which east refuses to hand over, and continues to serve. */
    private String refusal() {
        sites.west.edit(s -> s.activeSite = "west");
        sites.until(
                "east refuses",
                () -> sites.west.status().condition(Condition.READY).stream()
                        .anyMatch(c -> c.reason.equals(Reason.RolledBack.name())));
        assertThat(sites.east.status().role).isEqualTo(Role.Active);
        assertThat(sites.east.gated()).isFalse();
        return sites.west.status().condition(Condition.READY).orElseThrow().message;
    }

    @Test
    void asksForNothingWhileItsOwnLocationIsNotReady() {
        sites.settled();
        sites.west.locationProblems.put("near-west", "BackupLocation near-west is not ready: 403");
        sites.west.edit(s -> s.activeSite = "west");

        sites.until("west reports its location", () -> reasonOfWest().equals(Reason.LocationNotReady.name()));
        assertThat(sites.west.lease().request()).isNull();

        sites.west.locationProblems.clear();
        sites.untilActive(sites.west);
    }

    @Test
    void withdrawsTheRequestOfAPlanThatIsDeleted() {
        sites.settled();
        sites.east.copies = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("east waits for the copy", () -> sites.east.pointNames().contains("shop-e1-final"));

        sites.until("the plan is removed", sites.west::remove);
        sites.west.down = true;
        sites.untilActive(sites.east);

        assertThat(sites.west.gated()).isTrue();
        assertThat(sites.east.lease()).extracting(Lease::epoch, Lease::state).containsExactly(1L, Lease.State.Held);
    }

    /** Nobody else could take the offer back, and it would start the other site at any later time. */
    @Test
    void takesItsOfferBackWhenThePlanIsDeleted() {
        sites.settled();
        sites.west.restores = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("east offers", () -> sites.east.lease().state() == Lease.State.Offered);

        sites.east.down = true;
        sites.until("the plan is removed", sites.east::remove);
        sites.west.restores = true;
        sites.west.reconcile();
        sites.west.reconcile();

        assertThat(sites.east.gated()).isFalse();
        assertThat(sites.east.lease())
                .extracting(Lease::epoch, Lease::holder, Lease::state)
                .containsExactly(1L, "east", Lease.State.Retired);
        assertThat(sites.west.gated()).isTrue();
    }

    @Test
    void givesTheLeaseBackWhenThePlanIsDeletedBeforeTheSiteHasServed() {
        takeToWestWithoutServing();

        sites.until("the plan is removed", sites.west::remove);

        assertThat(sites.west.gated()).isTrue();
        assertThat(sites.west.lease().state()).isNotEqualTo(Lease.State.Retired);
        assertThat(sites.west.lease().heldBy("west")).isFalse();
        assertThat(sites.west.lease().proof().point()).isEqualTo("east/shop/p1");
    }

    @Test
    void handsOverWhatItCouldNotRestore() {
        takeToWestWithoutServing();

        sites.east.down = false;
        sites.east.startProcess();
        sites.until("east follows", () -> sites.east.status().role == Role.Passive);
        sites.east.edit(s -> s.activeSite = "west");
        sites.east.reconcile();
        sites.east.edit(s -> s.activeSite = "east");
        sites.until(
                "east refuses the loss",
                () -> sites.east.status().condition(Condition.STALLED).stream()
                        .anyMatch(c -> c.reason.equals(Reason.DataLossTooHigh.name())));
        assertThat(sites.east.lease().holder()).isEqualTo("west");
        sites.east.edit(s -> s.maxDataLoss = "1h");
        sites.untilActive(sites.east);

        assertThat(sites.west.gated()).isTrue();
        assertThat(Durations.parse(sites.east.status().run.dataLoss))
                .as("east served for at least a minute after the point that comes back to it")
                .isGreaterThanOrEqualTo(Duration.ofSeconds(60));
    }

    /** Both sites fail to restore, one after the other, and no user looks. */
    @Test
    void takesAnOfferBackThatItMadeBeforeItHasServed() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(60));
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        sites.west.restores = false;
        failOverToWest("10m");
        sites.until("west restores", () -> !sites.west.restores().isEmpty());
        String run = sites.west.status().run.id;
        sites.east.restores = false;
        sites.east.down = false;
        sites.east.startProcess();
        sites.until("east follows", () -> sites.east.status().role == Role.Passive);
        sites.east.edit(s -> s.activeSite = "west");
        sites.east.reconcile();
        sites.east.edit(s -> s.activeSite = "east");
        sites.until("west offers the lease", () -> sites.west.lease().state() == Lease.State.Offered);
        assertThat(sites.west.lease().holder()).isEqualTo("west");

        sites.west.passDeadline();
        sites.until("west takes it back", () -> sites.west.lease().state() == Lease.State.Taken);
        sites.west.restores = true;
        sites.untilActive(sites.west);

        assertThat(sites.west.lease()).extracting(Lease::epoch, Lease::holder).containsExactly(2L, "west");
        assertThat(sites.west.status().run.id).isEqualTo(run);
        assertThat(sites.west.status().run.state).isEqualTo(State.Done);
        assertThat(sites.east.gated()).isTrue();
    }

    @Test
    void reportsAGateThatAnotherHolderKeepsClosed() {
        sites.settled();
        sites.east.gate.close(TwoSites.NS, "restore/shop.undo");
        sites.east.reconcile();

        assertThat(sites.east.status().role).isEqualTo(Role.Active);
        assertThat(sites.east.status().condition(Condition.READY).orElseThrow())
                .extracting(c -> c.status, c -> c.reason)
                .containsExactly("False", Reason.WorkloadsNotReady.name());
        assertThat(sites.east.status().condition(Condition.READY).orElseThrow().message)
                .contains("restore/shop.undo");
    }

    /** Until the lease is overdue, nothing shows whether the holder is alive. */
    @Test
    void doesNotReportAHandOverThatHasNotStarted() {
        sites.settled();
        sites.east.kill();
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("west waits", () -> sites.west.status().run != null && sites.west.status().run.message != null);

        assertThat(sites.west.status().run.message).startsWith("asked site east to hand over; it has not started yet");
    }

    /** A user who may create RestorePoints knows the name and the annotation of the next final point in advance. */
    @Test
    void handsOverNoPointThatAnotherUserCreated() {
        sites.settled();
        sites.east.copies = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("east waits for the copy", () -> sites.east.pointNames().contains("shop-e1-final"));
        RestorePoint foreign = sites.east.points().getFirst();
        foreign.getSpec().trigger = RestorePointSpec.Trigger.Manual;
        sites.east.client().resource(foreign).update();
        sites.east.copies = true;
        sites.untilActive(sites.west);

        assertThat(sites.west.lease().start().point()).isEqualTo("east/shop/shop-e1-final-2");
    }

    @Test
    void takesNoLeaseThatIsStillValid() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", Duration.ofSeconds(5));
        sites.east.kill();
        sites.silence(Duration.ofSeconds(16));
        failOverToWest("10m");
        sites.until("west asks", () -> sites.west.lease().request() != null);

        assertWestDoesNotTakeTheLease();
    }

    private void assertWestDoesNotTakeTheLease() {
        for (int i = 0; i < 3; i++) {
            sites.west.reconcile();
        }

        assertThat(sites.west.lease()).extracting(Lease::epoch, Lease::holder).containsExactly(1L, "east");
        assertThat(sites.west.gated()).isTrue();
    }

    /** The keeper of east renews all the time. The store claims that minutes have passed since then. */
    @Test
    void takesNoLeaseBecauseTheClockOfTheStoreJumps() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", Duration.ofSeconds(5));
        sites.jumpClock(FIVE_MINUTES);

        failOverToWest("1h");
        assertWestDoesNotTakeTheLease();
    }

    /** A process that has just started does not know for how long the holder was silent. */
    @Test
    void watchesForAWholeLeaseAfterARestartBeforeItTakesTheLease() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(60));
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        sites.west.startProcess();
        failOverToWest("10m");
        sites.west.reconcile();
        sites.west.reconcile();
        assertThat(sites.west.lease().epoch()).isEqualTo(1);

        sites.silence(Duration.ofSeconds(20));
        sites.west.reconcile();
        assertThat(sites.west.lease().epoch()).isEqualTo(1);
        assertThat(readyOfWest().message)
                .startsWith("site east does not renew its lease; unless it does, this site can");

        sites.silence(Duration.ofSeconds(13));
        sites.untilActive(sites.west);
        assertThat(sites.west.lease().fence()).isEqualTo(Fence.Expired);
    }

    @Test
    void reportsTheDataLossOfAnUnplannedFailover() {
        unplanned("2m");

        assertThat(sites.west.lease().fence()).isEqualTo(Fence.Expired);
        assertThat(sites.west.status().run.kind).isEqualTo(Kind.Unplanned);
        assertThat(Durations.parse(sites.west.status().run.dataLoss))
                .as("from the point to the end of the lease")
                .isBetween(Duration.ofSeconds(60), Duration.ofSeconds(100));
    }

    @Test
    void startsFromTheNewestPointAlthoughItsReportRemembersAnOlderOne() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(90));
        sites.west.reconcile();
        sites.scheduledPoint(sites.east, "p2", FIVE_MINUTES.plusSeconds(60));
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        failOverToWest("5m");
        sites.untilActive(sites.west);

        assertThat(sites.west.lease().start().point()).isEqualTo("east/shop/p2");
    }

    /** The looks at a plan that stays as it is follow each other after five seconds. */
    @Test
    void listsPointsOnlyOnceForManyLooks() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", Duration.ofSeconds(30));
        for (TwoSites.Cluster cluster : List.of(sites.east, sites.west)) {
            cluster.reconcile();
            cluster.api.reads().clear();
            cluster.reconcile();
            assertThat(cluster.api.reads()).isNotEmpty().noneMatch(path -> path.contains("/restorepoints"));
        }
        assertThat(sites.west.status().expectedDataLoss).isNotNull();
    }

    @Test
    void refusesAnUnplannedFailoverAboveMaxDataLoss() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(60));
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        failOverToWest("50s");

        sites.until("west refuses", () -> sites.west.status().holds(Condition.STALLED));

        assertThat(sites.west.lease().epoch()).isEqualTo(1);
        assertThat(sites.west.status().condition(Condition.STALLED).orElseThrow().reason)
                .isEqualTo("DataLossTooHigh");
        assertThat(sites.west.status().expectedDataLoss).isNotNull();
    }

    @Test
    void reportsTheLagOfTheStandbySiteOnBothSites() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", Duration.ofMinutes(1));

        sites.until(
                "both sites report the lag", () -> sites.east.status().lag != null && sites.west.status().lag != null);

        assertThat(sites.east.status().expectedDataLoss)
                .as("on the active site")
                .isNull();
        assertThat(sites.west.status().expectedDataLoss).isEqualTo(sites.west.status().lag);
    }

    @Test
    void gatesARebuiltClusterWithUnknownRole() {
        sites.settled();
        sites.east.kill();
        sites.east.forget();
        sites.east.down = false;
        sites.east.startProcess();

        for (int i = 0; i < 5; i++) {
            sites.east.reconcile();
        }

        assertThat(sites.east.status().role).isEqualTo(Role.Unknown);
        assertThat(sites.east.gated()).isTrue();
    }

    @Test
    void gatesAReturningSiteAndCapturesItsDivergentDataOnce() {
        unplanned("10m");
        int writes = sites.east.store.writes;
        assertThat(sites.east.runs()).as("pods started again with the node").isTrue();

        sites.east.down = false;
        sites.east.startProcess();
        sites.east.startupGate.resume(sites.east.plan());
        await().atMost(Duration.ofSeconds(3)).until(() -> sites.east.gated() && !sites.east.runs());
        assertThat(sites.east.store.writes)
                .as("writes before the gate is closed")
                .isEqualTo(writes);

        sites.untilPassive(sites.east);
        sites.untilPassive(sites.east);

        assertThat(sites.east.pointNames()).containsOnlyOnce("shop-e1-divergent");
        assertThat(sites.east.status().epoch).isEqualTo(2);
        assertThat(sites.west.lease()).extracting(Lease::holder, Lease::epoch).containsExactly("west", 2L);
    }

    /** The plan was deleted and created again with another lease, so its epochs started again. */
    @Test
    void capturesDivergentDataAlthoughAnEarlierLeaseHasAPointOfTheSameEpoch() {
        unplanned("10m");
        RestorePoint earlier = new RestorePoint();
        earlier.getMetadata().setNamespace(TwoSites.NS);
        earlier.getMetadata().setName("shop-e1-divergent");
        earlier.getMetadata().setLabels(Map.of(Api.PLAN, "shop"));
        earlier.getMetadata().setAnnotations(Map.of(PlanPoints.RUN, "earlier/e1"));
        earlier.setSpec(new RestorePointSpec());
        earlier.getSpec().trigger = RestorePointSpec.Trigger.Divergent;
        sites.east.client().resource(earlier).create();

        sites.east.down = false;
        sites.east.startProcess();
        sites.untilPassive(sites.east);

        assertThat(sites.east.pointNames()).contains("shop-e1-divergent-2");
    }

    /** The status of the plan is lost with the plan, and the data is still there. */
    @Test
    void capturesDivergentDataOfAPlanThatWasCreatedAgain() {
        unplanned("10m");
        sites.east.down = false;
        sites.east.startProcess();
        sites.east.forget();

        sites.untilPassive(sites.east);

        assertThat(sites.east.pointNames()).containsOnlyOnce("shop-e1-divergent");
        assertThat(servedEpoch()).as("the data is backed up").isNull();
    }

    @Test
    void remembersTheServedEpochUntilItIsHandedOver() {
        sites.settled();
        assertThat(servedEpoch()).startsWith("1/");

        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);
        sites.untilPassive(sites.east);

        assertThat(servedEpoch()).isNull();
        assertThat(sites.east.pointNames()).doesNotContain("shop-e1-divergent");
    }

    private String servedEpoch() {
        Map<String, String> annotations = sites.east
                .client()
                .namespaces()
                .withName(TwoSites.NS)
                .get()
                .getMetadata()
                .getAnnotations();
        return annotations == null ? null : annotations.get(Api.SERVED_EPOCH);
    }

    @Test
    void failbackAfterAnUnplannedFailoverStartsFromTheOtherSite() {
        unplanned("10m");
        sites.east.down = false;
        sites.east.startProcess();
        sites.untilPassive(sites.east);
        sites.east.edit(s -> s.activeSite = "west");
        sites.until("east has seen the edit", () -> "west".equals(sites.east.status().settledActiveSite));

        sites.east.edit(s -> s.activeSite = "east");
        sites.untilActive(sites.east);

        assertThat(sites.east.lease().start().point()).isEqualTo("west/shop/shop-e2-final");
    }

    @Test
    void auditsAPlannedFailoverOnBothSites() {
        try (RecordedAudit recorded = new RecordedAudit()) {
            sites.settled();
            sites.west.edit(s -> s.activeSite = "west");
            sites.untilActive(sites.west);
            sites.untilPassive(sites.east);

            assertThat(recorded.results())
                    .containsExactly(
                            "TakeOver Requested", "HandOver Requested", "HandOver Finished", "TakeOver Finished");
            assertThat(recorded.entries())
                    .allMatch(line -> line.path("source").asText().equals("east")
                            && line.path("target").asText().equals("west")
                            && line.at("/object/kind").asText().equals("FailoverPlan"));
        }
    }

    @Test
    void auditsARequestThatIsWithdrawn() {
        sites.settled();
        sites.east.copies = false;
        try (RecordedAudit recorded = new RecordedAudit()) {
            sites.west.edit(s -> s.activeSite = "west");
            sites.until("east waits for the copy", () -> sites.east.pointNames().contains("shop-e1-final"));
            sites.west.edit(s -> s.activeSite = "east");
            sites.untilActive(sites.east);

            assertThat(recorded.results())
                    .containsExactly("TakeOver Requested", "HandOver Requested", "TakeOver Failed", "HandOver Failed");
        }
    }

    @Test
    void auditsThatDivergentDataIsDiscarded() {
        unplanned("10m");
        sites.east.down = false;
        sites.east.startProcess();
        sites.east.client().resource(sites.east.plan()).edit(plan -> {
            plan.getMetadata().setAnnotations(Map.of(Api.DISCARD_DIVERGENT, "1"));
            return plan;
        });
        try (RecordedAudit recorded = new RecordedAudit()) {
            sites.untilPassive(sites.east);

            assertThat(recorded.results()).containsExactly("DiscardDivergent Finished");
            assertThat(sites.east.pointNames()).doesNotContain("shop-e1-divergent");
        }
    }

    /** Kills east, whose pods stay bound to their node, and fails over to west after the lease has expired. */
    private void unplanned(String maxDataLoss) {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(60));
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        failOverToWest(maxDataLoss);
        sites.untilActive(sites.west);
    }

    /** East is lost. West takes the lease with point p1, and its Restore does not end. */
    private void takeToWestWithoutServing() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(60));
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        sites.west.restores = false;
        failOverToWest("10m");
        sites.until("west restores", () -> !sites.west.restores().isEmpty());
    }

    private void failOverToWest(String maxDataLoss) {
        sites.west.edit(s -> {
            s.activeSite = "west";
            s.maxDataLoss = maxDataLoss;
        });
    }
}
