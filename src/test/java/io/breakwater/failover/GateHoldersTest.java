package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gates whose holders are not the plan of this site alone. */
class GateHoldersTest {
    @TempDir
    Path directory;

    private TwoSites sites;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory);
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    /** A plan was renamed in Git: the plan of the earlier name left the namespace gated. */
    @Test
    void inheritsTheGateOfAPlanThatDoesNotExist() {
        sites.settled();
        sites.west.gate.close(TwoSites.NS, "failoverplan/shop-before");

        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);

        assertThat(holders(sites.west)).isEmpty();
        assertThat(GateRules.isStandby(namespace(sites.west))).isFalse();
    }

    /** Nothing else names these workloads any more, and a holder of another plan would refuse each hand-over. */
    @Test
    void inheritsTheHeldWorkloadsOfAPlanThatDoesNotExist() {
        sites.settled();
        sites.east.gate.hold(TwoSites.NS, "absent/shop-before", List.of("Deployment/old"));
        sites.east
                .client()
                .resource(new DeploymentBuilder()
                        .withNewMetadata()
                        .withName("old")
                        .withNamespace(TwoSites.NS)
                        .endMetadata()
                        .build())
                .create();

        sites.until("east inherits", () -> holders(sites.east).contains("absent/shop"));

        assertThat(sites.east.gate.limit(TwoSites.NS, "absent/shop")).hasValue(List.of("Deployment/old"));
        assertThat(holders(sites.east)).containsExactly("absent/shop");
        sites.until(
                "the plan names it",
                () -> sites.east
                        .status()
                        .condition(Condition.READY)
                        .orElseThrow()
                        .message
                        .contains("Deployment/old"));
        assertThat(GateRules.standby(namespace(sites.east)))
                .as("pods of the active application start without the guard")
                .hasValue(GateRules.SOME);
    }

    @Test
    void isNotReadyWhileAnotherHolderHoldsAllPods() {
        sites.settled();
        sites.west.gate.close(TwoSites.NS, "restore/shop.monday");
        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);
        sites.until("the run ends", () -> sites.west.status().settledActiveSite.equals("west"));
        sites.west.reconcile();

        assertThat(sites.west.status().holds(Condition.READY)).isFalse();
        assertThat(sites.west.status().condition(Condition.READY).orElseThrow().message)
                .contains("restore/shop.monday");

        sites.west.gate.open(TwoSites.NS, "restore/shop.monday");
        sites.until("west is ready", () -> sites.west.status().holds(Condition.READY));
    }

    /** Peer and rendezvous are lost: nothing proves which site is active, and a person decides. */
    @Test
    void opensTheGateForAUserWhileTheLeaseCannotBeRead() {
        sites.settled();
        sites.west.opened = () -> {
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "the store does not answer");
        };
        sites.west.reconcile();
        assertThat(sites.west.gated()).isTrue();

        annotate(sites.west);
        sites.west.reconcile();
        sites.west.startProcess();
        sites.west.reconcile();
        assertThat(sites.west.gated()).isFalse();

        sites.west.opened = () -> {};
        sites.west.reconcile();
        assertThat(sites.west.gated())
                .as("the lease proves that the other site is active")
                .isTrue();
    }

    @Test
    void backsUpWhatWasWrittenBehindAGateThatAUserOpened() {
        sites.settled();
        sites.west.opened = () -> {
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "the store does not answer");
        };
        annotate(sites.west);
        sites.until("a user opens the gate", () -> !sites.west.gated());

        sites.west.opened = () -> {};
        sites.untilPassive(sites.west);

        assertThat(sites.west.pointNames()).contains("shop-e0-divergent");
    }

    /** The annotation was forgotten: it must not open the gate when the store does not answer some days later. */
    @Test
    void refusesToOpenTheGateWhileTheLeaseProvesThatTheOtherSiteIsActive() {
        sites.settled();
        annotate(sites.west);
        sites.west.reconcile();
        assertThat(GateRules.openingReason(namespace(sites.west))).isEmpty();

        sites.west.opened = () -> {
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "the store does not answer");
        };
        sites.west.reconcile();

        assertThat(sites.west.gated()).isTrue();
    }

    @Test
    void recordsProofThatTheSiteIsActiveInTheNamespaceOfAPlan() {
        for (TwoSites.Cluster cluster : List.of(sites.east, sites.west)) {
            cluster.client()
                    .namespaces()
                    .withName(TwoSites.NS)
                    .edit(namespace -> new NamespaceBuilder(namespace)
                            .editMetadata()
                            .addToLabels(Api.PLAN, "shop")
                            .endMetadata()
                            .build());
            assertThat(GateRules.isStandby(namespace(cluster)))
                    .as("before a guard has read the lease")
                    .isTrue();
        }
        sites.settled();
        assertThat(GateRules.isStandby(namespace(sites.east))).isFalse();
        assertThat(GateRules.isStandby(namespace(sites.west))).isTrue();

        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);
        sites.untilPassive(sites.east);
        assertThat(GateRules.isActive(namespace(sites.west))).isTrue();
        assertThat(GateRules.isActive(namespace(sites.east))).isFalse();
    }

    private static void annotate(TwoSites.Cluster cluster) {
        cluster.client()
                .namespaces()
                .withName(TwoSites.NS)
                .edit(namespace -> new NamespaceBuilder(namespace)
                        .editMetadata()
                        .addToAnnotations(Api.OPEN_GATE, "east burned down")
                        .endMetadata()
                        .build());
    }

    private static List<String> holders(TwoSites.Cluster cluster) {
        return cluster.gate.holders(TwoSites.NS);
    }

    private static Namespace namespace(TwoSites.Cluster cluster) {
        return cluster.client().namespaces().withName(TwoSites.NS).get();
    }
}
