package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
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
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.CustomResource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The operator is killed during a backup, a verification, a restore and a failover; each ends with the normal result. The guard
 * is killed too, and the webhook is flooded; the application does not notice.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OperatorKillIT {
    private static final String SHOP = "shop-kills";
    private static final String PLAN = "kills";
    private static final String OPERATOR = "deployment/breakwater-operator";
    private static final String GUARD = "deployment/breakwater-guard";

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
    @Tag("long")
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
    @Tag("long")
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
    @Tag("long")
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
    void leavesLeaseWebhookAndApplicationAloneWithoutAnOperator() {
        Set<String> pods = podUids();
        scaleOperator(0);
        rig.progress()
                .await(
                        "no operator runs",
                        Duration.ofMinutes(1),
                        () -> operators().toString(),
                        () -> Optional.of(operators().isEmpty()));

        awaitRenewals(2);
        assertWebhookRefuses();

        scaleOperator(1);
        rig.east().cluster().kubectl("rollout", "status", OPERATOR, "-n", Rig.SYSTEM, "--timeout=120s");
        assertThat(podUids()).isEqualTo(pods);
        assertThat(lostLeases()).isEmpty();
    }

    @Test
    @Order(5)
    void leavesTheApplicationAloneWhenTheGuardIsKilled() {
        Set<String> pods = podUids();

        rig.east().killGuard();
        rig.east().cluster().kubectl("rollout", "status", GUARD, "-n", Rig.SYSTEM, "--timeout=120s");
        awaitRenewals(2);
        rig.east().awaitRole(SHOP, PLAN, Role.Active, Duration.ofMinutes(1));

        assertWebhookRefuses();
        assertThat(podUids()).isEqualTo(pods);
        assertThat(lostLeases()).isEmpty();
    }

    @Test
    @Order(6)
    void leavesRenewalsOnTimeWhileTheWebhookIsFlooded() {
        Set<String> pods = podUids();
        String guard = rig.east().guardPod();
        // A guard that lost the election earlier, while its API server was busy, has restarted for that.
        int restarts = guardContainer(guard).getRestartCount();
        String path = "/api/v1/namespaces/%s/pods/https:%s:9443/proxy".formatted(Rig.SYSTEM, guard);
        List<String> bombs = List.of(
                "[" + "{},".repeat(2_700_000) + "{}]", "[" + "{},".repeat(1_100_000) + "{}]", "[".repeat(3_000_000));
        // The paths of the registration: a stranger does not know them, and gets no further than their names.
        List<String> paths = webhookPaths();

        Rig.inParallel(IntStream.range(0, 100)
                .<Runnable>mapToObj(i -> () -> {
                    try {
                        rig.east().client().raw(path + paths.get(i % paths.size()), "POST", bombs.get(i % 3));
                    } catch (RuntimeException e) {
                        // The webhook refuses it, or closes the connection.
                    }
                })
                .toArray(Runnable[]::new));
        awaitRenewals(2);

        assertThat(rig.east().guardPod()).isEqualTo(guard);
        ContainerStatus after = guardContainer(guard);
        assertThat(after.getRestartCount())
                .as("restarts of the guard; its last state is %s", after.getLastState())
                .isEqualTo(restarts);
        assertWebhookRefuses();
        assertThat(podUids()).isEqualTo(pods);
        assertThat(lostLeases()).isEmpty();
    }

    private ContainerStatus guardContainer(String pod) {
        return rig.east()
                .client()
                .pods()
                .inNamespace(Rig.SYSTEM)
                .withName(pod)
                .get()
                .getStatus()
                .getContainerStatuses()
                .getFirst();
    }

    private List<String> webhookPaths() {
        return rig
                .east()
                .client()
                .admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName("breakwater")
                .get()
                .getWebhooks()
                .stream()
                .map(webhook -> webhook.getClientConfig().getService().getPath())
                .toList();
    }

    @Test
    @Tag("long")
    @Order(7)
    void completesAFailoverAfterKillsOfGuardsAndOperators() {
        rig.west().requestActive(SHOP, PLAN, Rig.WEST, "0s");
        kill(rig.east(), FailoverPlan.class, PLAN, (FailoverPlanStatus s) -> s.journal);
        rig.east().killGuard();
        kill(rig.west(), FailoverPlan.class, PLAN, (FailoverPlanStatus s) -> s.journal);
        rig.west().killGuard();
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

    /** Waits for more renewals of the lease, as the store shows them. */
    private void awaitRenewals(int more) {
        long goal = leaseWrites() + more;
        rig.progress()
                .await(
                        more + " more renewals of the lease",
                        Duration.ofMinutes(1),
                        () -> "writes: " + leaseWrites(),
                        () -> Optional.of(leaseWrites() >= goal));
    }

    private long leaseWrites() {
        String key = "breakwater/plans/%s/%s/lease.json".formatted(SHOP, PLAN);
        byte[] signed = rig.store("north").read(key, 1 << 16).orElseThrow().content();
        String document = new String(signed, StandardCharsets.UTF_8);
        try {
            return new ObjectMapper()
                    .readTree(document.substring(document.indexOf('\n') + 1))
                    .path("writes")
                    .asLong();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assertWebhookRefuses() {
        assertThatThrownBy(() -> rig.east().createRestore(SHOP, "refused", "killed", "kube-system", OnConflict.Fail))
                .hasMessageContaining("spec.targetNamespace");
    }

    private Set<String> podUids() {
        return rig.east().client().pods().inNamespace(SHOP).list().getItems().stream()
                .filter(pod -> "Running".equals(pod.getStatus().getPhase()))
                .map(pod -> pod.getMetadata().getUid())
                .collect(Collectors.toSet());
    }

    private List<String> lostLeases() {
        return rig.east().client().v1().events().inNamespace(SHOP).list().getItems().stream()
                .filter(event -> Reason.LeaseLost.name().equals(event.getReason()))
                .map(Event::getMessage)
                .toList();
    }

    private void scaleOperator(int replicas) {
        rig.east().cluster().kubectl("scale", OPERATOR, "-n", Rig.SYSTEM, "--replicas=" + replicas);
    }

    private List<String> operators() {
        return rig
                .east()
                .client()
                .pods()
                .inNamespace(Rig.SYSTEM)
                .withLabel("app.kubernetes.io/component", "operator")
                .list()
                .getItems()
                .stream()
                .map(pod -> pod.getMetadata().getName())
                .toList();
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
