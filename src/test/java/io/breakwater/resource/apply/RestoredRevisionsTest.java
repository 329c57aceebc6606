package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** ControllerRevisions: a built-in controller creates its own again; an operator may need the captured ones. */
class RestoredRevisionsTest {
    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        scene.server.serve("apps/v1", "ControllerRevision", "controllerrevisions", true);
        scene.server.serve("kubevirt.io/v1", "VirtualMachine", "virtualmachines", true);
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void restoresTheRevisionOfACustomResourceBeforeItsOwner() throws IOException {
        ObjectNode machine = scene.archive(
                "kubevirt.io/v1",
                "VirtualMachine",
                "virtualmachines.kubevirt.io",
                "one",
                "'spec':{'instancetype':{'revisionName':'one-large-1'}}");
        ((ObjectNode) machine.path("metadata")).put("uid", "old");
        revision("one-large-1", "kubevirt.io/v1", "VirtualMachine", "one");

        assertThat(scene.apply().failed()).isEmpty();

        assertThat(scene.written())
                .startsWith("POST controllerrevisions", "POST virtualmachines")
                .hasSize(3);
        String path = ApplyFixture.APPS + "controllerrevisions/one-large-1";
        assertThat(scene.server.at(path).at("/data/cpu").asInt()).isEqualTo(2);
        assertThat(scene.server.at(path).at("/metadata/ownerReferences/0/uid"))
                .as("added once its owner exists")
                .isEqualTo(scene.server
                        .at("/apis/kubevirt.io/v1/namespaces/shop/virtualmachines/one")
                        .at("/metadata/uid"));
    }

    /** Backups of Velero contain them; users with the role edit may not create them. */
    @Test
    void needsNoRightForTheRevisionsOfAStatefulSet() throws IOException {
        scene.server.allow((verb, resource) -> !resource.equals("controllerrevisions.apps"));
        scene.configMap("settings", "");
        revision("db-1", "apps/v1", "StatefulSet", "db");

        ApplyReport report = scene.apply();

        assertThat(report.failed()).isEmpty();
        assertThat(scene.written()).containsExactly("POST configmaps");
    }

    private void revision(String name, String apiVersion, String kind, String owner) {
        ObjectNode revision = scene.archive(
                "apps/v1", "ControllerRevision", "controllerrevisions.apps", name, "'data':{'cpu':2},'revision':1");
        ((ObjectNode) revision.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("apiVersion", apiVersion)
                .put("kind", kind)
                .put("name", owner)
                .put("uid", "old")
                .put("controller", true);
    }
}
