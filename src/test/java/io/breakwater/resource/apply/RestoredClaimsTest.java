package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.resource.FakeApiServer;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Claims get their restored owners again, and claims of pods are not restored. */
class RestoredClaimsTest {
    private static final String CLAIMS = ApplyFixture.CORE + "persistentvolumeclaims";

    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        ((ObjectNode) scene.configMap("owner", "").path("metadata")).put("uid", "old");
        own(scene.claim("data", "'spec':{}"), "ConfigMap", "owner", "old");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void addsTheRestoredOwnerToAClaimOfThisRun() throws IOException {
        scene.server.put(CLAIMS, scene.request().marked(claim()));
        assertThat(scene.apply().failed()).isEmpty();
        assertThat(scene.server.at(CLAIMS + "/data").at("/metadata/ownerReferences/0/uid"))
                .isEqualTo(
                        scene.server.at(ApplyFixture.CORE + "configmaps/owner").at("/metadata/uid"));
    }

    @Test
    void leavesTheOwnersOfAClaimThatExistedBefore() throws IOException {
        scene.server.put(CLAIMS, claim());
        scene.apply();
        assertThat(scene.server.at(CLAIMS + "/data").path("metadata").has("ownerReferences"))
                .isFalse();
    }

    @Test
    void restoresNoClaimOfAnEphemeralVolume() throws IOException {
        own(scene.claim("db-0-scratch", "'spec':{}"), "Pod", "db-0", "pod");
        own(scene.claim("www-db-1", "'spec':{}"), "Pod", "db-1", "pod");
        assertThat(new ResourceApply(scene.server.client()).claims(scene.request()))
                .extracting(c -> c.getMetadata().getName())
                .containsExactlyInAnyOrder("data", "www-db-1");
    }

    private static ObjectNode claim() {
        return FakeApiServer.tree("{'metadata':{'name':'data','namespace':'shop'},'spec':{}}");
    }

    private static void own(ObjectNode claim, String kind, String name, String uid) {
        ((ObjectNode) claim.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("apiVersion", "v1")
                .put("kind", kind)
                .put("name", name)
                .put("uid", uid)
                .put("controller", true);
    }
}
