package io.breakwater.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.TestEvents;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSchedulingGate;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NamespaceGateTest {
    private static final String PLAN = "failoverplan/shop";
    private static final String RESTORE = "restore/monday";
    private static final Instant START = Instant.parse("2026-05-04T03:02:01Z");

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final NamespaceGate gate = new NamespaceGate(client, TestConfig.of(Map.of()));

    @BeforeEach
    void namespace() {
        cluster.add(new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToLabels("team", "blue")
                .endMetadata()
                .build());
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void labelsTheNamespaceAndDeletesRunningPodsOnClose() {
        cluster.add(pod("web", "Running"), pod("new", "Pending"));
        gate.close("shop", PLAN);
        assertThat(shop().getMetadata().getLabels())
                .containsEntry(Api.STANDBY, "true")
                .containsEntry("team", "blue");
        assertThat(pods()).isEmpty();
        assertThat(gate.endStragglers("shop")).isTrue();
        assertThat(gate.closedBy("shop", PLAN)).isTrue();
    }

    @Test
    void preservesMoverHeldAndFinishedPodsOnClose() {
        cluster.add(mover("mover"), held("db", GateRules.GATE), pod("done", "Succeeded"), pod("broken", "Failed"));
        gate.close("shop", PLAN);
        assertThat(pods()).containsExactlyInAnyOrder("mover", "db", "done", "broken");
        assertThat(gate.endStragglers("shop")).isTrue();
    }

    @Test
    void deletesPodsThatOnlyClaimToBeMovers() {
        Pod pretender = new PodBuilder(mover("pretender"))
                .editSpec()
                .withServiceAccountName("default")
                .endSpec()
                .build();
        cluster.add(pretender);
        gate.close("shop", PLAN);
        assertThat(pods()).isEmpty();
    }

    @Test
    void recordsAPodThatIsSeenAfterTheCutOfAFinalPoint() {
        gate.close("shop", PLAN);
        gate.recordCut("shop", "run", START);
        assertThat(gate.seenSinceCut("shop", "run")).isEmpty();
        assertThat(gate.seenSinceCut("shop", "other")).isPresent();

        cluster.add(pod("web", "Running"));
        gate.sweep("shop");
        assertThat(pods()).isEmpty();
        gate.recordCut("shop", "run", START.plusSeconds(9));
        assertThat(new NamespaceGate(client, TestConfig.of(Map.of())).seenSinceCut("shop", "run"))
                .hasValueSatisfying(cause -> assertThat(cause).contains("pod web"));

        gate.recordCut("shop", "next", START.plusSeconds(9));
        assertThat(gate.seenSinceCut("shop", "next")).isEmpty();
        gate.open("shop", PLAN);
        assertThat(gate.seenSinceCut("shop", "next"))
                .as("pods may have run while the gate was open")
                .isPresent();
    }

    /** The cluster sets the time of creation, so the cuts are long before and long after it. */
    @Test
    void countsAFinishedPodOfAfterTheCutOnly() {
        gate.close("shop", PLAN);
        cluster.add(finished("unscheduled", null), mover("mover"), held("db", GateRules.GATE));
        gate.recordCut("shop", "run", START);
        assertThat(gate.seenSinceCut("shop", "run")).isEmpty();

        cluster.add(finished("migrate", "n1"));
        gate.recordCut("shop", "later", Instant.parse("2999-01-01T00:00:00Z"));
        assertThat(gate.seenSinceCut("shop", "later")).isEmpty();
        gate.recordCut("shop", "earlier", START);
        assertThat(gate.seenSinceCut("shop", "earlier"))
                .hasValueSatisfying(cause -> assertThat(cause).contains("pod migrate"));
    }

    @Test
    void startsThePodsOfAPlanThatAUserOpens() {
        client.resource(new NamespaceBuilder(shop())
                        .editMetadata()
                        .addToLabels(Api.PLAN, "shop")
                        .addToAnnotations(Api.OPEN_GATE, "east is lost")
                        .endMetadata()
                        .build())
                .update();
        gate.close("shop", PLAN);
        assertThat(gate.openForUser("shop", PLAN::equals)).hasValue("east is lost");
        assertThat(GateRules.isStandby(shop())).isFalse();
        gate.close("shop", PLAN);
        assertThat(GateRules.isStandby(shop())).isTrue();
        assertThat(gate.isOpenedByUser("shop")).isFalse();
    }

    /** The value decides whether the webhook stops pods while no guard answers. */
    @Test
    void marksANamespaceOfWhichOnlyAbsentWorkloadsAreHeld() {
        gate.hold("shop", "absent/shop", List.of("Deployment/old"));
        assertThat(GateRules.standby(shop())).hasValue(GateRules.SOME);
        assertThat(GateRules.holds(shop(), pod("web", "Pending"))).isFalse();

        gate.close("shop", PLAN);
        assertThat(GateRules.standby(shop())).hasValue(GateRules.ALL);
        gate.open("shop", PLAN);
        assertThat(GateRules.standby(shop())).hasValue(GateRules.SOME);

        gate.hold("shop", "restore/shop.monday", List.of("Deployment/web"));
        assertThat(GateRules.standby(shop())).hasValue(GateRules.ALL);
    }

    /** Workloads that are held beside it must not release the others. */
    @Test
    void holdsAllPodsOfAPlanWithoutProof() {
        client.resource(new NamespaceBuilder(shop())
                        .editMetadata()
                        .addToLabels(Api.PLAN, "shop")
                        .endMetadata()
                        .build())
                .update();
        gate.hold("shop", "absent/shop", List.of("Deployment/old"));
        assertThat(GateRules.holds(shop(), pod("web", "Pending"))).isTrue();
        gate.open("shop", PLAN);
        assertThat(GateRules.holds(shop(), pod("web", "Pending"))).isFalse();
    }

    private static Pod finished(String name, String node) {
        return new PodBuilder(pod(name, "Succeeded"))
                .editOrNewSpec()
                .withNodeName(node)
                .endSpec()
                .build();
    }

    @Test
    void deletesPodsHeldByAForeignGate() {
        cluster.add(held("queued", "example.com/quota"));
        gate.close("shop", PLAN);
        assertThat(pods()).isEmpty();
    }

    @Test
    void deletesNoPodThatAnotherProcessReleasesDuringASweep() {
        cluster.add(held("db", GateRules.GATE));
        gate.close("shop", RESTORE);
        try (KubernetesClient other = before("GET", "/pods", () -> gate.open("shop", RESTORE))) {
            new NamespaceGate(other, TestConfig.of(Map.of())).sweep("shop");
        }
        assertThat(pods()).containsExactly("db");
    }

    @Test
    void releasesNoPodForLongThatAnotherProcessHoldsSinceTheGateWasRead() {
        cluster.add(held("db", GateRules.GATE));
        try (KubernetesClient other = before("PATCH", "/pods/db", () -> gate.close("shop", PLAN))) {
            new NamespaceGate(other, TestConfig.of(Map.of())).sweep("shop");
        }
        assertThat(pods()).isEmpty();
    }

    /** A client of another process. Something happens before its first request of this kind. */
    private KubernetesClient before(String method, String path, Runnable event) {
        AtomicBoolean happened = new AtomicBoolean();
        Interceptor interceptor = new Interceptor() {
            @Override
            public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
                if (request.method().equals(method)
                        && request.uri().getPath().endsWith(path)
                        && !happened.getAndSet(true)) {
                    event.run();
                }
            }
        };
        return new KubernetesClientBuilder()
                .withConfig(client.getConfiguration())
                .withHttpClientBuilderConsumer(http -> http.addOrReplaceInterceptor("event", interceptor))
                .build();
    }

    @Test
    void deletesLatePodsBeforeReportingQuiet() {
        gate.close("shop", PLAN);
        cluster.add(pod("late", "Running"));
        assertThat(gate.endStragglers("shop")).isFalse();
        assertThat(pods()).isEmpty();
        assertThat(gate.endStragglers("shop")).isTrue();
    }

    @Test
    void deletesNoPodsOfAnOpenNamespace() {
        cluster.add(pod("web", "Running"));
        assertThat(gate.endStragglers("shop")).isFalse();
        assertThat(pods()).containsExactly("web");
    }

    @Test
    void deletesOnlyUnfinishedJobsOfCronJobs() {
        cluster.add(job("nightly-1", "CronJob", false), job("nightly-0", "CronJob", true), job("import", null, false));
        gate.close("shop", PLAN);
        assertThat(client.batch().v1().jobs().inNamespace("shop").list().getItems())
                .extracting(j -> j.getMetadata().getName())
                .containsExactlyInAnyOrder("nightly-0", "import");
    }

    @Test
    void opensWhenTheLastHolderReleases() {
        gate.close("shop", PLAN);
        gate.close("shop", RESTORE);
        cluster.add(held("db", GateRules.GATE, "example.com/quota"));
        gate.open("shop", PLAN);
        assertThat(gate.closedBy("shop", PLAN)).isFalse();
        assertThat(gate.closedBy("shop", RESTORE)).isTrue();
        assertThat(gates("db")).contains(GateRules.GATE);
        gate.open("shop", RESTORE);
        assertThat(shop().getMetadata().getLabels()).doesNotContainKey(Api.STANDBY);
        assertThat(shop().getMetadata().getAnnotations()).doesNotContainKey(Api.GATED_BY);
        assertThat(gates("db")).containsExactly("example.com/quota");
        assertThat(pod("db").getMetadata().getLabels()).doesNotContainKey(Api.STANDBY);
    }

    @Test
    void remainsClosedWhenANonHolderOpensIt() {
        gate.close("shop", PLAN);
        gate.open("shop", RESTORE);
        assertThat(gate.closedBy("shop", PLAN)).isTrue();
        assertThat(GateRules.isStandby(shop())).isTrue();
    }

    @Test
    void recordsAHolderOnceWhenClosedTwice() {
        gate.close("shop", PLAN);
        gate.close("shop", PLAN);
        assertThat(GateRules.holders(shop())).containsExactly(PLAN);
        gate.open("shop", PLAN);
        assertThat(GateRules.isStandby(shop())).isFalse();
    }

    @Test
    void releasesAllPodsExceptThoseOfListedWorkloads() {
        gate.close("shop", RESTORE);
        cluster.add(
                owned(held("db-0", GateRules.GATE), "StatefulSet", "db"),
                owned(held("web-5d4f-x", GateRules.GATE), "ReplicaSet", "web-5d4f"),
                held("single", GateRules.GATE));
        gate.narrow("shop", RESTORE, List.of("Deployment/web", "Pod/single"));
        assertThat(gates("db-0")).isEmpty();
        assertThat(gates("web-5d4f-x")).containsExactly(GateRules.GATE);
        assertThat(gates("single")).containsExactly(GateRules.GATE);
        assertThat(gate.limit("shop", RESTORE)).hasValue(List.of("Deployment/web", "Pod/single"));
        assertThat(gate.closedBy("shop", RESTORE)).isTrue();

        cluster.add(owned(pod("web-5d4f-y", "Running"), "ReplicaSet", "web-5d4f"));
        new GateSweeper(client, gate, TestEvents.of(client, Clock.systemUTC())).sweepAll();
        assertThat(pods())
                .as("pods after a sweep: those that passed the gate are deleted, released ones are not")
                .containsExactlyInAnyOrder("db-0", "web-5d4f-x", "single");

        gate.narrow("shop", RESTORE, List.of());
        assertThat(gates("web-5d4f-x")).isEmpty();
        assertThat(gate.closedBy("shop", RESTORE)).isTrue();
        gate.open("shop", RESTORE);
        assertThat(shop().getMetadata().getLabels()).doesNotContainKey(Api.STANDBY);
        assertThat(shop().getMetadata().getAnnotations()).doesNotContainKey(Api.GATED_ONLY);
    }

    @Test
    void holdsPodsThatAnotherHolderReleased() {
        gate.close("shop", RESTORE);
        gate.narrow("shop", RESTORE, List.of("Deployment/web"));
        cluster.add(owned(pod("db-0", "Running"), "StatefulSet", "db"));
        gate.close("shop", PLAN);
        assertThat(pods()).as("a plan holds everything").isEmpty();
        assertThat(gate.endStragglers("shop")).isTrue();
        cluster.add(owned(held("db-0", GateRules.GATE), "StatefulSet", "db"));
        new GateSweeper(client, gate, TestEvents.of(client, Clock.systemUTC())).sweepAll();
        assertThat(gates("db-0")).containsExactly(GateRules.GATE);
        gate.open("shop", PLAN);
        assertThat(gates("db-0")).isEmpty();
    }

    @Test
    void holdsAllPodsAgainWhenClosedAgain() {
        gate.close("shop", RESTORE);
        gate.narrow("shop", RESTORE, List.of("Deployment/web"));
        gate.close("shop", RESTORE);
        assertThat(gate.limit("shop", RESTORE)).isEmpty();
        cluster.add(owned(pod("db-0", "Running"), "StatefulSet", "db"));
        assertThat(gate.endStragglers("shop")).isFalse();
        assertThat(pods()).isEmpty();
    }

    @Test
    void ignoresNarrowingByANonHolder() {
        gate.close("shop", PLAN);
        gate.narrow("shop", RESTORE, List.of());
        assertThat(shop().getMetadata().getAnnotations()).doesNotContainKey(Api.GATED_ONLY);
        assertThat(GateRules.holds(shop(), pod("web", "Pending"))).isTrue();
    }

    @Test
    void finishesOpeningAfterAnOperatorKill() {
        cluster.add(held("db", GateRules.GATE));
        new GateSweeper(client, gate, TestEvents.of(client, Clock.systemUTC())).sweepAll();
        assertThat(gates("db")).isEmpty();
    }

    /** The label was added to the namespace of a serving application, and no guard has read the lease since. */
    @Test
    void deletesNoPodThatRanBeforeItsNamespaceGotTheLabelOfAPlan() {
        cluster.add(pod("web", "Running"), held("new", GateRules.GATE));
        client.namespaces()
                .withName("shop")
                .edit(namespace -> new NamespaceBuilder(namespace)
                        .editMetadata()
                        .addToLabels(Api.PLAN, "shop")
                        .endMetadata()
                        .build());

        gate.sweep("shop");

        assertThat(pods()).contains("web");
        assertThat(gates("new")).isNotEmpty();
    }

    @Test
    void deletesPodsCreatedBehindAClosedGate() {
        gate.close("shop", PLAN);
        cluster.add(pod("late", "Running"));
        new GateSweeper(client, gate, TestEvents.of(client, Clock.systemUTC())).sweepAll();
        assertThat(pods()).isEmpty();
    }

    @Test
    void recordsEveryHolderOfConcurrentCloses() throws Exception {
        NamespaceGate other = new NamespaceGate(client, TestConfig.of(Map.of()));
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> threads = IntStream.range(0, 4)
                .mapToObj(i -> Thread.ofVirtual().start(() -> {
                    await(start);
                    (i % 2 == 0 ? gate : other).close("shop", "restore/r" + i);
                }))
                .toList();
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(GateRules.holders(shop()))
                .containsExactlyInAnyOrder("restore/r0", "restore/r1", "restore/r2", "restore/r3");
    }

    @Test
    void opensTheGateOfAPlanThatDoesNotExistForAUser() {
        gate.close("shop", PLAN);
        gate.close("shop", RESTORE);
        cluster.add(held("db", GateRules.GATE));
        annotate(Api.OPEN_GATE, "both sites are lost");

        new GateSweeper(client, gate, TestEvents.of(client, Clock.systemUTC())).sweepAll();
        assertThat(GateRules.holders(shop())).as("a Restore keeps its gate").containsExactly(RESTORE);
        gate.open("shop", RESTORE);

        assertThat(gates("db")).isEmpty();
        assertThat(shop().getMetadata().getAnnotations())
                .containsEntry(Api.GATE_OPENED, "both sites are lost")
                .doesNotContainKey(Api.OPEN_GATE);
        assertThat(client.v1().events().inNamespace("shop").list().getItems())
                .anyMatch(event -> event.getMessage().contains("both sites are lost"));

        gate.close("shop", PLAN);
        assertThat(gate.isOpenedByUser("shop"))
                .as("a plan that closes the gate knows the active site")
                .isFalse();
    }

    private void annotate(String name, String value) {
        client.namespaces()
                .withName("shop")
                .edit(namespace -> new NamespaceBuilder(namespace)
                        .editMetadata()
                        .addToAnnotations(name, value)
                        .endMetadata()
                        .build());
    }

    @Test
    void refusesToCloseSystemNamespaces() {
        assertThatThrownBy(() -> gate.close("breakwater-system", PLAN)).isInstanceOf(BreakwaterException.class);
        assertThatThrownBy(() -> gate.close("kube-system", PLAN)).isInstanceOf(BreakwaterException.class);
    }

    @Test
    void reportsAMissingNamespaceOnlyWhenClosing() {
        assertThatThrownBy(() -> gate.close("absent", PLAN)).hasMessageContaining("namespace absent does not exist");
        gate.open("absent", PLAN);
        assertThat(gate.closedBy("absent", PLAN)).isFalse();
        assertThat(gate.endStragglers("absent")).isTrue();
    }

    private Namespace shop() {
        return client.namespaces().withName("shop").get();
    }

    private Pod pod(String name) {
        return client.pods().inNamespace("shop").withName(name).get();
    }

    private List<String> gates(String name) {
        List<PodSchedulingGate> gates = pod(name).getSpec().getSchedulingGates();
        return gates.stream().map(PodSchedulingGate::getName).toList();
    }

    private List<String> pods() {
        return client.pods().inNamespace("shop").list().getItems().stream()
                .map(p -> p.getMetadata().getName())
                .toList();
    }

    private static Pod pod(String name, String phase) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .withNewStatus()
                .withPhase(phase)
                .endStatus()
                .build();
    }

    private static Pod held(String name, String... gates) {
        return new PodBuilder(pod(name, "Pending"))
                .editMetadata()
                .addToLabels(Api.STANDBY, "true")
                .endMetadata()
                .editSpec()
                .withSchedulingGates(
                        List.of(gates).stream().map(PodSchedulingGate::new).toList())
                .endSpec()
                .build();
    }

    private static Pod owned(Pod pod, String kind, String name) {
        return new PodBuilder(pod)
                .editMetadata()
                .addNewOwnerReference()
                .withApiVersion("apps/v1")
                .withKind(kind)
                .withName(name)
                .withUid("u")
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .build();
    }

    private static Pod mover(String name) {
        return new PodBuilder(pod(name, "Running"))
                .editMetadata()
                .addToLabels(Api.COMPONENT, "mover")
                .endMetadata()
                .editSpec()
                .withServiceAccountName("breakwater-mover")
                .endSpec()
                .build();
    }

    private static Job job(String name, String owner, boolean finished) {
        JobBuilder job = new JobBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(name)
                .endMetadata()
                .withNewStatus()
                .endStatus();
        if (owner != null) {
            job.editMetadata()
                    .addNewOwnerReference()
                    .withApiVersion("batch/v1")
                    .withKind(owner)
                    .withName("nightly")
                    .withUid("u")
                    .endOwnerReference()
                    .endMetadata();
        }
        if (finished) {
            job.editStatus()
                    .addNewCondition()
                    .withType("Failed")
                    .withStatus("True")
                    .endCondition()
                    .endStatus();
        }
        return job.build();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
