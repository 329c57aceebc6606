package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.resource.ApiServer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Classes are restored before claims, and the cluster has at most one default of each kind afterwards. */
class DefaultClassRulesTest {
    private static final String CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
    private static final String DEFAULT = "storageclass.kubernetes.io/is-default-class";
    private static final String BETA = "storageclass.beta.kubernetes.io/is-default-class";
    private static final String MARKED = "{'apiVersion':'storage.k8s.io/v1','kind':'StorageClass',"
            + "'metadata':{'name':'%s','annotations':{'%s':'true'}},'provisioner':'x'}";

    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        scene.admin = true;
        scene.configMap("settings", "'data':{}");
        scene.server.serve("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false);
        scene.server.serve("networking.k8s.io/v1", "IngressClass", "ingressclasses", false);
        scene.server.serve("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", "volumesnapshotclasses", false);
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void createsNoSecondDefaultClass() throws IOException {
        scene.server.put(CLASSES, MARKED.formatted("standard", DEFAULT));
        annotate(storageClass("fast"), DEFAULT, "true");
        annotate(storageClass("old"), BETA, "true");
        annotate(storageClass("slow"), DEFAULT, "false");

        ApplyReport report = classes();

        assertThat(annotations(CLASSES + "/fast").has(DEFAULT)).isFalse();
        assertThat(annotations(CLASSES + "/fast").path("note").asText()).isEqualTo("x");
        assertThat(annotations(CLASSES + "/old").has(BETA)).isFalse();
        assertThat(annotations(CLASSES + "/slow").path(DEFAULT).asText()).isEqualTo("false");
        assertThat(report.warnings())
                .hasSize(2)
                .anyMatch(w -> w.startsWith("StorageClass fast is restored without its mark as default (" + DEFAULT
                        + "), because StorageClass standard is the default of this cluster"));
    }

    @Test
    void seesADefaultWithTheOldAnnotation() throws IOException {
        scene.server.put(CLASSES, MARKED.formatted("standard", BETA));
        annotate(storageClass("fast"), DEFAULT, "true");
        classes();
        assertThat(annotations(CLASSES + "/fast").has(DEFAULT)).isFalse();
    }

    @Test
    void leavesTheMarkInAClusterWithoutDefault() throws IOException {
        annotate(storageClass("fast"), DEFAULT, "true");
        assertThat(classes().warnings()).isEmpty();
        assertThat(annotations(CLASSES + "/fast").path(DEFAULT).asText()).isEqualTo("true");
    }

    @Test
    void leavesTheMarkOfTheNewestDefaultOfThePoint() throws IOException {
        created(annotate(storageClass("a"), DEFAULT, "true"), "2024-01-01T00:00:00Z");
        created(annotate(storageClass("b"), DEFAULT, "true"), "2026-01-01T00:00:00Z");
        created(annotate(storageClass("c"), BETA, "true"), "2025-01-01T00:00:00Z");
        assertThat(classes().warnings()).hasSize(2).allMatch(w -> w.contains("because StorageClass b is the default"));
        assertThat(annotations(CLASSES + "/a").has(DEFAULT)).isFalse();
        assertThat(annotations(CLASSES + "/b").has(DEFAULT)).isTrue();
        assertThat(annotations(CLASSES + "/c").has(BETA)).isFalse();
    }

    @Test
    void createsNoSecondGlobalPriority() throws IOException {
        scene.server.put(
                "/apis/scheduling.k8s.io/v1/priorityclasses",
                "{'apiVersion':'scheduling.k8s.io/v1','kind':'PriorityClass','metadata':{'name':'usual'},'globalDefault':true}");
        cluster(
                "scheduling.k8s.io/v1",
                "PriorityClass",
                "priorityclasses.scheduling.k8s.io",
                "high",
                "'globalDefault':true");

        assertThat(classes().warnings())
                .singleElement()
                .asString()
                .contains("PriorityClass high", "globalDefault", "because PriorityClass usual is the default");
        assertThat(scene.server
                        .at("/apis/scheduling.k8s.io/v1/priorityclasses/high")
                        .path("globalDefault")
                        .asBoolean(true))
                .isFalse();
    }

    /** Two default classes make the API server refuse every Ingress without a class. */
    @Test
    void createsNoSecondDefaultOfIngresses() throws IOException {
        String mark = "ingressclass.kubernetes.io/is-default-class";
        scene.server.put(
                "/apis/networking.k8s.io/v1/ingressclasses",
                "{'apiVersion':'networking.k8s.io/v1','kind':'IngressClass','metadata':{'name':'nginx','annotations':{'"
                        + mark + "':'true'}}}");
        annotate(
                cluster(
                        "networking.k8s.io/v1",
                        "IngressClass",
                        "ingressclasses.networking.k8s.io",
                        "traefik",
                        "'spec':{}"),
                mark,
                "true");
        classes();
        assertThat(annotations("/apis/networking.k8s.io/v1/ingressclasses/traefik")
                        .has(mark))
                .isFalse();
    }

    /** Each driver has its own default. */
    @Test
    void leavesTheDefaultOfAnotherDriver() throws IOException {
        String mark = "snapshot.storage.kubernetes.io/is-default-class";
        String path = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses";
        scene.server.put(
                path,
                "{'apiVersion':'snapshot.storage.k8s.io/v1','kind':'VolumeSnapshotClass','metadata':{'name':'here','annotations':{'"
                        + mark + "':'true'}},'driver':'a'}");
        for (String driver : List.of("a", "b")) {
            annotate(
                    cluster(
                            "snapshot.storage.k8s.io/v1",
                            "VolumeSnapshotClass",
                            "volumesnapshotclasses.snapshot.storage.k8s.io",
                            "of-" + driver,
                            "'driver':'" + driver + "'"),
                    mark,
                    "true");
        }
        classes();
        assertThat(annotations(path + "/of-a").has(mark)).isFalse();
        assertThat(annotations(path + "/of-b").has(mark)).isTrue();
    }

    @Test
    void repeatsWithTheSameCountsAndWarnings() throws IOException {
        scene.server.put(CLASSES, MARKED.formatted("standard", DEFAULT));
        annotate(storageClass("fast"), DEFAULT, "true");
        ApplyReport first = classes();
        assertThat(scene.written()).as("only classes").containsExactly("POST storageclasses");
        assertThat(classes()).isEqualTo(first);
        ApplyReport all = scene.apply();
        assertThat(all.created()).isEqualTo(2);
        assertThat(all.warnings()).isEqualTo(first.warnings());
        assertThat(annotations(CLASSES + "/fast").has(DEFAULT)).isFalse();
    }

    @Test
    void leavesAnExistingClassAsItIs() throws IOException {
        scene.server.put(CLASSES, MARKED.formatted("standard", DEFAULT));
        scene.server.put(CLASSES, MARKED.formatted("fast", "other"));
        annotate(storageClass("fast"), DEFAULT, "true");
        ApplyReport report = classes();
        assertThat(report.warnings()).isEmpty();
        assertThat(report.skipped()).isEqualTo(1);
    }

    @Test
    void createsNoClassForAUserOfTheNamespace() throws IOException {
        scene.admin = false;
        storageClass("fast");
        assertThat(new ResourceApply(scene.server.client()).applyClasses(scene.request()))
                .isEqualTo(Optional.empty());
        assertThat(scene.written()).isEmpty();
    }

    @Test
    void plansClassesWithoutAChange() throws IOException {
        scene.server.put(CLASSES, MARKED.formatted("standard", DEFAULT));
        annotate(storageClass("fast"), DEFAULT, "true");
        List<JsonNode> planned = new ResourceApply(scene.server.client()).plannedClasses(scene.request());
        assertThat(planned).singleElement().satisfies(c -> {
            assertThat(c.path("provisioner").asText()).isEqualTo("fast.example.com");
            assertThat(c.path("metadata").path("annotations").has(DEFAULT)).isFalse();
        });
        assertThat(scene.written()).isEmpty();
    }

    private ApplyReport classes() throws IOException {
        return new ResourceApply(scene.server.client())
                .applyClasses(scene.request())
                .orElseThrow();
    }

    private ObjectNode storageClass(String name) {
        return cluster(
                "storage.k8s.io/v1",
                "StorageClass",
                "storageclasses.storage.k8s.io",
                name,
                "'provisioner':'" + name + ".example.com'");
    }

    private ObjectNode cluster(String apiVersion, String kind, String directory, String name, String rest) {
        ObjectNode object = scene.archive(apiVersion, kind, directory, name, rest);
        ((ObjectNode) object.path("metadata")).remove("namespace");
        scene.placeInCluster(name);
        return object;
    }

    private static ObjectNode annotate(ObjectNode object, String name, String value) {
        ObjectNode annotations = ((ObjectNode) object.path("metadata")).withObjectProperty("annotations");
        annotations.put("note", "x").put(name, value);
        return object;
    }

    private static void created(ObjectNode object, String time) {
        ((ObjectNode) object.path("metadata")).put("creationTimestamp", time);
    }

    private JsonNode annotations(String path) {
        JsonNode object = scene.server.at(path);
        assertThat(object).as(path).isNotNull();
        return ApiServer.JSON.valueToTree(object.path("metadata").path("annotations"));
    }
}
