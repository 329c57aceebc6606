package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The path of an object in an archive can be a lie, so its scope comes from the API server. */
class ObjectScopeTest {
    private static final String CLASSES = "/apis/storage.k8s.io/v1/storageclasses/slow";

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void restoresNoClusterScopedObjectThatTheArchiveHasInTheNamespace(boolean dryRun) throws IOException {
        try (ApplyFixture fixture = new ApplyFixture()) {
            fixture.spec.dryRun = dryRun;
            fixture.admin = true;
            fixture.archive(
                    "storage.k8s.io/v1",
                    "StorageClass",
                    "storageclasses.storage.k8s.io",
                    "slow",
                    "'provisioner':'old'");
            fixture.configMap("c", "");
            ApplyReport report = fixture.apply();
            assertThat(report.failed()).singleElement().asString().contains("slow", "as a cluster-scoped kind");
            assertThat(fixture.server.at(CLASSES)).isNull();
            assertThat(report.created()).isEqualTo(1);
        }
    }

    @Test
    void restoresNoNamespacedObjectThatTheArchiveHasInTheCluster() throws IOException {
        try (ApplyFixture fixture = new ApplyFixture()) {
            fixture.admin = true;
            fixture.configMap("c", "");
            fixture.placeInCluster("c");
            ((ObjectNode) fixture.last().path("metadata")).remove("namespace");
            assertThat(fixture.apply().failed()).singleElement().asString().contains("as a namespaced kind");
            assertThat(fixture.server.at(ApplyFixture.CORE + "configmaps/c")).isNull();
        }
    }
}
