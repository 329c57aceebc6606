package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Layout;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whose rights count when a point is restored into a sandbox. */
class SandboxRestoreTest {
    private static final AuthorStamps STAMPS = StampFixture.stamps();
    private static final Author JANE = new Author("jane", "", List.of("dev"), Map.of());
    private static final Author OPERATOR = new Author("system:serviceaccount:bw:operator", "", List.of(), Map.of());

    private final BackupLocation location = new BackupLocation();
    private FakeApiServer server;
    private PointArchive archives;

    @BeforeEach
    void open() throws IOException {
        server = new FakeApiServer().serveUsual();
        archives = new PointArchive(
                server.client(), TestConfig.of(Map.of("breakwater.namespace", "backup")), null, STAMPS);
        location.setMetadata(new ObjectMetaBuilder()
                .withName("shared")
                .withNamespace("backup")
                .build());
        location.setSpec(new BackupLocationSpec());
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void asksForTheRightsOfTheAuthorInTheCapturedNamespace() {
        server.allow((verb, resource) -> !resource.equals("pods"));
        assertThatThrownBy(() -> archives.authorizeFiles(run(JANE, "backup", true)))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                .hasMessageContaining("author jane may not create pods in namespace shop");
        assertThat(server.requests())
                .filteredOn(r -> r.path().endsWith("/subjectaccessreviews"))
                .isNotEmpty()
                .allSatisfy(r -> {
                    assertThat(r.body().at("/spec/user").asText()).isEqualTo("jane");
                    assertThat(r.body().at("/spec/resourceAttributes/namespace").asText())
                            .isEqualTo("shop");
                });
    }

    /** The label comes from the operator only in its own namespace, where tenants cannot write. */
    @Test
    void treatsNoRestoreOfATenantAsOneOfASandbox() {
        assertThat(run(JANE, "shop", true).isSandbox("backup")).isFalse();
        assertThat(run(JANE, "backup", false).isSandbox("backup")).isFalse();
        assertThat(run(JANE, "backup", true).isSandbox("backup")).isTrue();
    }

    @Test
    void restoresNothingUnsignedIntoASandbox() {
        location.getSpec().layout = Layout.Velero;
        assertThatThrownBy(() -> archives.authorizeFiles(run(OPERATOR, "backup", true)))
                .hasMessageContaining("backups of Velero have no signature");
        assertThatCode(() -> archives.authorizeFiles(run(OPERATOR, "backup", false)))
                .doesNotThrowAnyException();
    }

    /** A missing namespace is the only cluster-scoped object that this method would create. */
    @Test
    void createsNothingClusterScopedForASandbox() {
        assertThatThrownBy(() -> archives.isNamespaceMissing(run(JANE, "backup", true)))
                .hasMessageContaining("namespace bv-1 does not exist");
        assertThat(archives.isNamespaceMissing(run(JANE, "backup", false))).isTrue();
    }

    private RestoreRun run(Author author, String namespace, boolean sandbox) {
        Restore restore = new Restore();
        restore.setMetadata(new ObjectMetaBuilder()
                .withName("bv-1")
                .withNamespace(namespace)
                .withUid("u1")
                .build());
        restore.setSpec(new RestoreSpec());
        restore.getSpec().targetNamespace = "bv-1";
        restore.setStatus(new RestoreStatus());
        restore.getMetadata().setLabels(sandbox ? Map.of(Api.SANDBOX, "v1") : Map.of());
        restore.getMetadata().setAnnotations(Map.of(Api.AUTHOR, STAMPS.stamp(author, restore, restore.getSpec())));
        PointDocument document = StampedRestores.document();
        return new RestoreRun(
                restore, null, Clock.systemUTC(), () -> new RestoreRun.Source(location, document, "digest"), () -> {});
    }
}
