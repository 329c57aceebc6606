package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The account that every namespace has: it gets its captured pull Secrets, unless a user has changed it. */
class RestoredAccountsTest {
    private static final String ACCOUNTS = ApplyFixture.CORE + "serviceaccounts";

    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        scene.archive(
                "v1",
                "ServiceAccount",
                "serviceaccounts",
                "default",
                "'imagePullSecrets':[{'name':'default-dockercfg-aaaaa'},{'name':'private'}]");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    /** OpenShift has added Secrets of its own before the restore starts. */
    @Test
    void addsPullSecretsNextToThoseOfTheCluster() throws IOException {
        live("{'openshift.io/internal-registry-pull-secret-ref':'default-dockercfg-bbbbb'}", "default-dockercfg-bbbbb");

        assertThat(scene.apply().failed()).isEmpty();

        assertThat(scene.server.at(ACCOUNTS + "/default").path("imagePullSecrets"))
                .extracting(s -> s.path("name").asText())
                .containsExactly("private", "default-dockercfg-bbbbb");
        assertThat(scene.server
                        .at(ACCOUNTS + "/default")
                        .path("metadata")
                        .path("annotations")
                        .has("openshift.io/internal-registry-pull-secret-ref"))
                .isTrue();
    }

    @Test
    void leavesAnAccountThatAUserHasChanged() throws IOException {
        live("{}", "other");

        scene.apply();

        assertThat(scene.server.at(ACCOUNTS + "/default").path("imagePullSecrets"))
                .extracting(s -> s.path("name").asText())
                .containsExactly("other");
    }

    private void live(String annotations, String pullSecret) {
        scene.server.put(
                ACCOUNTS,
                "{'apiVersion':'v1','kind':'ServiceAccount','metadata':{'name':'default','namespace':'shop','annotations':"
                        + annotations + "},'imagePullSecrets':[{'name':'" + pullSecret + "'}]}");
    }
}
