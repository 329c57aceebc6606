package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.lease.LeaseInvariants.Violation;
import io.breakwater.lease.LeaseModel.Limits;
import io.breakwater.lease.LeaseModel.Subject;
import io.breakwater.lease.ModelState.Site;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariants I1 to I4 of the lease hold in every history of two sites, and the model detects rules that break them. */
@Tag("slow")
class LeaseModelTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration NO_SKEW = Duration.ZERO;
    private static final Limits CHANGE_OF_MIND = new Limits(0, 0, 2, 2, MINUTE, NO_SKEW);
    private static final Limits LATE_WRITES = new Limits(0, 1, 2, 1, MINUTE, Duration.ofSeconds(7));
    private static final Limits CRASH = new Limits(1, 0, 1, 1, MINUTE, Duration.ofSeconds(7));

    private static final Limits CLOCK_JUMP = new Limits(0, 0, 1, 1, MINUTE, NO_SKEW, 1, 0);
    private static final Limits DELETION = new Limits(0, 0, 1, 1, MINUTE, NO_SKEW, 0, 1);
    private static final Limits KEEP_SERVING = Limits.keeping(1, 1, 0, 0);
    private static final Limits ATTESTED = Limits.keeping(1, 0, 0, 1);
    private static final Limits CHANGE_OF_TERMS_FROM_GATE = new Limits(1, 0, 1, 1, MINUTE, NO_SKEW, 0, 0, false, 1, 0);
    private static final Limits CHANGE_OF_TERMS = Limits.keeping(1, 1, 1, 0);

    /** Lead of the clock of a site that measures the age of the lease by it. */
    private static final Duration AHEAD = Duration.ofSeconds(40);

    static Stream<Limits> limits() {
        return Stream.of(CHANGE_OF_MIND, LATE_WRITES, CRASH, CLOCK_JUMP, DELETION, KEEP_SERVING, ATTESTED);
    }

    /** Explores all histories, which checks the invariants, and settles a sample of the states. */
    @ParameterizedTest
    @MethodSource("limits")
    void holdsInvariantsInEveryHistoryAndSettlesOnOneSite(Limits limits) {
        LeaseModel model = new LeaseModel(Subject.real(), limits);

        List<ModelState> all =
                model.explore().stream().filter(s -> s.lease != null).toList();

        assertThat(all).as("states").hasSizeGreaterThan(1000);
        for (int i = 0; i < all.size(); i += Math.max(1, all.size() / 2000)) {
            ModelState end = model.settle(all.get(i));
            List<String> running =
                    end.sites().stream().filter(Site::runs).map(s -> s.name).toList();
            boolean vacated = end.lease.state() == Lease.State.Vacated;
            assertThat(running)
                    .as("sites that run at the end of %s, which started as %s", end, all.get(i))
                    .containsExactlyElementsOf(vacated ? List.of() : List.of(end.lease.holder()));
        }
        if (limits == CRASH) {
            assertThat(all.stream()
                            .map(s -> s.lease.state() + " " + s.lease.fence())
                            .distinct())
                    .as("states and fences that the model reaches")
                    .contains("Held Initial", "Releasing Initial", "Offered Initial", "Held Graceful", "Held Expired");
        }
        if (limits == ATTESTED) {
            assertThat(all.stream()
                            .map(s -> s.lease.state() + " " + s.lease.fence())
                            .distinct())
                    .as("states and fences that the model reaches")
                    .contains("Held Attested");
        }
    }

    static Stream<Limits> moreLimits() {
        return Stream.of(
                new Limits(0, 2, 2, 1, MINUTE, Duration.ofSeconds(7)),
                new Limits(1, 1, 1, 1, MINUTE, Duration.ofSeconds(7)),
                CHANGE_OF_TERMS,
                CHANGE_OF_TERMS_FROM_GATE);
    }

    /** Millions of states, which take minutes and 2 GiB. */
    @Tag("long")
    @ParameterizedTest
    @MethodSource("moreLimits")
    void holdsInvariantsWhenMoreGoesWrong(Limits limits) {
        holdsInvariantsInEveryHistoryAndSettlesOnOneSite(limits);
    }

    static Stream<Arguments> broken() {
        return Stream.of(
                Arguments.of("pods are not gated when the lease is lost", subject(true, true, false), CRASH, "I"),
                Arguments.of("writes do not depend on a version", subject(true, false, true), LATE_WRITES, "I"),
                Arguments.of(
                        "the final point does not wait for the pods", subject(false, true, true), CHANGE_OF_MIND, "I3"),
                Arguments.of("a lease is taken early", rules(LeaseModelTest::takesEarly), CRASH, "I1"),
                Arguments.of("loss is not bounded", rules(LeaseModelTest::ignoresLoss), CRASH, "I4"),
                Arguments.of("a vacated lease is resumed", rules(LeaseModelTest::resumes), DELETION, "I"),
                Arguments.of(
                        "volumes that a user has filled are replaced", rules(LeaseModelTest::replaces), DELETION, "I5"),
                Arguments.of("the epoch does not grow", rules(LeaseModelTest::keepsEpoch), CHANGE_OF_MIND, "I1"),
                Arguments.of("a lease is offered unfinished", rules(LeaseModelTest::offersEarly), CRASH, "I3"),
                Arguments.of(
                        "a lease that keeps serving is taken without an attestation",
                        rules(LeaseModelTest::takesUnattested),
                        KEEP_SERVING,
                        "I1"),
                Arguments.of(
                        "an attestation counts although the holder has renewed since",
                        rules(LeaseModelTest::takesContradicted),
                        ATTESTED,
                        "I1"),
                Arguments.of(
                        "a holder keeps serving before its lease says so",
                        servesUnconfirmed(),
                        CHANGE_OF_TERMS_FROM_GATE,
                        "I"),
                Arguments.of("an offer is not taken back before serving", servesOffered(), CHANGE_OF_MIND, "I1"),
                Arguments.of(
                        "another point is taken than was offered",
                        rules(LeaseModelTest::takesAnotherPoint),
                        CHANGE_OF_MIND,
                        "I3"),
                Arguments.of(
                        "the age of a lease is measured by the clock of the store",
                        watch((s, site) -> age(s, LeaseModel.storeTime(s))),
                        CLOCK_JUMP,
                        "I1"),
                Arguments.of(
                        "the age of a lease is measured by the clock of its reader",
                        watch((s, site) -> age(s, ModelState.NOW.plus(AHEAD))),
                        CRASH,
                        "I1"),
                Arguments.of(
                        "a process counts from its start instead of the last renewal that it saw",
                        watch((s, site) -> ModelState.ticks(ModelState.OLD)),
                        CRASH,
                        "I1"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("broken")
    void detectsBrokenRules(String what, Subject broken, Limits limits, String invariant) {
        LeaseModel model = new LeaseModel(broken, limits);

        assertThatThrownBy(model::explore)
                .as(what)
                .isInstanceOf(Violation.class)
                .hasMessageStartingWith(invariant);
    }

    private static Subject subject(boolean podsFirst, boolean conditional, boolean gates) {
        Subject real = Subject.real();
        return new Subject(real.rules(), real.timing(), real.watch(), podsFirst, conditional, gates, true, true);
    }

    private static Subject watch(LeaseModel.Watch watch) {
        Subject real = Subject.real();
        return new Subject(real.rules(), real.timing(), watch, true, true, true, true, true);
    }

    /** Age of the last renewal at a moment by some clock. */
    private static Duration age(ModelState s, Instant now) {
        Instant renewed = s.lease.renewedAt() == null ? ModelState.ago(s.modified) : s.lease.renewedAt();
        return Duration.between(renewed, now);
    }

    private static Subject rules(Function<SiteFacts, LeaseAction> rules) {
        Subject real = Subject.real();
        return new Subject(rules, real.timing(), real.watch(), true, true, true, true, true);
    }

    private static LeaseAction takesEarly(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        return action instanceof LeaseAction.AwaitExpiry && facts.newest().isPresent()
                ? take(facts, Duration.ofSeconds(60))
                : action;
    }

    private static LeaseAction takesUnattested(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        return action instanceof LeaseAction.AwaitAttestation && facts.newest().isPresent()
                ? take(facts, Duration.ofMinutes(1))
                : action;
    }

    private static LeaseAction takesContradicted(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        return action instanceof LeaseAction.Contradicted && facts.newest().isPresent()
                ? take(facts, Duration.ofMinutes(1))
                : action;
    }

    private static Subject servesUnconfirmed() {
        Subject real = Subject.real();
        return new Subject(real.rules(), real.timing(), real.watch(), true, true, true, true, false);
    }

    private static LeaseAction ignoresLoss(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        return action instanceof LeaseAction.TooMuchLoss refused ? take(facts, refused.loss()) : action;
    }

    private static LeaseAction take(SiteFacts facts, Duration loss) {
        Lease lease = facts.seen().orElseThrow().lease();
        Lease taken = lease.acquired(
                facts.site(),
                Fence.Expired,
                facts.timing().duration(),
                facts.newest().orElseThrow());
        return new LeaseAction.Acquire(taken, loss);
    }

    private static LeaseAction keepsEpoch(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        if (!(action instanceof LeaseAction.Acquire acquire)) {
            return action;
        }
        Lease lease = acquire.lease();
        return new LeaseAction.Acquire(
                LeaseDraft.after(lease).epoch(lease.epoch() - 1).build(), acquire.loss());
    }

    /** The site serves its empty namespace in place. */
    private static LeaseAction resumes(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        return action instanceof LeaseAction.Acquire acquire && isIn(Lease.State.Vacated, facts)
                ? new LeaseAction.TakeInPlace(LeaseDraft.after(acquire.lease())
                        .state(Lease.State.Held)
                        .build())
                : action;
    }

    private static LeaseAction replaces(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        return action instanceof LeaseAction.TakeInPlace && facts.newest().isPresent()
                ? take(
                        facts,
                        LeaseRules.lossBound(
                                facts.seen().orElseThrow(), facts.newest().get()))
                : action;
    }

    private static boolean isIn(Lease.State state, SiteFacts facts) {
        return facts.seen().filter(seen -> seen.lease().state() == state).isPresent();
    }

    private static LeaseAction offersEarly(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        return action instanceof LeaseAction.HandOver && facts.newest().isPresent()
                ? new LeaseAction.Offer(facts.seen()
                        .orElseThrow()
                        .lease()
                        .offered(facts.newest().get()))
                : action;
    }

    private static Subject servesOffered() {
        Subject real = Subject.real();
        return new Subject(real.rules(), real.timing(), real.watch(), true, true, true, false, true);
    }

    private static LeaseAction takesAnotherPoint(SiteFacts facts) {
        LeaseAction action = LeaseRules.decide(facts);
        if (!isIn(Lease.State.Offered, facts)
                || !(action instanceof LeaseAction.Acquire)
                || facts.newest().isEmpty()) {
            return action;
        }
        Lease lease = facts.seen().orElseThrow().lease();
        return new LeaseAction.Acquire(
                lease.acquired(
                        facts.site(),
                        Fence.Graceful,
                        facts.timing().duration(),
                        facts.newest().get()),
                Duration.ZERO);
    }
}
