package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectRule;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.trust.Author;
import io.breakwater.trust.ContentRule;
import io.breakwater.trust.ContentRule.Asker;
import io.breakwater.velero.ArchiveWriter;
import io.breakwater.velero.ObjectKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResourceApplyTest {
    private static final String CORE = "/api/v1/namespaces/shop/";
    private static final String APPS = "/apis/apps/v1/namespaces/shop/";
    private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/";
    private static final String OPERATOR = "system:serviceaccount:bw:operator";

    private FakeApiServer server;
    private final List<ObjectNode> archived = new ArrayList<>();
    private Author author = new Author("alice", "", List.of("team"), Map.of());
    private String target = "shop";
    private boolean admin;
    private final RestoreSpec spec = new RestoreSpec();

    @BeforeEach
    void start() throws IOException {
        server = new FakeApiServer().serveUsual();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void refusesMoreObjectsThanOneRestoreMayHave() throws IOException {
        try (ApplyFixture shop = new ApplyFixture()) {
            shop.configMap("a", "");
            shop.configMap("b", "");
            ApplyPlan.read(shop.request(), new ApplyPlan.Limits(2, 1000)).close();
            for (ApplyPlan.Limits limits : List.of(new ApplyPlan.Limits(1, 1000), new ApplyPlan.Limits(2, 100))) {
                assertThatThrownBy(() -> ApplyPlan.read(shop.request(), limits))
                        .isInstanceOfSatisfying(
                                BreakwaterException.class,
                                e -> assertThat(e.reason()).isEqualTo(Reason.Tampered))
                        .hasMessageContaining("exceeds the limit of " + limits.objects() + " objects");
            }
        }
    }

    /** One object of 2 MiB could become a tree of some hundred MiB. */
    @Test
    void reportsObjectsOverALimitAsFailedAndRestoresTheOthers() throws IOException {
        try (ApplyFixture shop = new ApplyFixture()) {
            shop.configMap("many", "'data':[" + "[],".repeat(600_000) + "0]");
            ObjectNode deep = shop.configMap("deep", "");
            deep.putRawValue("data", new RawValue("[".repeat(1000) + "]".repeat(1000)));
            shop.configMap("large", "'data':{'a':'" + "x".repeat(3 << 20) + "'}");
            shop.claim("large", "'data':{'a':'" + "x".repeat(3 << 20) + "'}");
            shop.configMap("legal", "'data':" + "[".repeat(900) + "]".repeat(900));
            assertThat(shop.preview().objects()).isEqualTo(1);
            assertThat(new ResourceApply(shop.server.client()).claims(shop.request()))
                    .isEmpty();

            ApplyReport report = shop.apply();
            assertThat(report.created()).isEqualTo(1);
            assertThat(report.failed().stream().map(ApplyReport.Failure::toString))
                    .satisfiesExactly(
                            many -> assertThat(many)
                                    .startsWith("configmaps shop/many: ")
                                    .contains("(1000000"),
                            depth -> assertThat(depth)
                                    .startsWith("configmaps shop/deep: ")
                                    .contains("(1000,"),
                            large -> assertThat(large)
                                    .startsWith("configmaps shop/large: it has 3145")
                                    .contains("at most 3145728"),
                            claim -> assertThat(claim).startsWith("persistentvolumeclaims shop/large: it has 3145"));
            assertThat(shop.written()).containsExactly("POST configmaps");
        }
    }

    @Test
    void ignoresObjectsOverALimitThatAreNotSelected() throws IOException {
        try (ApplyFixture shop = new ApplyFixture()) {
            shop.configMap("large", "'data':{'a':'" + "x".repeat(3 << 20) + "'}");
            shop.configMap("a", "");
            assertThat(shop.spec("{include: [{names: [a]}]}").apply().failed()).isEmpty();
            assertThat(shop.spec("{exclude: [{names: [large]}]}").apply().failed())
                    .isEmpty();
            assertThat(shop.spec("{exclude: [{labelSelector: {matchLabels: {a: b}}}]}")
                            .apply()
                            .failed())
                    .hasSize(1);
        }
    }

    @Test
    void createsObjectsInWaves() throws IOException {
        archive("Deployment", "web", "'spec':{'replicas':1}");
        archive("Service", "web", "'spec':{'selector':{'a':'b'}}");
        archive("RoleBinding", "b", "'roleRef':{'kind':'Role','name':'r'}");
        archive("Role", "r", "'rules':[]");
        archive("Secret", "s", "'data':{'a':'eA=='}");
        archive("ServiceAccount", "web", "");
        ApplyReport report = apply(OnConflict.Fail);
        assertThat(report.failed()).isEmpty();
        assertThat(report.created()).isEqualTo(6);
        List<String> order = written();
        assertThat(order.subList(0, 2)).containsExactlyInAnyOrder("POST secrets", "POST serviceaccounts");
        assertThat(order.subList(2, 6))
                .containsExactly("POST roles", "POST rolebindings", "POST services", "POST deployments");
    }

    @Test
    void countsTheSameOnASecondRunWithoutChanges() throws IOException {
        server.put(CORE + "configmaps", object("ConfigMap", "old", "'data':{'a':'0'}"));
        archive("ConfigMap", "old", "'data':{'a':'1'}");
        archive("ConfigMap", "new", "'data':{'a':'1'}");
        ApplyReport first = apply(OnConflict.Replace);
        server.requests().clear();
        ApplyReport second = apply(OnConflict.Replace);
        assertThat(first).isEqualTo(new ApplyReport(1, 0, 1, 0, 0, List.of(), List.of(), List.of(), List.of()));
        assertThat(second).isEqualTo(first);
        assertThat(server.requests())
                .noneMatch(r -> r.method().equals("PUT") || r.method().equals("DELETE"));
    }

    @Test
    void skipsExistingObjects() throws IOException {
        server.put(CORE + "configmaps", object("ConfigMap", "c", "'data':{'a':'0'}"));
        archive("ConfigMap", "c", "'data':{'a':'1'}");
        assertThat(apply(OnConflict.Skip).skipped()).isEqualTo(1);
        assertThat(data("c")).isEqualTo("0");
    }

    @Test
    void reportsExistingObjectsWithoutChangingThem() throws IOException {
        server.put(CORE + "configmaps", object("ConfigMap", "c", "'data':{'a':'0'}"));
        archive("ConfigMap", "c", "'data':{'a':'1'}");
        ResourceApply.Preview preview = new ResourceApply(server.client()).preview(request(OnConflict.Fail));
        assertThat(preview.existing()).containsExactly("configmaps shop/c");
        assertThat(apply(OnConflict.Fail).failed())
                .singleElement()
                .asString()
                .contains("configmaps shop/c")
                .contains("onConflict is Fail");
        assertThat(data("c")).isEqualTo("0");
    }

    @Test
    void replacesChangedObjectsAndCountsExtraOnes() throws IOException {
        server.put(CORE + "configmaps", object("ConfigMap", "c", "'data':{'a':'0','more':'x'}"));
        server.put(CORE + "configmaps", object("ConfigMap", "same", "'data':{'a':'1'}"));
        server.put(CORE + "configmaps", object("ConfigMap", "extra", "'data':{'a':'1'}"));
        archive("ConfigMap", "c", "'data':{'a':'1'}");
        archive("ConfigMap", "same", "'data':{'a':'1'}");
        assertThat(apply(OnConflict.Replace))
                .isEqualTo(new ApplyReport(0, 0, 1, 1, 1, List.of(), List.of(), List.of(), List.of()));
        assertThat(server.at(CORE + "configmaps/c").path("data")).isEqualTo(FakeApiServer.tree("{'a':'1'}"));
        assertThat(server.at(CORE + "configmaps/extra")).isNotNull();
    }

    @Test
    void recreatesObjectsWithImmutableFields() throws IOException {
        server.put(APPS + "statefulsets", object("StatefulSet", "db", "'spec':{'serviceName':'old'}"));
        archive("StatefulSet", "db", "'spec':{'serviceName':'new'}");
        server.judge((method, body) -> method.equals("PUT") ? "spec: Forbidden: updates to statefulset spec" : "");
        assertThat(apply(OnConflict.Replace).replaced()).isEqualTo(1);
        assertThat(server.at(APPS + "statefulsets/db")
                        .path("spec")
                        .path("serviceName")
                        .asText())
                .isEqualTo("new");
        JsonNode options = server.requests().stream()
                .filter(r -> r.method().equals("DELETE"))
                .findFirst()
                .orElseThrow()
                .body();
        assertThat(options.path("propagationPolicy").asText()).isEqualTo("Orphan");
    }

    @Test
    void deletesNoCustomResourceToReplaceIt() throws IOException {
        server.serve("acme.io/v1", "Widget", "widgets", true);
        server.put("/apis/acme.io/v1/namespaces/shop/widgets", object("Widget", "w", "'spec':{'a':1}"));
        archive("Widget", "w", "'spec':{'a':2}");
        server.judge((method, body) -> method.equals("PUT") ? "immutable" : "");
        assertThat(apply(OnConflict.Replace).failed())
                .singleElement()
                .asString()
                .contains("immutable");
        assertThat(server.requests()).noneMatch(r -> r.method().equals("DELETE"));
    }

    @Test
    void preservesTheClusterIpOfAReplacedService() throws IOException {
        server.put(CORE + "services", object("Service", "s", "'spec':{'clusterIP':'10.0.0.9','ports':[{'port':1}]}"));
        archive("Service", "s", "'spec':{'clusterIP':'10.0.0.1','ports':[{'port':2}]}");
        assertThat(apply(OnConflict.Replace).replaced()).isEqualTo(1);
        assertThat(server.at(CORE + "services/s").path("spec"))
                .isEqualTo(FakeApiServer.tree("{'ports':[{'port':2}],'clusterIP':'10.0.0.9'}"));
    }

    @Test
    void omitsAnAllocatedNodePortWithAWarning() throws IOException {
        archive("Service", "s", "'spec':{'ports':[{'port':80,'nodePort':30080}]}");
        server.judge((method, body) -> body.path("spec").path("ports").path(0).has("nodePort")
                ? "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"
                : "");
        ApplyReport report = apply(OnConflict.Fail);
        assertThat(report.created()).isEqualTo(1);
        assertThat(report.warnings()).singleElement().asString().contains("other node ports");
    }

    @Test
    void relinksOwnersInAnyOrder() throws IOException {
        server.serve("acme.io/v1", "Widget", "widgets", true);
        ObjectNode widget = archive("Widget", "w", "'spec':{}");
        ((ObjectNode) widget.path("metadata")).put("uid", "old-uid");
        owned(archive("Secret", "made", ""), "old-uid");
        owned(archive("ConfigMap", "orphan", ""), "unknown-uid");
        apply(OnConflict.Fail);
        String uid = server.at("/apis/acme.io/v1/namespaces/shop/widgets/w")
                .path("metadata")
                .path("uid")
                .asText();
        assertThat(uid).isNotEqualTo("old-uid");
        assertThat(server.at(CORE + "secrets/made")
                        .path("metadata")
                        .path("ownerReferences")
                        .path(0)
                        .path("uid")
                        .asText())
                .isEqualTo(uid);
        assertThat(server.at(CORE + "configmaps/orphan").path("metadata").has("ownerReferences"))
                .isFalse();
    }

    @Test
    void warnsInsteadOfFailingForAReplacedPolicy() throws IOException {
        server.serve("breakwater.io/v1alpha1", "BackupPolicy", "backuppolicies", true);
        server.refuse((method, path) -> method.equals("POST") && path.endsWith("/backuppolicies") ? 403 : 0);
        archive("BackupPolicy", "former", "'spec':{}");
        ApplyReport report = apply(OnConflict.Skip);
        assertThat(report.failed()).as("there is none").hasSize(1);

        server.put(
                "/apis/breakwater.io/v1alpha1/namespaces/shop/backuppolicies",
                object("BackupPolicy", "all", "'spec':{}"));
        report = apply(OnConflict.Skip);
        assertThat(report.failed()).isEmpty();
        assertThat(report.warnings()).anyMatch(w -> w.contains("the namespace has another BackupPolicy now"));
    }

    @Test
    void skipsGeneratedObjectsAndReplacesNoBreakwaterObjects() throws IOException {
        server.serve("breakwater.io/v1alpha1", "FailoverPlan", "failoverplans", true);
        server.serve("breakwater.io/v1alpha1", "BackupPolicy", "backuppolicies", true);
        server.put(
                "/apis/breakwater.io/v1alpha1/namespaces/shop/backuppolicies",
                object("BackupPolicy", "p", "'spec':{'suspend':true}"));
        archive("FailoverPlan", "plan", "'spec':{'activeSite':'east'}");
        archive("BackupPolicy", "p", "'spec':{'suspend':false}");
        archive("PersistentVolumeClaim", "data", "'spec':{}");
        archive("Job", "done", "'status':{'conditions':[{'type':'Complete','status':'True'}]}");
        archive("Pod", "over", "'status':{'phase':'Succeeded'}");
        archive("Service", "web", "'spec':{'selector':{'a':'b'}}");
        archive("Endpoints", "web", "");
        archive("Endpoints", "external", "");
        ApplyReport report = apply(OnConflict.Replace);
        assertThat(report.failed()).isEmpty();
        assertThat(written()).containsExactlyInAnyOrder("POST services", "POST endpoints", "POST backuppolicies");
        assertThat(server.at("/apis/breakwater.io/v1alpha1/namespaces/shop/backuppolicies/p")
                        .path("spec")
                        .path("suspend")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void reportsUnservedKindsWithTheWayOut() throws IOException {
        ObjectNode widget = FakeApiServer.tree("{'metadata':{'name':'w','namespace':'shop'}}");
        widget.put("apiVersion", "acme.io/v1").put("kind", "Widget");
        archived.add(widget);
        assertThat(apply(OnConflict.Fail).failed())
                .singleElement()
                .asString()
                .contains("widgets.acme.io shop/w")
                .contains("CustomResourceDefinition");
    }

    @Test
    void mapsSubjectsToTheTargetNamespace() throws IOException {
        target = "copy";
        archive(
                "RoleBinding",
                "b",
                "'roleRef':{'kind':'Role','name':'r'},'subjects':[{'kind':'ServiceAccount','namespace':'shop','name':'a'}]");
        author = new Author(OPERATOR, "", List.of(), Map.of());
        assertThat(apply(OnConflict.Fail).created()).isEqualTo(1);
        JsonNode binding = server.at("/apis/rbac.authorization.k8s.io/v1/namespaces/copy/rolebindings/b");
        assertThat(binding.path("subjects").path(0).path("namespace").asText()).isEqualTo("copy");
    }

    @Test
    void createsMissingClusterScopedObjectsForAdministratorsOnly() throws IOException {
        server.put("/apis/storage.k8s.io/v1/storageclasses", object("StorageClass", "fast", "'provisioner':'live'"));
        archive("StorageClass", "fast", "'provisioner':'old'");
        archive("StorageClass", "slow", "'provisioner':'old'");
        assertThat(apply(OnConflict.Replace))
                .isEqualTo(new ApplyReport(0, 0, 0, 0, 0, List.of(), List.of(), List.of(), List.of()));
        admin = true;
        assertThat(apply(OnConflict.Replace))
                .isEqualTo(new ApplyReport(1, 0, 0, 1, 0, List.of(), List.of(), List.of(), List.of()));
        assertThat(server.at("/apis/storage.k8s.io/v1/storageclasses/fast")
                        .path("provisioner")
                        .asText())
                .isEqualTo("live");
    }

    @Test
    void updatesTheDefaultServiceAccount() throws IOException {
        server.put(CORE + "serviceaccounts", object("ServiceAccount", "default", ""));
        archive("ServiceAccount", "default", "'imagePullSecrets':[{'name':'pull'}]");
        assertThat(new ResourceApply(server.client())
                        .preview(request(OnConflict.Fail))
                        .existing())
                .isEmpty();
        assertThat(apply(OnConflict.Fail).failed()).isEmpty();
        assertThat(server.at(CORE + "serviceaccounts/default").path("imagePullSecrets"))
                .hasSize(1);
    }

    @Test
    void createsAMissingNamespaceForAdministratorsOnly() throws IOException {
        target = "copy";
        archive("Namespace", "shop", "");
        ((ObjectNode) archived.getFirst().path("metadata"))
                .set("labels", FakeApiServer.tree("{'team':'a','breakwater.io/standby':'true'}"));
        ResourceApply apply = new ResourceApply(server.client());
        assertThatThrownBy(() -> apply.createNamespace(request(OnConflict.Fail)))
                .hasMessageContaining("namespace copy does not exist");
        admin = true;
        assertThat(apply.createNamespace(request(OnConflict.Fail))).isTrue();
        assertThat(apply.createNamespace(request(OnConflict.Fail))).isFalse();
        assertThat(server.at("/api/v1/namespaces/copy").path("metadata").path("labels"))
                .isEqualTo(FakeApiServer.tree("{'team':'a'}"));
    }

    @Test
    void readsCapturedClaimsUnchanged() throws IOException {
        archive("PersistentVolumeClaim", "data", "'spec':{'volumeName':'pv1'}");
        assertThat(new ResourceApply(server.client()).claims(request(OnConflict.Fail)))
                .singleElement()
                .satisfies(c -> {
                    assertThat(c.getMetadata().getName()).isEqualTo("data");
                    assertThat(c.getSpec().getVolumeName()).isEqualTo("pv1");
                });
    }

    @Test
    void changesNothingWhenTheAuthorLacksAPermission() {
        archive("ConfigMap", "c", "");
        archive("Secret", "s", "");
        server.allow((verb, resource) -> !resource.equals("secrets") && !verb.equals("delete"));
        assertThatThrownBy(() -> apply(OnConflict.Replace))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                .hasMessageContaining("alice")
                .hasMessageContaining("get/create/update/delete secrets")
                .hasMessageContaining("delete configmaps");
        assertThat(written()).isEmpty();
    }

    /** An API server that serves roles under a second group checks them for the operator, which may grant everything. */
    @Test
    void grantsNoRightsThroughAGroupWhoseRulesOnlyTheApiServerKnows() throws IOException {
        server.serve("authorization.openshift.io/v1", "Role", "roles", true);
        ObjectNode role = object("Role", "r", "'rules':[]");
        role.put("apiVersion", "authorization.openshift.io/v1");
        archived.add(role);
        ApplyReport report = apply(OnConflict.Fail);
        assertThat(report.created()).isZero();
        assertThat(report.failed())
                .singleElement()
                .satisfies(f -> assertThat(f.reason()).contains("only impersonation can check"));
    }

    @Test
    void refusesRolesThatExceedTheRightsOfTheAuthor() throws IOException {
        archive("Role", "r", "'rules':[{'apiGroups':[''],'resources':['secrets'],'verbs':['get']}]");
        archive("RoleBinding", "b", "'roleRef':{'kind':'ClusterRole','name':'admin'}");
        server.put(
                "/apis/rbac.authorization.k8s.io/v1/clusterroles",
                object("ClusterRole", "admin", "'rules':[{'apiGroups':['*'],'resources':['*'],'verbs':['*']}]"));
        server.allow((verb, resource) -> verb.equals("create") || verb.equals("get") && !resource.equals("secrets"));
        ApplyReport report = apply(OnConflict.Fail);
        assertThat(report.created()).isZero();
        assertThat(report.failed())
                .hasSize(2)
                .allSatisfy(f -> assertThat(f.reason()).contains("may not grant these permissions"));
        assertThat(report.failed().toString()).contains("get secrets").contains("* *.*");
        server.allow((verb, resource) -> true);
        assertThat(apply(OnConflict.Fail).created()).isEqualTo(2);
        assertThat(server.at(RBAC + "roles/r")).isNotNull();
    }

    @Test
    void skipsPermissionsOfContentThatNothingVouchesFor() throws IOException {
        author = new Author(OPERATOR, "", List.of(), Map.of());
        archive("RoleBinding", "b", "'roleRef':{'kind':'ClusterRole','name':'admin'}");
        archive("Role", "r", "'rules':[]");
        archive("ConfigMap", "c", "");
        ApplyRequest vouched = request(OnConflict.Replace);
        ApplyRequest unvouched = with(vouched, new ContentRule(false, Asker.OPERATOR));
        ApplyReport report = new ResourceApply(server.client()).apply(unvouched);
        assertThat(report.failed()).as("a failover continues without them").isEmpty();
        assertThat(report.created()).isEqualTo(1);
        assertThat(report.skipped()).isEqualTo(2);
        assertThat(report.warnings())
                .singleElement()
                .satisfies(w -> assertThat(w).contains("skipped 2 objects", "shop/b", "shop/r", "spec.include"));
        assertThat(new ResourceApply(server.client()).preview(unvouched).unvouched())
                .isPresent();
        assertThat(server.at(RBAC + "rolebindings/b")).isNull();
        assertThat(new ResourceApply(server.client()).apply(vouched).created()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({
        // who asks, who vouches, named in spec.include, restored
        "OPERATOR,      true,  false, true",
        "OPERATOR,      false, false, false",
        "OPERATOR,      false, true,  false",
        "USER,          true,  false, true",
        "USER,          false, false, false",
        "USER,          false, true,  true"
    })
    void restoresPermissionsByWhoVouchesAndWhoAsks(Asker asker, boolean vouched, boolean named, boolean restored)
            throws IOException {
        archive("Role", "r", "'rules':[]");
        archive("ConfigMap", "c", "");
        if (named) {
            ObjectRule roles = new ObjectRule();
            roles.kinds = List.of("roles.rbac.authorization.k8s.io", "configmaps");
            spec.include = List.of(roles);
        } else {
            // A rule that lists the kind names only the objects that it selects itself.
            ObjectRule other = new ObjectRule();
            other.kinds = List.of("roles.rbac.authorization.k8s.io");
            other.names = List.of("other");
            ObjectRule all = new ObjectRule();
            spec.include = List.of(other, all);
        }
        new ResourceApply(server.client()).apply(with(request(OnConflict.Skip), new ContentRule(vouched, asker)));
        assertThat(server.at(RBAC + "roles/r") != null).isEqualTo(restored);
        assertThat(server.at("/api/v1/namespaces/shop/configmaps/c")).isNotNull();
    }

    @Test
    void namesObjectsThatAreNotRestoredAndThatNothingCreates() throws IOException {
        archive("ConfigMap", "c", "");
        archive("Job", "import", "'status':{'conditions':[{'type':'Complete','status':'True'}]}");
        archive("Job", "report", "'status':{'conditions':[{'type':'Failed','status':'True'}]}");
        archive("Pod", "of-set", "'status':{'phase':'Succeeded'}");
        ApplyReport report = apply(OnConflict.Fail);
        assertThat(report.created()).isEqualTo(1);
        assertThat(report.skipped()).isEqualTo(3);
        assertThat(report.warnings())
                .containsExactly(
                        "2 objects are not restored because the Jobs had ended: jobs.batch shop/import, jobs.batch"
                                + " shop/report",
                        "1 object is not restored because the pods had ended: pods shop/of-set");
    }

    @Test
    void namesMissingClusterObjectsThatOnlyAnAdministratorRestores() throws IOException {
        archive("ConfigMap", "c", "");
        archive("StorageClass", "slow", "'provisioner':'old'");
        archive("StorageClass", "fast", "'provisioner':'old'");
        server.put("/apis/storage.k8s.io/v1/storageclasses", object("StorageClass", "fast", "'provisioner':'new'"));
        String warning = "1 object is not restored and missing here because only a Restore in the operator's namespace"
                + " creates cluster-scoped objects: storageclasses.storage.k8s.io slow";
        assertThat(preview().warnings()).containsExactly(warning);
        admin = true;
        assertThat(preview().warnings()).isEmpty();
    }

    private ResourceApply.Preview preview() throws IOException {
        return new ResourceApply(server.client()).preview(request(OnConflict.Skip));
    }

    @Test
    void restoresNothingIntoTheClusterThatNothingVouchesFor() throws IOException {
        admin = true;
        archive("StorageClass", "slow", "'provisioner':'old'");
        archive("ConfigMap", "c", "");
        ContentRule rule = new ContentRule(false, Asker.USER);
        ApplyReport report = new ResourceApply(server.client()).apply(with(request(OnConflict.Skip), rule));
        assertThat(report.warnings()).singleElement().asString().contains("storageclasses.storage.k8s.io slow");
        assertThat(server.at("/apis/storage.k8s.io/v1/storageclasses/slow")).isNull();

        ObjectRule named = new ObjectRule();
        named.names = List.of("slow");
        spec.include = List.of(named);
        new ResourceApply(server.client()).apply(with(request(OnConflict.Skip), rule));
        assertThat(server.at("/apis/storage.k8s.io/v1/storageclasses/slow"))
                .as("a name is not a kind")
                .isNull();

        named.kinds = List.of("storageclasses.storage.k8s.io");
        assertThat(new ResourceApply(server.client())
                        .apply(with(request(OnConflict.Skip), rule))
                        .created())
                .isEqualTo(1);
    }

    @Test
    void createsANamespaceWithoutLabelsThatNothingVouchesFor() throws IOException {
        admin = true;
        target = "copy";
        archive("Namespace", "shop", "");
        ((ObjectNode) archived.getFirst().path("metadata"))
                .set("labels", FakeApiServer.tree("{'pod-security.kubernetes.io/enforce':'privileged'}"));
        assertThat(new ResourceApply(server.client())
                        .createNamespace(with(request(OnConflict.Fail), new ContentRule(false, Asker.USER))))
                .isTrue();
        assertThat(server.at("/api/v1/namespaces/copy").path("metadata").has("labels"))
                .isFalse();
    }

    private static ApplyRequest with(ApplyRequest request, ContentRule rule) {
        return new ApplyRequest(
                request.archive(),
                request.sourceNamespace(),
                request.targetNamespace(),
                request.spec(),
                request.allowClusterScoped(),
                request.runId(),
                request.author().with(rule),
                request.sandbox());
    }

    @Test
    void trustsTheOperator() throws IOException {
        author = new Author(OPERATOR, "", List.of(), Map.of());
        archive("ConfigMap", "c", "");
        server.allow((verb, resource) -> false);
        assertThat(apply(OnConflict.Fail).created()).isEqualTo(1);
    }

    @Test
    void refusesObjectsThatDoNotMatchTheirPath() {
        assertThatThrownBy(() -> apply(
                        OnConflict.Fail,
                        archiveOf(new ObjectKey("", "configmaps", "shop", "c"), object("Secret", "c", ""))))
                .as("kind is checked against discovery, group and name against the path")
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> apply(
                        OnConflict.Fail,
                        archiveOf(new ObjectKey("", "configmaps", "shop", "c"), object("ConfigMap", "other", ""))))
                .hasMessageContaining("does not match its path in the archive");
        assertThatThrownBy(() -> apply(
                        OnConflict.Fail,
                        archiveOf(new ObjectKey("apps", "deployments", "shop", "c"), object("ConfigMap", "c", ""))))
                .hasMessageContaining("does not match its path in the archive");
        assertThat(written()).isEmpty();
    }

    private ObjectNode archive(String kind, String name, String rest) {
        ObjectNode object = object(kind, name, rest);
        archived.add(object);
        return object;
    }

    private static void owned(ObjectNode object, String uid) {
        ((ObjectNode) object.path("metadata"))
                .putArray("ownerReferences")
                .addObject()
                .put("apiVersion", "acme.io/v1")
                .put("kind", "Widget")
                .put("name", "w")
                .put("uid", uid);
    }

    private static String group(String kind) {
        return switch (kind) {
            case "Deployment", "StatefulSet" -> "apps/v1";
            case "Job" -> "batch/v1";
            case "Role", "RoleBinding", "ClusterRole" -> "rbac.authorization.k8s.io/v1";
            case "StorageClass" -> "storage.k8s.io/v1";
            case "Widget" -> "acme.io/v1";
            case "FailoverPlan", "BackupPolicy" -> "breakwater.io/v1alpha1";
            default -> "v1";
        };
    }

    private static ObjectNode object(String kind, String name, String rest) {
        boolean cluster = List.of("StorageClass", "ClusterRole", "Namespace").contains(kind);
        String namespace = cluster ? "" : ",'namespace':'shop'";
        return FakeApiServer.tree("{'apiVersion':'" + group(kind) + "','kind':'" + kind + "','metadata':{'name':'"
                + name + "'" + namespace + "}" + (rest.isEmpty() ? "" : "," + rest) + "}");
    }

    private static ObjectKey key(ObjectNode object) {
        String kind = object.path("kind").asText();
        String plural = kind.equals("Endpoints")
                ? "endpoints"
                : kind.equals("BackupPolicy")
                        ? "backuppolicies"
                        : kind.toLowerCase(java.util.Locale.ROOT) + (kind.endsWith("s") ? "es" : "s");
        String version = object.path("apiVersion").asText();
        String group = version.contains("/") ? version.substring(0, version.indexOf('/')) : "";
        JsonNode meta = object.path("metadata");
        return new ObjectKey(
                group,
                plural,
                meta.path("namespace").asText(""),
                meta.path("name").asText());
    }

    private byte[] archiveBytes() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, Instant.EPOCH)) {
            for (ObjectNode o : archived) {
                writer.add(key(o), "v1", o.path("kind").asText(), ApiServer.JSON.writeValueAsBytes(o));
            }
            writer.finish();
        }
        return out.toByteArray();
    }

    private static byte[] archiveOf(ObjectKey key, ObjectNode object) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, Instant.EPOCH)) {
            writer.add(key, "v1", "Any", ApiServer.JSON.writeValueAsBytes(object));
            writer.finish();
        }
        return out.toByteArray();
    }

    private ApplyRequest request(OnConflict onConflict) throws IOException {
        return request(onConflict, archiveBytes());
    }

    private ApplyRequest request(OnConflict onConflict, byte[] archive) {
        spec.onConflict = onConflict;
        return new ApplyRequest(
                () -> new ByteArrayInputStream(archive),
                "shop",
                target,
                spec,
                admin,
                "run-1",
                AuthorCheck.of(server.client(), author, OPERATOR, false),
                Optional.empty());
    }

    private ApplyReport apply(OnConflict onConflict) throws IOException {
        return new ResourceApply(server.client()).apply(request(onConflict));
    }

    private void apply(OnConflict onConflict, byte[] archive) throws IOException {
        ApplyReport report = new ResourceApply(server.client()).apply(request(onConflict, archive));
        assertThat(report.failed()).isEmpty();
    }

    /** Writes with any result, such as {@code POST configmaps}. */
    private List<String> written() {
        return server.requests().stream()
                .filter(r -> !r.method().equals("GET") && !r.path().endsWith("reviews"))
                .map(r -> r.method() + " " + r.path().substring(r.path().lastIndexOf('/') + 1))
                .toList();
    }

    private String data(String configMap) {
        return server.at(CORE + "configmaps/" + configMap)
                .path("data")
                .path("a")
                .asText();
    }
}
