package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Layout;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.ObjectRule;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus;
import io.breakwater.catalog.ArchiveSpools;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.PointKeys;
import io.breakwater.trust.StampFixture;
import io.breakwater.velero.ArchiveWriter;
import io.breakwater.velero.ObjectKey;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Restores of a point with a Role, by the author of the Restore, its namespace and the location of the point. */
class UnvouchedRestoreTest {
    private static final AuthorStamps STAMPS = StampFixture.stamps();
    private static final String OPERATOR = "system:serviceaccount:bw:operator";
    private static final String ROLE = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/r";

    private byte[] archive;
    private FakeApiServer server;
    private PointArchive archives;

    @BeforeEach
    void capture() throws IOException {
        server = new FakeApiServer().serveUsual();
        archives = new PointArchive(
                server.client(),
                TestConfig.of(Map.of("breakwater.namespace", "backup", "breakwater.restore.impersonate", "false")),
                new ArchiveSpools(null, null, 1L << 40) {
                    @Override
                    public InputStream open(
                            String run, BackupLocation location, PointDocument document, String digest) {
                        return new ByteArrayInputStream(archive);
                    }
                },
                STAMPS);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, Instant.EPOCH)) {
            add(writer, new ObjectKey("", "configmaps", "shop", "c"), "v1", "ConfigMap", "c", "'data':{}");
            add(
                    writer,
                    new ObjectKey("rbac.authorization.k8s.io", "roles", "shop", "r"),
                    "rbac.authorization.k8s.io/v1",
                    "Role",
                    "r",
                    "'rules':[]");
            writer.finish();
        }
        archive = out.toByteArray();
    }

    @AfterEach
    void close() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        // author, Restore in, location in, layout, rights everywhere, kind is named, Role is restored
        "jane,     shop,   backup, Breakwater, false, false, true",
        "jane,     shop,   shop,   Breakwater, false, false, false",
        "jane,     shop,   shop,   Breakwater, false, true,  true",
        "argo,     shop,   shop,   Breakwater, true,  false, false",
        "argo,     shop,   shop,   Breakwater, true,  true,  true",
        "admin,    backup, backup, Breakwater, true,  false, true",
        "admin,    backup, shop,   Breakwater, true,  false, false",
        "admin,    backup, shop,   Breakwater, true,  true,  true",
        "admin,    backup, backup, Velero,     true,  false, false",
        "operator, shop,   backup, Breakwater, true,  false, true"
    })
    void restoresARoleByWhoVouchesAndWhoAsks(
            String author,
            String namespace,
            String location,
            Layout layout,
            boolean everywhere,
            boolean named,
            boolean restored) {
        server.allow((verb, resource) -> everywhere || !resource.startsWith("rolebindings."));

        var report = archives.apply(run(author, namespace, location(location, layout), named));

        assertThat(report.failed()).isEmpty();
        assertThat(server.at("/api/v1/namespaces/shop/configmaps/c")).isNotNull();
        assertThat(server.at(ROLE) != null).isEqualTo(restored);
        assertThat(report.warnings()).hasSize(restored ? 0 : 1);
    }

    /** A tenant can seal any content in a location of the own namespace, and write the lease of the own plan. */
    @Test
    void restoresFromALocationOfTheNamespaceWithTheRightsOfTheAuthorOfThePlan() {
        RestoreRun run = run("operator", "shop", location("shop", Layout.Breakwater), false);
        run.restore().getMetadata().setLabels(Map.of(Api.PLAN, "plan"));
        assertThatThrownBy(() -> archives.apply(run))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                .hasMessageContaining("author of the FailoverPlan, who is unknown");

        FailoverPlan plan = Serialization.unmarshal("""
                metadata: {namespace: shop, name: plan}
                spec: {sites: [{name: east, locationRef: {name: l}}], activeSite: east, policyRef: {name: p}}
                """, FailoverPlan.class);
        STAMPS.sign(new Author("jane", "", List.of(), Map.of()), plan);
        server.put(
                "/apis/breakwater.io/v1alpha1/namespaces/shop/failoverplans",
                FakeApiServer.tree(Serialization.asJson(plan)));
        server.allow((verb, resource) -> !resource.equals("configmaps"));
        assertThatThrownBy(() -> archives.apply(run)).hasMessageContaining("author jane may not get/create configmaps");

        server.allow((verb, resource) -> true);
        assertThat(archives.apply(run).failed()).isEmpty();
        assertThat(server.at("/api/v1/namespaces/shop/configmaps/c")).isNotNull();
    }

    private static void add(
            ArchiveWriter writer, ObjectKey key, String apiVersion, String kind, String name, String rest)
            throws IOException {
        String json = "{'apiVersion':'" + apiVersion + "','kind':'" + kind + "','metadata':{'name':'" + name
                + "','namespace':'shop'}," + rest + "}";
        writer.add(key, "v1", kind, json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    private static RestoreRun run(String author, String namespace, BackupLocation location, boolean named) {
        Restore restore = new Restore();
        restore.setMetadata(new ObjectMetaBuilder()
                .withName("r1")
                .withNamespace(namespace)
                .withUid("u1")
                .build());
        restore.setSpec(new RestoreSpec());
        restore.getSpec().targetNamespace = "shop";
        restore.getSpec().onConflict = OnConflict.Skip;
        if (named) {
            ObjectRule rule = new ObjectRule();
            rule.kinds = List.of("configmaps", "roles.rbac.authorization.k8s.io");
            restore.getSpec().include = List.of(rule);
        }
        restore.setStatus(new RestoreStatus());
        Author stamped = new Author(author.equals("operator") ? OPERATOR : author, "", List.of(), Map.of());
        restore.getMetadata().setAnnotations(Map.of(Api.AUTHOR, STAMPS.stamp(stamped, restore, restore.getSpec())));
        PointDocument document = PointDocument.builder(PointKeys.of("east", "shop", "p"), "uid")
                .archive("archive", 2)
                .build();
        return new RestoreRun(
                restore, null, Clock.systemUTC(), () -> new RestoreRun.Source(location, document, "digest"), () -> {});
    }

    private static BackupLocation location(String namespace, Layout layout) {
        BackupLocation location = new BackupLocation();
        location.setMetadata(
                new ObjectMetaBuilder().withName("l").withNamespace(namespace).build());
        location.setSpec(new BackupLocationSpec());
        location.getSpec().layout = layout;
        return location;
    }
}
