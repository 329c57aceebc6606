package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.FailoverRequestSpec;
import io.breakwater.api.FailoverRequestStatus;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.lease.Attestation;
import io.breakwater.observe.Conditions;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What users want of a site, from its plan and the requests. */
class IntentTest {
    private static final Instant NOW = Instant.parse("2090-01-05T12:00:00Z");
    private static final String UID = "7d9f2c1e-0000-4000-8000-000000000000";
    private static final Intent.Handled EAST = new Intent.Handled("east", 1L, null, null, null, null);

    private static FailoverPlan plan(String active, long generation) {
        FailoverPlan plan = new FailoverPlan();
        plan.setMetadata(new ObjectMetaBuilder()
                .withName("shop")
                .withUid(UID)
                .withGeneration(generation)
                .build());
        plan.setSpec(new FailoverPlanSpec());
        plan.getSpec().activeSite = active;
        plan.getSpec().sites = List.of(site("east"), site("west"));
        return plan;
    }

    private static FailoverPlanSpec.Site site(String name) {
        FailoverPlanSpec.Site site = new FailoverPlanSpec.Site();
        site.name = name;
        return site;
    }

    private static FailoverRequest request(String name, String site, Instant created) {
        FailoverRequest request = new FailoverRequest();
        request.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withUid(UID)
                .withCreationTimestamp(created.toString())
                .build());
        request.setSpec(new FailoverRequestSpec());
        request.getSpec().planRef = new NamedRef("shop");
        request.getSpec().site = site;
        return request;
    }

    private static Intent west(FailoverPlan plan, List<FailoverRequest> requests, Intent.Handled handled) {
        return Intent.of("west", plan, requests, handled, IntentTest::age);
    }

    private static RequestAge age(FailoverRequest request) {
        Duration age = Duration.between(Instant.parse(request.getMetadata().getCreationTimestamp()), NOW);
        return new RequestAge(age, age);
    }

    @Test
    void keepsTheRecordedRunOfAnEditInAnotherGeneration() {
        Intent.Take first = (Intent.Take) west(plan("west", 2), List.of(), EAST);

        Intent later = west(plan("west", 3), List.of(), new Intent.Handled("east", 1L, first.run(), null, null, null));

        assertThat(first.run()).isEqualTo("west-2-7d9f2c1e");
        assertThat(((Intent.Take) later).run()).isEqualTo(first.run());
    }

    @Test
    void namesTheRunOfARequestByItsUidWhateverThePlanSays() {
        FailoverRequest request = request("move", "west", NOW);

        assertThat(List.of(plan("east", 2), plan("west", 3), plan("east", 9)))
                .extracting(plan -> ((Intent.Take) west(plan, List.of(request), EAST)).run())
                .containsOnly("west-move-7d9f2c1e");
    }

    @Test
    void fitsTheLongestNamesInTheStatus() {
        FailoverRequest request = request("n".repeat(63), "s".repeat(63), NOW);

        assertThat(Intent.run(request)).hasSizeLessThanOrEqualTo(128).endsWith("-7d9f2c1e");
    }

    @Test
    void withdrawsAnExpiredRequestUnlessItsRunHasBegun() {
        FailoverRequest request = request("move", "west", NOW.minusSeconds(3601));

        assertThat(west(plan("east", 2), List.of(request), EAST)).isEqualTo(new Intent.None());
        assertThat(west(
                        plan("east", 2),
                        List.of(request),
                        new Intent.Handled("east", 1L, null, Intent.run(request), null, null)))
                .isInstanceOf(Intent.Take.class);
    }

    @Test
    void carriesARequestOutOnceWhateverRanAfterIt() {
        FailoverRequest request = request("move", "west", NOW);
        Intent.Handled after = new Intent.Handled("east", 1L, null, null, "west-9-7d9f2c1e", Intent.run(request));

        assertThat(west(plan("east", 2), List.of(request), after)).isEqualTo(new Intent.None());
    }

    @Test
    void carriesNoRequestOutThatIsOlderThanOneThatIsOver() {
        FailoverRequest older = request("first", "west", NOW.minusSeconds(60));
        FailoverRequest over = request("second", "west", NOW);
        over.setStatus(new FailoverRequestStatus());
        Conditions.of(over.getStatus(), 1L, Clock.systemUTC()).succeeded(Reason.Completed, "moved");

        assertThat(west(plan("east", 2), List.of(older, over), EAST)).isEqualTo(new Intent.None());
    }

    @Test
    void takesNoAttestationAboutASiteThatIsNotTheOtherOne() {
        assertThat(List.of("east", "west", "south"))
                .extracting(site -> ((Intent.Take) west(plan("east", 2), List.of(attested(site)), EAST))
                        .attestation()
                        .isPresent())
                .containsExactly(true, false, false);
    }

    @Test
    void countsTheValidityOfAnAttestationByTheLongerAgeAndTheLossByTheShorterOne() {
        Duration valid = Attestation.VALID;
        FailoverRequest request = attested("east");

        assertThat(attestation(request, new RequestAge(Duration.ZERO, valid.plusSeconds(1))))
                .isEmpty();
        assertThat(attestation(request, new RequestAge(Duration.ofMinutes(1), valid)))
                .hasValueSatisfying(
                        attestation -> assertThat(attestation.least()).isEqualTo(Duration.ofMinutes(1)));
    }

    private static Optional<Attestation> attestation(FailoverRequest request, RequestAge age) {
        return ((Intent.Take) Intent.of("west", plan("east", 2), List.of(request), EAST, r -> age)).attestation();
    }

    private static FailoverRequest attested(String siteOff) {
        FailoverRequest request = request("move", "west", NOW);
        request.getSpec().attestation = new FailoverRequestSpec.Attestation();
        request.getSpec().attestation.siteOff = siteOff;
        request.getSpec().attestation.lease = "1.42";
        return request;
    }
}
