package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user must know about the target before objects are restored to it. */
class RestoreWarningsTest {
    private static final String CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
    private static final String RANGE = "openshift.io/sa.scc.uid-range";

    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
    }

    @AfterEach
    void close() {
        scene.close();
    }

    /** The claims of the point get another class; a claim of a new replica would wait for ever. */
    @Test
    void namesStatefulSetsWhoseStorageClassIsMissing() throws IOException {
        statefulSet("db", "gone");
        statefulSet("cache", "gone");
        statefulSet("web", "fast");
        scene.archive("apps/v1", "StatefulSet", "statefulsets.apps", "plain", "'spec':{'replicas':1}");
        scene.server.put(CLASSES, "{'metadata':{'name':'fast'}}");

        assertThat(scene.preview().warnings())
                .singleElement()
                .asString()
                .startsWith("2 objects are without a volume for a new replica because StorageClass gone of")
                .endsWith(": statefulsets.apps shop/cache, statefulsets.apps shop/db");
    }

    @Test
    void expectsTheStorageClassesThatItRestores() throws IOException {
        statefulSet("db", "gone");
        ((ObjectNode) scene.archive("storage.k8s.io/v1", "StorageClass", "storageclasses.storage.k8s.io", "gone", "")
                        .path("metadata"))
                .remove("namespace");
        scene.placeInCluster("gone");
        scene.admin = true;

        assertThat(scene.preview().warnings()).isEmpty();
    }

    private void statefulSet(String name, String storageClass) {
        scene.archive(
                "apps/v1",
                "StatefulSet",
                "statefulsets.apps",
                name,
                "'spec':{'volumeClaimTemplates':[{'metadata':{'name':'data'},'spec':{'storageClassName':'"
                        + storageClass + "'}}]}");
    }

    /** OpenShift gives each namespace a range, and its pods the first user of it. */
    @ParameterizedTest
    @CsvSource({"1000/10, 2000/10, true", "1000/10, 1000/10, false", "1000/10, , false", ", 2000/10, false"})
    void namesOtherRangesOfUsersInAnExistingNamespace(String captured, String live, boolean warns) throws IOException {
        scene.configMap("settings", "");
        ObjectNode namespace = scene.archive("v1", "Namespace", "namespaces", "shop", "");
        ((ObjectNode) namespace.path("metadata")).remove("namespace");
        scene.placeInCluster("shop");
        if (captured != null) {
            ((ObjectNode) namespace.path("metadata")).putObject("annotations").put(RANGE, captured);
        }
        scene.server.put(
                "/api/v1/namespaces",
                "{'metadata':{'name':'shop','annotations':{" + (live == null ? "" : "'" + RANGE + "':'" + live + "'")
                        + "}}}");

        if (warns) {
            assertThat(scene.preview().warnings())
                    .singleElement()
                    .asString()
                    .startsWith("namespace shop has " + RANGE + "=2000/10, but the captured one had 1000/10");
        } else {
            assertThat(scene.preview().warnings()).isEmpty();
        }
    }
}
