package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.it.AcknowledgedOrders.Entry;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** A point with correct data is proven, one with wrong data is not, and nothing of the run remains. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class VerificationIT {
    private static final String SHOP = "shop-proven";
    private static final String POLICY = "shop";
    private static final Duration SOON = Duration.ofMinutes(2);

    private final Rig rig;
    private final Site site;
    private final Shop shop;

    VerificationIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
        this.shop = new Shop(site.cluster(), SHOP);
    }

    @BeforeAll
    void openShop() throws IOException, InterruptedException {
        shop.deploy();
        shop.awaitOpen(rig.progress(), Rig.startup());
        assertThat(Shop.order(shop.url(), new Entry("order-1", "rope"))).isTrue();
        BackupPolicy policy = Examples.read("backuppolicy-verified.yaml", BackupPolicy.class);
        policy.getMetadata().setNamespace(SHOP);
        policy.getSpec().schedule = null;
        policy.getSpec().verification.schedule = null;
        policy.getSpec().locationRef = new NamedRef("blob-west");
        site.client().resource(policy).create();
    }

    @AfterAll
    void closeShop() {
        site.client().namespaces().withName(SHOP).delete();
    }

    @Test
    @Tag("long")
    @Order(1)
    void provesAPointWithCorrectData() {
        site.createPoint(SHOP, "right", POLICY);
        site.awaitPoint(SHOP, "right");
        create("quick", Level.Checksum);
        Verification quick = site.awaitSuccess(Verification.class, SHOP, "quick");
        assertThat(quick.getStatus().condition(Condition.SUCCEEDED).orElseThrow().message)
                .contains("verified every block of 2 volumes");

        create("right", Level.Queried);
        Verification proven = site.awaitSuccess(Verification.class, SHOP, "right");

        assertThat(proven.getStatus().restoreTime).isNotBlank();
        assertThat(proven.getStatus().checks).singleElement().satisfies(c -> {
            assertThat(c.passed).isTrue();
            assertThat(c.exitCode).isZero();
            assertThat(c.matched).isTrue();
            assertThat(c.digest).hasSize(16);
            assertThat(c.output).as("the check asks for it").isEqualTo("1");
        });
        RestorePoint point = site.get(RestorePoint.class, SHOP, "right").orElseThrow();
        assertThat(point.getStatus().verified.proven).isTrue();
        assertThat(point.getStatus().verified.level).isEqualTo(Level.Queried);
        awaitProven("True", Reason.Proven);
        site.awaitSeriesOf("BreakwaterVerificationFailed", "BreakwaterRtoMissed", "BreakwaterAuthorLacksRight");
        noSandboxIsLeft("right");
        assertThat(shop.orders()).as("the shop itself continued to run").hasSize(1);
    }

    @Test
    @Order(2)
    void failsAPointWithWrongData() {
        site.cluster()
                .kubectl(
                        "exec",
                        "-n",
                        SHOP,
                        "shop-db-0",
                        "-c",
                        "postgresql",
                        "--",
                        "psql",
                        "-U",
                        "postgres",
                        "-d",
                        "shop",
                        "-c",
                        "DELETE FROM orders");
        site.createPoint(SHOP, "wrong", POLICY);
        site.awaitPoint(SHOP, "wrong");
        create("wrong", Level.Queried);

        rig.progress()
                .await(
                        "Verification wrong fails",
                        Duration.ofMinutes(4),
                        () -> site.describe(Verification.class, SHOP, "wrong"),
                        () -> site.get(Verification.class, SHOP, "wrong").map(Verification::isOver));

        Verification failed = site.get(Verification.class, SHOP, "wrong").orElseThrow();
        assertThat(failed.getStatus().holds(Condition.STALLED)).isTrue();
        assertThat(failed.getStatus().failure).contains("check orders did not pass", "got: 0");
        RestorePoint point = site.get(RestorePoint.class, SHOP, "wrong").orElseThrow();
        assertThat(point.getStatus().verified.proven).isFalse();
        awaitProven("False", Reason.VerificationFailed);
        noSandboxIsLeft("wrong");
    }

    private void create(String name, Level level) {
        site.createVerification(SHOP, name, POLICY, null, level);
    }

    private void awaitProven(String status, Reason reason) {
        rig.progress()
                .await(
                        "the policy's Proven is " + status,
                        SOON,
                        () -> site.describe(BackupPolicy.class, SHOP, POLICY),
                        () -> site.get(BackupPolicy.class, SHOP, POLICY)
                                .flatMap(p -> p.getStatus().condition(Condition.PROVEN))
                                .map(c -> c.status.equals(status) && c.reason.equals(reason.name())));
    }

    private void noSandboxIsLeft(String name) {
        rig.progress()
                .await(
                        "the sandbox of " + name + " is deleted",
                        SOON,
                        () -> "sandbox "
                                + site.get(Verification.class, SHOP, name)
                                        .map(v -> v.getStatus().sandbox)
                                        .orElse("none"),
                        () -> Optional.of(site.client()
                                        .namespaces()
                                        .withLabel(io.breakwater.api.Api.SANDBOX)
                                        .list()
                                        .getItems()
                                        .isEmpty()
                                && site.get(Verification.class, SHOP, name)
                                                .orElseThrow()
                                                .getStatus()
                                                .sandbox
                                        == null));
    }
}
