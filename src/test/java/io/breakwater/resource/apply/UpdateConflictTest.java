package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.resource.FakeApiServer;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** onConflict Update merges captured fields in and removes none. */
class UpdateConflictTest {
    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture().spec("onConflict: Update");
        scene.server.put(
                ApplyFixture.CORE + "configmaps",
                ApplyFixture.object("v1", "ConfigMap", "c", "'data':{'mine':'live','both':'live'}"));
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void mergesCapturedFieldsAndPreservesOthers() throws IOException {
        scene.configMap("c", "'data':{'both':'captured','gone':'captured'}");
        scene.configMap("new", "'data':{'a':'1'}");
        ApplyReport report = scene.apply();
        assertThat(report.failed()).isEmpty();
        assertThat(report.updated()).isEqualTo(1);
        assertThat(report.created()).isEqualTo(1);
        assertThat(live().path("data"))
                .isEqualTo(FakeApiServer.tree("{'mine':'live','both':'captured','gone':'captured'}"));
        assertThat(live().path("metadata").has("managedFields")).isFalse();
    }

    @Test
    void skipsObjectsThatNeedNoChange() throws IOException {
        scene.configMap("c", "'data':{'both':'live'}");
        assertThat(scene.apply().skipped()).isEqualTo(1);
        assertThat(scene.written()).doesNotContain("PUT c");
    }

    @Test
    void aSecondRunAfterACrashCountsTheSame() throws IOException {
        scene.configMap("c", "'data':{'both':'captured'}");
        ApplyReport first = scene.apply();
        scene.server.requests().clear();
        assertThat(scene.apply()).isEqualTo(first);
        assertThat(first.updated()).isEqualTo(1);
        assertThat(scene.written()).containsExactly("POST configmaps");
    }

    @Test
    void preservesConcurrentWrites() throws IOException {
        scene.configMap("c", "'data':{'both':'captured'}");
        AtomicInteger puts = new AtomicInteger();
        scene.server.refuse((method, path) -> {
            if (method.equals("PUT") && puts.getAndIncrement() == 0) {
                scene.server.put(
                        ApplyFixture.CORE + "configmaps",
                        ApplyFixture.object("v1", "ConfigMap", "c", "'data':{'mine':'newer','both':'live'}"));
            }
            return 0;
        });
        assertThat(scene.apply().updated()).isEqualTo(1);
        assertThat(live().path("data")).isEqualTo(FakeApiServer.tree("{'mine':'newer','both':'captured'}"));
        assertThat(puts).hasValue(2);
    }

    @Test
    void anObjectThatCannotBeChangedIsReportedAndNeverDeleted() throws IOException {
        scene.configMap("c", "'data':{'both':'captured'}");
        scene.server.judge((method, body) -> method.equals("PUT") ? "field is immutable" : "");
        assertThat(scene.apply().failed()).singleElement().asString().contains("field is immutable");
        assertThat(scene.written()).noneMatch(w -> w.startsWith("DELETE"));
    }

    @Test
    void requiresUpdateButNotDeletePermission() throws IOException {
        scene.configMap("c", "'data':{'both':'captured'}");
        scene.server.allow((verb, resource) -> !verb.equals("delete"));
        assertThat(scene.apply().updated()).isEqualTo(1);
        scene.server.allow((verb, resource) -> !verb.equals("update"));
        assertThatThrownBy(scene::apply).hasMessageContaining("update configmaps");
        scene.server.allow((verb, resource) -> !verb.equals("get"));
        assertThatThrownBy(scene::apply).hasMessageContaining("get configmaps");
    }

    private JsonNode live() {
        return scene.server.at(ApplyFixture.CORE + "configmaps/c");
    }
}
