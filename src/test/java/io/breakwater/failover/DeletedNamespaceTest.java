package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.lease.Lease;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The namespace is deleted on the active site, with its plan. */
class DeletedNamespaceTest {
    @TempDir
    Path directory;

    private TwoSites sites;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory);
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", Duration.ofSeconds(90));
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    @Test
    void vacatesTheLeaseSoThatTheOtherSiteTakesOver() {
        sites.east.deleteNamespace();
        sites.until("the plan is gone", () -> sites.east.remove());
        sites.east.kill();

        assertThat(sites.east.lease().state()).isEqualTo(Lease.State.Vacated);
        assertThat(sites.east.runs()).isFalse();
        sites.west.reconcile();
        assertThat(sites.west.lease().epoch()).as("it starts no site by itself").isEqualTo(1);
        assertThat(sites.west.status().condition(Condition.READY).orElseThrow().message)
                .contains("the namespace was deleted on site east", "set spec.activeSite to west");

        sites.west.edit(s -> {
            s.activeSite = "west";
            s.maxDataLoss = "10s";
        });
        sites.until(
                "west refuses",
                () -> "DataLossTooHigh"
                        .equals(sites.west.status().condition(Condition.STALLED).orElseThrow().reason));
        sites.west.edit(s -> s.maxDataLoss = "10m");
        sites.untilActive(sites.west);

        assertThat(sites.west.lease())
                .extracting(Lease::epoch, Lease::holder, Lease::fence)
                .containsExactly(2L, "west", Fence.Vacated);
        assertThat(Durations.parse(sites.west.status().run.dataLoss))
                .as("to the moment at which the lease was vacated")
                .isBetween(Duration.ofSeconds(89), Duration.ofSeconds(110));
    }

    /** The re-created plan must not resume the lease with an empty namespace: a hand-over would lose all data. */
    @Test
    void restoresTheNamespaceThatIsCreatedAgain() {
        sites.east.deleteNamespace();
        sites.until("the plan is gone", () -> sites.east.remove());
        sites.east.recreateNamespace();

        sites.until("east refuses", () -> sites.east.status().holds(Condition.STALLED));
        assertThat(sites.east.lease().epoch()).isEqualTo(1);
        sites.east.edit(s -> s.maxDataLoss = "10m");
        sites.untilActive(sites.east);
        assertThat(sites.east.lease())
                .extracting(Lease::epoch, Lease::holder, lease -> lease.start().point())
                .containsExactly(2L, "east", "east/shop/p1");
        assertThat(sites.east.restores()).hasSize(1);
    }

    /** A user restored the volumes by hand: what they have now exists nowhere else. */
    @Test
    void replacesNoVolumesOfTheNamespaceThatIsCreatedAgain() {
        recreateWithVolume();
        sites.east.edit(s -> s.maxDataLoss = "10m");

        sites.until("east refuses", () -> sites.east.status().holds(Condition.STALLED));
        Condition refused = sites.east.status().condition(Condition.STALLED).orElseThrow();
        assertThat(refused.reason).isEqualTo("VolumesPresent");
        assertThat(refused.message).contains(Api.IN_PLACE + "=1", Api.DISCARD_DIVERGENT + "=1");
        assertThat(sites.east.restores()).isEmpty();
        assertThat(sites.east.lease().epoch()).isEqualTo(1);

        sites.east.annotate(Api.DISCARD_DIVERGENT, "1");
        sites.untilActive(sites.east);
        assertThat(sites.east.restores()).hasSize(1);
    }

    @Test
    void servesTheVolumesInPlaceIfAUserSaysSo() {
        recreateWithVolume();
        sites.east.startPod();
        sites.east.annotate(Api.IN_PLACE, "1");

        sites.until("east is active", () -> {
            assertThat(sites.east.runs()).as("the pod keeps running").isTrue();
            return sites.east.status().role == Role.Active;
        });
        assertThat(sites.east.lease())
                .extracting(Lease::epoch, Lease::holder, Lease::state, Lease::fence, Lease::start)
                .containsExactly(2L, "east", Lease.State.Held, Fence.Vacated, null);
        assertThat(sites.east.restores()).isEmpty();
        assertThat(sites.west.lease().terms()).hasSize(2);
        sites.west.reconcile();
        assertThat(sites.west.status().role).isEqualTo(Role.Passive);
    }

    /** A StatefulSet or Git creates its claims at once. They have no data. */
    @Test
    void restoresIntoANamespaceWhoseClaimsHaveNoVolumes() {
        recreateWithClaim(null);
        sites.east.annotate(Api.IN_PLACE, "1");
        sites.east.edit(s -> s.maxDataLoss = "10m");

        sites.untilActive(sites.east);

        assertThat(sites.east.lease().start().point()).isEqualTo("east/shop/p1");
        assertThat(sites.east.restores()).hasSize(1);
    }

    /** The same manifest is applied on both sites, and the volumes of the other one have older data. */
    @Test
    void servesInPlaceOnlyOnTheSiteThatVacatedTheLease() {
        recreateWithVolume();
        sites.east.down = true;
        sites.west.reconcile();
        sites.west.annotate(Api.IN_PLACE, "1");
        sites.west.edit(s -> {
            s.activeSite = "west";
            s.maxDataLoss = "10m";
        });

        sites.untilActive(sites.west);

        assertThat(sites.west.lease())
                .extracting(Lease::epoch, Lease::holder, lease -> lease.start().point())
                .containsExactly(2L, "west", "east/shop/p1");
    }

    @Test
    void servesInPlaceAlsoAfterAKillBeforeTheLeaseIsWritten() {
        recreateWithVolume();
        sites.east.startPod();
        sites.east.annotate(Api.IN_PLACE, "1");
        int closed = sites.east.graces.size();
        for (int access = 1; sites.east.status().role != Role.Active; access++) {
            sites.east.killAt(access);
            sites.east.reconcile();
            assertThat(sites.east.runs()).as("the pod keeps running").isTrue();
        }

        assertThat(sites.east.lease())
                .extracting(Lease::epoch, Lease::holder, Lease::state)
                .containsExactly(2L, "east", Lease.State.Held);
        assertThat(sites.east.graces).as("the gate was never closed").hasSize(closed);
    }

    /** What a user put into the volumes exists nowhere else. */
    @Test
    void backsUpTheVolumesIfTheOtherSiteTakesOver() {
        recreateWithVolume();
        sites.until("east waits", () -> sites.east.status().holds(Condition.STALLED));
        sites.west.reconcile();
        sites.west.edit(s -> {
            s.activeSite = "west";
            s.maxDataLoss = "10m";
        });
        sites.untilActive(sites.west);

        sites.untilPassive(sites.east);

        assertThat(sites.east.pointNames()).contains("shop-e1-divergent");
    }

    /** The first restore had not ended, and the other site may not exist any more. */
    @Test
    void restoresTheNamespaceThatIsDeletedAgainBeforeItServes() {
        sites.east.deleteNamespace();
        sites.until("the plan is gone", () -> sites.east.remove());
        sites.east.recreateNamespace();
        sites.east.restores = false;
        sites.east.edit(s -> s.maxDataLoss = "10m");
        sites.until("east restores", () -> !sites.east.restores().isEmpty());

        sites.east.deleteNamespace();
        sites.until("the plan is gone", () -> sites.east.remove());
        assertThat(sites.east.lease().state()).isEqualTo(Lease.State.Vacated);
        sites.east.recreateNamespace();
        sites.east.restores = true;
        sites.untilActive(sites.east);

        assertThat(sites.east.lease())
                .extracting(Lease::epoch, lease -> lease.start().point())
                .containsExactly(3L, "east/shop/p1");
    }

    /** The annotation of an earlier loss says nothing about this one. */
    @Test
    void doesNotServeInPlaceByTheAnnotationOfAnotherEpoch() {
        recreateWithVolume();
        sites.east.annotate(Api.IN_PLACE, "2");

        sites.until("east refuses", () -> sites.east.status().holds(Condition.STALLED));
        assertThat(sites.east.lease().epoch()).isEqualTo(1);
        assertThat(sites.east.gated()).isTrue();
    }

    /** The other site has taken over meanwhile. */
    @Test
    void doesNotServeInPlaceBesideAnotherSite() {
        recreateWithVolume();
        sites.west.reconcile();
        sites.west.edit(s -> {
            s.activeSite = "west";
            s.maxDataLoss = "10m";
        });
        sites.until("west has the lease", () -> sites.west.lease().epoch() == 2);
        sites.east.startPod();
        sites.east.annotate(Api.IN_PLACE, "1");

        sites.until("east is gated", () -> sites.east.gated() && !sites.east.runs());
        assertThat(sites.east.lease().holder()).isEqualTo("west");
    }

    private void recreateWithVolume() {
        recreateWithClaim("pv-1");
    }

    /** @param volume name of the volume of the claim; null for one that is not bound */
    private void recreateWithClaim(String volume) {
        sites.east.deleteNamespace();
        sites.until("the plan is gone", () -> sites.east.remove());
        sites.east.recreateNamespace();
        sites.east
                .client()
                .resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withName("data")
                        .withNamespace(TwoSites.NS)
                        .endMetadata()
                        .withNewSpec()
                        .withVolumeName(volume)
                        .endSpec()
                        .build())
                .create();
    }
}
