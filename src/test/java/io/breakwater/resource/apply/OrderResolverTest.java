package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.workload.Awaited;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.resource.workload.Workloads.Unready;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Stages that {@code spec.order} defines for a point, and the objects that they wait for. */
class OrderResolverTest {
    private static final String DATABASE_FIRST = """
        order:
        - first: [{kinds: [statefulsets.apps], names: [db]}]
          then: [{kinds: [deployments.apps, statefulsets.apps]}, {kinds: [configmaps], names: [late]}]
          timeout: 90s
        - first: [{names: [api]}]
          then: [{names: [web]}]
        """;

    private ApplyFixture scene;
    private ObjectNode web;
    private ObjectNode usual;

    @BeforeEach
    void fill() throws IOException {
        scene = new ApplyFixture();
        scene.archive("apps/v1", "StatefulSet", "statefulsets.apps", "db", "'spec':{'replicas':1}");
        scene.deployment("api", "'spec':{'replicas':1}");
        web = scene.deployment("web", "'spec':{'replicas':1}");
        scene.configMap("late", "'data':{}");
        usual = scene.configMap("usual", "'data':{}");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void splitsAPointIntoStages() throws IOException {
        scene.spec(DATABASE_FIRST);
        List<RestoreOrder.Stage> stages = ordering().stages();
        assertThat(stages).hasSize(2);
        assertThat(stages.get(0).held()).containsExactly("ConfigMap/late", "Deployment/api");
        assertThat(stages.get(0).before())
                .containsExactly(new RestoreOrder.Wait(
                        "spec.order[0]",
                        Duration.ofSeconds(90),
                        List.of(new Awaited(ApplyFixture.APPS + "statefulsets/db", "StatefulSet", "db", false))));
        assertThat(stages.get(1).held()).containsExactly("Deployment/web");
        assertThat(stages.get(1).before()).singleElement().satisfies(w -> {
            assertThat(w.field()).isEqualTo("spec.order[1]");
            assertThat(w.timeout()).isEqualTo(Duration.ofMinutes(10));
        });
    }

    @Test
    void restoresOnlyTheObjectsOfEachStage() throws IOException {
        scene.spec(DATABASE_FIRST);
        assertThat(scene.apply().created()).isEqualTo(2);
        assertThat(scene.written()).containsExactly("POST configmaps", "POST statefulsets");
        scene.server.requests().clear();
        assertThat(apply(1).created()).isEqualTo(2);
        assertThat(scene.written()).containsExactly("POST configmaps", "POST deployments");
        assertThat(scene.server.at(ApplyFixture.APPS + "deployments/web")).isNull();
        assertThat(apply(2).created()).isEqualTo(1);
        assertThat(apply(2).created())
                .as("a repeated stage has the same counts")
                .isEqualTo(1);
        assertThat(scene.server.at(ApplyFixture.APPS + "deployments/web")).isNotNull();
    }

    @Test
    void findsOwnersAcrossStages() throws IOException {
        own(scene.configMap("of-web", "'data':{}"), web);
        own(scene.deployment("of-usual", "'spec':{}"), usual);
        scene.spec(DATABASE_FIRST);
        scene.apply();
        apply(1);
        apply(2);
        assertThat(owner(ApplyFixture.CORE + "configmaps/of-web"))
                .isEqualTo(uid(ApplyFixture.APPS + "deployments/web"));
        assertThat(owner(ApplyFixture.APPS + "deployments/of-usual"))
                .isEqualTo(uid(ApplyFixture.CORE + "configmaps/usual"));
    }

    @Test
    void reportsAllStagesInADryRun() throws IOException {
        scene.spec(DATABASE_FIRST + "dryRun: true\n");
        scene.server.put("/api/v1/namespaces", "{'metadata':{'name':'shop'}}");
        assertThat(scene.apply().created()).isEqualTo(5);
    }

    @Test
    void warnsAboutRulesWithoutMatches() throws IOException {
        scene.archive(
                "batch/v1",
                "Job",
                "jobs.batch",
                "migrate",
                "'status':{'conditions':[{'type':'Complete','status':'True'}]}");
        scene.spec("""
            order:
            - first: [{kinds: [jobs.batch]}]
              then: [{names: [web]}]
            - first: [{names: [db]}]
              then: [{names: [none]}]
            """);
        assertThat(scene.preview().warnings())
                .as("a Job that had ended is not restored")
                .containsExactly(
                        "spec.order[0].first matches no object that is restored, so there is nothing to wait for",
                        "spec.order[1].then matches no object that is restored, so no object waits");
        assertThat(ordering().stages())
                .singleElement()
                .satisfies(s -> assertThat(s.before().getFirst().objects()).isEmpty());
    }

    @Test
    void refusesCyclicOrders() throws IOException {
        ApplyFixture.label(scene.deployment("a", "'spec':{}"), "tier", "front");
        scene.spec("""
            order:
            - first: [{names: [db]}]
              then: [{labelSelector: {matchLabels: {tier: front}}}]
            - first: [{names: [a]}]
              then: [{kinds: [statefulsets.apps]}]
            """);
        assertThatThrownBy(() -> scene.preview())
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageContaining("spec.order[")
                .hasMessageContaining("deployments.apps shop/a before statefulsets.apps shop/db");
    }

    @Test
    void reportsWhyAnAwaitedWorkloadIsNotReady() {
        Workloads workloads = new Workloads(scene.server.client());
        Awaited db = new Awaited(ApplyFixture.APPS + "statefulsets/db", "StatefulSet", "db", false);
        assertThat(workloads.check(db, false)).contains(new Unready("StatefulSet db: it does not exist", false));
        scene.server.put(
                ApplyFixture.APPS + "statefulsets",
                ApplyFixture.object("apps/v1", "StatefulSet", "db", "'spec':{'replicas':1},'status':{}"));
        pod("db-0", "StatefulSet", "db", "no such image");
        pod("db-1", "StatefulSet", "db", "no such image");
        pod("other-0", "StatefulSet", "other", "not mine");
        assertThat(workloads.check(db, true).orElseThrow().message())
                .isEqualTo("StatefulSet db: 0 of 1 ready; pod db-0 and 1 more: container c: ImagePullBackOff: no such"
                        + " image");
        scene.server
                .at(ApplyFixture.APPS + "statefulsets/db")
                .putObject("status")
                .put("readyReplicas", 1)
                .put("updatedReplicas", 1);
        assertThat(workloads.check(db, true)).isEmpty();
    }

    private void pod(String name, String ownerKind, String owner, String message) {
        ObjectNode pod = ApplyFixture.object(
                "v1",
                "Pod",
                name,
                "'status':{'containerStatuses':[{'name':'c','state':{'waiting':{'reason':'ImagePullBackOff','message':'"
                        + message + "'}}}]}");
        ((ObjectNode) pod.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("kind", ownerKind)
                .put("name", owner)
                .put("controller", true);
        scene.server.put(ApplyFixture.CORE + "pods", pod);
    }

    /** By the captured UIDs of both. */
    private static void own(ObjectNode object, ObjectNode owner) {
        String uid = "captured-" + owner.path("metadata").path("name").asText();
        ((ObjectNode) owner.path("metadata")).put("uid", uid);
        ((ObjectNode) object.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("apiVersion", owner.path("apiVersion").asText())
                .put("kind", owner.path("kind").asText())
                .put("name", owner.path("metadata").path("name").asText())
                .put("uid", uid);
    }

    private String owner(String path) {
        return scene.server.at(path).at("/metadata/ownerReferences/0/uid").asText();
    }

    private String uid(String path) {
        return scene.server.at(path).at("/metadata/uid").asText();
    }

    private ApplyReport apply(int stage) throws IOException {
        return new ResourceApply(scene.server.client()).apply(scene.request(), stage);
    }

    private RestoreOrder ordering() throws IOException {
        return new ResourceApply(scene.server.client()).ordering(scene.request());
    }
}
