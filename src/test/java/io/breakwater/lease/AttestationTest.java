package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.api.FailoverPlanStatus.Fence;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The decisions of a site that wants the lease of a holder that keeps serving. */
class AttestationTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Instant NOW = Instant.parse("2090-01-05T12:00:00Z");
    private static final Lease SERVING = Lease.first("east", MINUTE).renewed(MINUTE, OnLoss.KeepServing, 0L);
    private static final PointRef POINT = new PointRef("east/shop/p", "d", NOW.minusSeconds(3600));

    private static LeaseAction decide(Lease lease, Duration age, Optional<Attestation> attestation) {
        return decide(new LeaseVersion(lease, "etag", NOW.minus(age), NOW, age), attestation);
    }

    private static LeaseAction decide(LeaseVersion seen, Optional<Attestation> attestation) {
        return LeaseRules.decide(new SiteFacts.Draft()
                .site("west")
                .timing(LeaseTiming.of(MINUTE))
                .seen(Optional.of(seen))
                .knownEpoch(OptionalLong.empty())
                .wanted(true)
                .run("run")
                .maxDataLoss(Duration.ofHours(2))
                .newest(Optional.of(POINT))
                .attestation(attestation)
                .build());
    }

    private static Lease requested() {
        return SERVING.requested(new Lease.Request("west", "run"), NOW.minusSeconds(3000));
    }

    private static Optional<Attestation> attested(Lease lease, Duration age) {
        return Optional.of(new Attestation(RenewalCounter.of(lease), age, age));
    }

    @Test
    void takesNoLeaseOfAHolderThatKeepsServingHoweverOldItIs() {
        assertThat(decide(requested(), Duration.ofHours(5), Optional.empty()))
                .isInstanceOf(LeaseAction.AwaitAttestation.class);
    }

    @Test
    void takesTheLeaseOnceAUserAttestsThatTheSiteIsOff() {
        LeaseAction action = decide(SERVING, Duration.ofMinutes(10), attested(SERVING, Duration.ofMinutes(2)));

        assertThat(action).isInstanceOf(LeaseAction.Acquire.class);
        LeaseAction.Acquire acquire = (LeaseAction.Acquire) action;
        assertThat(acquire.lease().fence()).isEqualTo(Fence.Attested);
        assertThat(acquire.loss()).as("until the attestation").isEqualTo(Duration.ofMinutes(58));
        assertThat(acquire.lease().lostBy("east")).contains(1L);
    }

    @Test
    void takesTheLeaseWhateverThisSiteHasWrittenSinceTheAttestation() {
        Lease again = requested().withdrawn(NOW.minusSeconds(3000)).requested(new Lease.Request("west", "r2"), NOW);

        assertThat(decide(again, Duration.ofMinutes(10), attested(SERVING, Duration.ZERO)))
                .isInstanceOf(LeaseAction.Acquire.class);
    }

    @Test
    void countsTheLossOnlyAsFarBackAsThisProcessHasSeenNoRenewal() {
        LeaseVersion seen = new LeaseVersion(SERVING, "etag", NOW.minusSeconds(3000), NOW, Duration.ofMinutes(1));

        LeaseAction action = decide(seen, attested(SERVING, Duration.ofMinutes(10)));

        assertThat(((LeaseAction.Acquire) action).loss()).isEqualTo(Duration.ofMinutes(59));
    }

    @Test
    void watchesForAMissedRenewalItselfWhateverTheClockOfTheStoreShows() {
        LeaseVersion seen = new LeaseVersion(SERVING, "etag", NOW.minusSeconds(3000), NOW, Duration.ZERO);

        assertThat(decide(seen, attested(SERVING, Duration.ofMinutes(2))))
                .isEqualTo(new LeaseAction.ConfirmAttestation(Duration.ofSeconds(30)));
    }

    @Test
    void refusesAnAttestationOfASiteThatHasRenewedSince() {
        Lease renewed = SERVING.renewed(MINUTE, OnLoss.KeepServing, 0L);

        assertThat(decide(renewed, Duration.ofSeconds(4), attested(SERVING, Duration.ofMinutes(2))))
                .isEqualTo(new LeaseAction.Contradicted(Duration.ofSeconds(4)));
    }

    @Test
    void waitsForAMissedRenewalBeforeItActsOnAnAttestation() {
        assertThat(decide(SERVING, Duration.ofSeconds(10), attested(SERVING, Duration.ofSeconds(5))))
                .isEqualTo(new LeaseAction.ConfirmAttestation(Duration.ofSeconds(20)));
    }

    @Test
    void takesALeaseInWhichNoPodRunsYet() {
        Lease taken = SERVING.acquired("east2", Fence.Attested, MINUTE, POINT).renewed(MINUTE, OnLoss.KeepServing, 0L);

        assertThat(taken.servesOn()).isFalse();
    }

    /** A plan of the site that vacated the lease may still name the other one, as Git has it. */
    @Test
    void asksAboutTheVolumesOfAVacatedNamespaceAlsoForARequest() {
        Lease vacated = SERVING.vacated();

        LeaseAction action = LeaseRules.decide(new SiteFacts.Draft()
                .site("east")
                .timing(LeaseTiming.of(MINUTE))
                .seen(Optional.of(new LeaseVersion(vacated, "etag", NOW, NOW, Duration.ZERO)))
                .knownEpoch(OptionalLong.of(1))
                .wanted(true)
                .run("run")
                .maxDataLoss(Duration.ofHours(2))
                .newest(Optional.of(POINT))
                .hasVolumes(true)
                .build());

        assertThat(action).isEqualTo(new LeaseAction.AwaitOrder(true));
    }

    @Test
    void takesARetiredLeaseOnlyByAnAttestation() {
        Lease retired = SERVING.retired();

        assertThat(decide(retired, Duration.ofHours(5), Optional.empty()))
                .isEqualTo(new LeaseAction.Unguarded(RenewalCounter.of(retired)));
        LeaseAction action = decide(retired, Duration.ofMinutes(10), attested(retired, Duration.ofMinutes(2)));
        assertThat(((LeaseAction.Acquire) action).lease().fence()).isEqualTo(Fence.Attested);
    }

    @Test
    void countsTheLossUntilTheLatestMomentOfTheAttestation() {
        Attestation uncertain =
                new Attestation(RenewalCounter.of(SERVING), Duration.ofMinutes(1), Duration.ofMinutes(10));

        LeaseAction action = decide(SERVING, Duration.ofMinutes(10), Optional.of(uncertain));

        assertThat(((LeaseAction.Acquire) action).loss()).isEqualTo(Duration.ofMinutes(59));
    }

    @Test
    void countsTheLossOfAHolderThatKeepsServingUntilNow() {
        LeaseVersion seen = new LeaseVersion(SERVING, "etag", NOW.minusSeconds(1800), NOW, Duration.ofMinutes(30));

        assertThat(LeaseRules.lossBound(seen, POINT)).isEqualTo(Duration.ofHours(1));
    }
}
