package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.ConditionedStatus;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.it.AcknowledgedOrders.Entry;
import io.fabric8.kubernetes.client.CustomResource;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The operator is killed during a backup, a verification, a restore and a failover; each ends with the normal result.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OperatorKillIT {
    private static final String SHOP = "shop-kills";
    private static final String PLAN = "kills";

    private final Rig rig;
    private final OrderStream customers;

    OperatorKillIT(Rig rig) {
        this.rig = rig;
        this.customers = new OrderStream(() -> List.of(shop(rig.east()), shop(rig.west())), 7);
    }

    @BeforeAll
    void openShop() {
        Shop shop = shop(rig.east());
        shop.deploy();
        BackupPolicy policy = Examples.read("backuppolicy.yaml", BackupPolicy.class);
        policy.getSpec().schedule = null;
        policy.getMetadata().setNamespace(SHOP);
        FailoverPlan plan = Examples.read("failoverplan.yaml", FailoverPlan.class);
        plan.getMetadata().setNamespace(SHOP);
        plan.getMetadata().setName(PLAN);
        for (Site site : rig.sites()) {
            site.cluster().createNamespace(SHOP);
            site.client().resource(policy).serverSideApply();
            site.client().resource(plan).serverSideApply();
        }
        rig.east().awaitRole(SHOP, PLAN, Role.Active, Duration.ofMinutes(1));
        rig.west().awaitRole(SHOP, PLAN, Role.Passive, Duration.ofMinutes(1));
        shop.awaitOpen(rig.progress(), Rig.startup());
        customers.start();
        moreOrders();
    }

    @AfterAll
    void closeShop() {
        customers.close();
        rig.sites().forEach(site -> site.client().namespaces().withName(SHOP).delete());
    }

    @Test
    @Order(1)
    void completesABackupAfterAnOperatorKill() {
        rig.east().createPoint(SHOP, "killed", "shop");
        kill(rig.east(), RestorePoint.class, "killed", (RestorePointStatus s) -> s.journal);
        RestorePoint point = rig.east().awaitPoint(SHOP, "killed");
        assertThat(point.getStatus().digest).isNotBlank();
        assertThat(point.getStatus().volumeCount).isEqualTo(2);
        noSnapshotIsLeft();
    }

    /** Once while the sandbox is filled, and once after the result, while the sandbox still exists. */
    @Test
    @Order(2)
    void completesAVerificationAfterOperatorKills() {
        Site east = rig.east();
        east.createVerification(SHOP, "killed", "shop", null, Level.Restored);
        awaitVerification("restores into a sandbox", v -> v.getStatus().sandbox != null);
        east.killOperator();
        awaitVerification("has ended, the sandbox exists", v -> v.isOver() && v.getStatus().sandbox != null);
        east.killOperator();
        awaitVerification("has no sandbox any more", v -> v.getStatus().sandbox == null);

        Verification proven = east.awaitSuccess(Verification.class, SHOP, "killed");
        assertThat(proven.getStatus().journal)
                .allSatisfy(j -> assertThat(j.state).isEqualTo(JournalEntry.State.Done));
        RestorePoint point = east.get(RestorePoint.class, SHOP, proven.getStatus().restorePoint)
                .orElseThrow();
        assertThat(point.getStatus().verified.verification).isEqualTo("killed");
        assertThat(point.getStatus().verified.proven).isTrue();
        assertThat(east.client().v1().events().inNamespace(SHOP).list().getItems().stream()
                        .filter(e -> e.getInvolvedObject().getKind().equals("Verification"))
                        .toList())
                .as("one result, reported once")
                .singleElement()
                .satisfies(e -> {
                    assertThat(e.getReason()).isEqualTo(Reason.Proven.name());
                    assertThat(e.getCount()).isEqualTo(1);
                });
        assertThat(east.client().namespaces().withLabel(Api.SANDBOX).list().getItems())
                .extracting(n -> n.getMetadata().getName())
                .isEmpty();
        assertThat(east.client()
                        .resources(Restore.class)
                        .inNamespace(Rig.SYSTEM)
                        .list()
                        .getItems())
                .noneMatch(r -> r.getMetadata().getLabels() != null
                        && r.getMetadata().getLabels().containsKey(Api.SANDBOX));
        assertThat(shop(east).running()).as("the shop itself continued to run").isNotEmpty();
    }

    private void awaitVerification(String what, Predicate<Verification> test) {
        rig.progress()
                .await(
                        "Verification killed " + what,
                        Duration.ofMinutes(5),
                        () -> rig.east().describe(Verification.class, SHOP, "killed"),
                        () -> rig.east()
                                .get(Verification.class, SHOP, "killed")
                                .filter(v -> v.getStatus() != null)
                                .map(test::test));
    }

    @Test
    @Order(3)
    void completesARestoreAfterAnOperatorKill() {
        moreOrders();
        customers.whilePaused(() -> {
            shop(rig.east()).dropOrders();
            rig.east().createRestore(SHOP, "killed", "killed", null, OnConflict.Replace);
            kill(rig.east(), Restore.class, "killed", (RestoreStatus s) -> s.journal);
            rig.east().awaitSuccess(Restore.class, SHOP, "killed");
            Shop shop = shop(rig.east());
            shop.awaitOpen(rig.progress(), Rig.startup());
            List<Entry> orders = shop.orders();
            List<Entry> files = shop.files();
            assertThat(customers.orders.checkState(orders)).isPositive();
            assertThat(customers.files.checkState(files)).isPositive();
            customers.orders.acceptRollback(orders);
            customers.files.acceptRollback(files);
        });
        moreOrders();
    }

    @Test
    @Order(4)
    void completesAFailoverAfterOperatorKills() {
        rig.west().requestActive(SHOP, PLAN, Rig.WEST, "0s");
        kill(rig.east(), FailoverPlan.class, PLAN, (FailoverPlanStatus s) -> s.journal);
        kill(rig.west(), FailoverPlan.class, PLAN, (FailoverPlanStatus s) -> s.journal);
        rig.west()
                .awaitPlan(
                        SHOP,
                        PLAN,
                        "takes over",
                        Duration.ofMinutes(5),
                        s -> s.role == Role.Active && s.run != null && s.run.state == JournalEntry.State.Done);
        rig.east().awaitRole(SHOP, PLAN, Role.Passive, Duration.ofMinutes(1));
        shop(rig.west()).awaitOpen(rig.progress(), Rig.startup());
        moreOrders();
        List<Entry> expected = customers.orders.acknowledgedEntries();
        assertThat(customers.orders.compare(expected, shop(rig.west()).orders()))
                .matches(AcknowledgedOrders.Difference::none, "every acknowledged order exists");
        assertThat(shop(rig.east()).running()).isEmpty();
    }

    /** Kills the site's operator after the run has finished a step. */
    private <T extends CustomResource<?, S>, S extends ConditionedStatus> void kill(
            Site site, Class<T> kind, String name, Function<S, List<JournalEntry>> journal) {
        rig.progress()
                .await(
                        "%s %s has started".formatted(kind.getSimpleName(), name),
                        Duration.ofMinutes(2),
                        () -> site.describe(kind, SHOP, name),
                        () -> site.get(kind, SHOP, name)
                                .map(CustomResource::getStatus)
                                .map(s -> journal.apply(s).size() >= 2));
        site.killOperator();
    }

    private void noSnapshotIsLeft() {
        rig.progress()
                .await(
                        "the point's VolumeSnapshots are deleted",
                        Duration.ofMinutes(1),
                        () -> rig.east().cluster().kubectl("get", "volumesnapshots", "-n", SHOP, "-o", "name"),
                        () -> Optional.of(rig.east()
                                .cluster()
                                .kubectl("get", "volumesnapshots", "-n", SHOP, "-o", "name")
                                .isBlank()));
    }

    private void moreOrders() {
        int goal = customers.orders.acknowledged() + 50;
        rig.progress()
                .await(
                        "50 more orders",
                        Duration.ofMinutes(1),
                        customers::state,
                        () -> Optional.of(customers.orders.acknowledged() >= goal));
    }

    private static Shop shop(Site site) {
        return new Shop(site.cluster(), SHOP);
    }
}
