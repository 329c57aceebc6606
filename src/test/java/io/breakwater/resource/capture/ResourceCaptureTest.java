package io.breakwater.resource.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectRule;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.DiscoveryCache;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.resource.StorageVersions;
import io.breakwater.velero.ArchiveReader;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResourceCaptureTest {
    private static final String CORE = "/api/v1/namespaces/shop/";
    private FakeApiServer server;
    private CaptureScope scope = new CaptureScope(null, Set.of());
    private ResourceCapture.Result result;

    @BeforeEach
    void start() throws IOException {
        server = new FakeApiServer().serveUsual();
        server.put(
                "/api/v1/namespaces",
                "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'shop','labels':{'team':'a'}}}");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void capturesObjectsWithoutManagedFields() throws IOException {
        server.put(
                CORE + "configmaps",
                "{'metadata':{'name':'settings','namespace':'shop','managedFields':[{'manager':'x'}]},'data':{'a':'1'}}");
        Map<String, JsonNode> captured = capture();
        JsonNode settings = captured.get("configmaps shop/settings");
        assertThat(settings.path("apiVersion").asText()).isEqualTo("v1");
        assertThat(settings.path("kind").asText()).isEqualTo("ConfigMap");
        assertThat(settings.path("data").path("a").asText()).isEqualTo("1");
        assertThat(settings.path("metadata").path("uid").asText()).startsWith("uid-");
        assertThat(settings.path("metadata").has("managedFields")).isFalse();
        assertThat(captured).containsKey("namespaces shop");
        assertThat(result.count()).isEqualTo(2);
        assertThat(result.serverVersion()).isEqualTo("v1.34.4");
    }

    /** Secrets that open the points themselves, and those of Breakwater. */
    @Test
    void capturesNoSecretOfALocationOrOfBreakwater() throws IOException {
        server.serve("breakwater.io/v1alpha1", "BackupLocation", "backuplocations", true);
        server.put(
                "/apis/breakwater.io/v1alpha1/namespaces/shop/backuplocations",
                "{'metadata':{'name':'own','namespace':'shop'},'spec':{'s3':{'credentialsSecretRef':{'name':'keys'}},"
                        + "'encryption':{'passwordSecretRef':{'name':'master'},'escrowSecretRef':{'name':'escrow'}}}}");
        for (String name : List.of("keys", "master", "escrow", "breakwater-master-key", "app")) {
            server.put(CORE + "secrets", "{'metadata':{'name':'" + name + "','namespace':'shop'},'data':{'a':'MQ=='}}");
        }
        for (String label : List.of("exclude", "component", "run", "location-credentials")) {
            server.put(
                    CORE + "secrets",
                    "{'metadata':{'name':'" + label + "','namespace':'shop','labels':{'breakwater.io/" + label
                            + "':'true'}},'data':{'a':'MQ=='}}");
        }

        assertThat(capture().keySet().stream().filter(key -> key.startsWith("secrets ")))
                .containsExactly("secrets shop/app");
    }

    /** The list of the capture does not have the location, so it cannot say which Secrets the location names. */
    @Test
    void capturesNoSecretOfALocationThatTheSelectorHides() throws IOException {
        server.serve("breakwater.io/v1alpha1", "BackupLocation", "backuplocations", true);
        server.put(
                "/apis/breakwater.io/v1alpha1/namespaces/shop/backuplocations",
                "{'metadata':{'name':'own','namespace':'shop'},'spec':{'s3':{'credentialsSecretRef':{'name':'keys'}}}}");
        for (String name : List.of("keys", "app")) {
            server.put(
                    CORE + "secrets",
                    "{'metadata':{'name':'" + name
                            + "','namespace':'shop','labels':{'app':'shop'}},'data':{'a':'MQ=='}}");
        }
        scope(source -> source.labelSelector = label("app", "shop"));

        assertThat(capture().keySet().stream().filter(key -> key.startsWith("secrets ")))
                .containsExactly("secrets shop/app");
    }

    @Test
    void capturesNothingWhileTheLocationsOfTheNamespaceAreUnknown() {
        server.serve("breakwater.io/v1alpha1", "BackupLocation", "backuplocations", true);
        server.refuse((method, path) -> path.endsWith("/backuplocations") ? 403 : 0);

        assertThatThrownBy(this::capture)
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ResourcesFailed))
                .hasMessageContaining("backuplocations.breakwater.io of namespace shop cannot be listed");
    }

    @Test
    void readsAKindInItsStorageVersion() throws IOException {
        twoVersions("example.com/v1beta1");
        assertThat(capture()
                        .get("widgets.example.com shop/w")
                        .path("apiVersion")
                        .asText())
                .isEqualTo("example.com/v1beta1");
    }

    @Test
    void ignoresAStorageVersionThatIsNotServed() throws IOException {
        twoVersions("example.com/v1alpha1");
        assertThat(capture()
                        .get("widgets.example.com shop/w")
                        .path("apiVersion")
                        .asText())
                .isEqualTo("example.com/v1");
    }

    private void twoVersions(String stored) {
        for (String version : List.of("example.com/v1", "example.com/v1beta1")) {
            server.serve(version, "Widget", "widgets", true);
            server.put("/apis/" + version + "/namespaces/shop/widgets", "{'metadata':{'name':'w','namespace':'shop'}}");
        }
        server.store(stored, "Widget", "widgets");
    }

    /** The format that API servers have printed for years. */
    @Test
    void hashesVersionsLikeTheApiServer() {
        assertThat(StorageVersions.hash(new ApiKind("apps", "v1", "Deployment", "deployments", true, Set.of())))
                .isEqualTo("8aSe+NMegvE=");
        assertThat(StorageVersions.hash(new ApiKind("", "v1", "ConfigMap", "configmaps", true, Set.of())))
                .isEqualTo("qFsyl6wFWjQ=");
    }

    @Test
    void readsEveryPage() throws IOException {
        fill(1234);
        assertThat(capture()).hasSize(1235);
        assertThat(server.requests().stream().filter(r -> r.path().equals(CORE + "configmaps")))
                .hasSize(3);
    }

    @Test
    void resumesAListingAfterAnExpiredToken() throws IOException {
        fill(1234);
        server.expireTokens();
        assertThat(capture()).hasSize(1235);
    }

    @Test
    void excludesObjectsOfOtherNamespaces() throws IOException {
        server.put("/api/v1/namespaces/other/configmaps", "{'metadata':{'name':'x','namespace':'other'}}");
        assertThat(capture()).containsOnlyKeys("namespaces shop");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "events      | {'name':'e'}",
                "configmaps  | {'name':'kube-root-ca.crt'}",
                "configmaps  | {'name':'c','labels':{'breakwater.io/exclude':'true'}}",
                "configmaps  | {'name':'c','labels':{'velero.io/exclude-from-backup':'true'}}",
                "configmaps  | {'name':'c','deletionTimestamp':'2026-01-01T00:00:00Z'}",
                "secrets     | {'name':'s','labels':{'breakwater.io/run':'restorepoint.1'}}",
                "secrets     | {'name':'s','annotations':{'openshift.io/token-secret.name':'web-token-abcde'}}",
                "secrets     | {'name':'s','annotations':{'openshift.io/internal-registry-auth-token.service-account':'web'}}",
                "pods        | {'name':'p','labels':{'breakwater.io/component':'mover'}}",
                "pods        | {'name':'p','ownerReferences':[{'kind':'ReplicaSet','controller':true}]}",
                "pods        | {'name':'p','annotations':{'kubernetes.io/config.mirror':'x'}}",
                "serviceaccounts | {'name':'breakwater-mover'}",
                "secrets     | {'name':'breakwater-master-key'}",
                "endpoints   | {'name':'e','labels':{'endpoints.kubernetes.io/managed-by':'endpoint-controller'}}",
            })
    void excludesGeneratedAndMarkedObjects(String kind, String meta) throws IOException {
        server.put(CORE + kind, "{'metadata':" + meta + "}");
        assertThat(capture()).containsOnlyKeys("namespaces shop");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "configmaps  | {'name':'c','labels':{'breakwater.io/exclude':'false'}}",
                "configmaps  | {'name':'c','labels':{'breakwater.io/template':'all'}}",
                "secrets     | {'name':'s','ownerReferences':[{'kind':'Certificate','controller':true}]}",
                "pods        | {'name':'p'}",
                "pods        | {'name':'p','ownerReferences':[{'kind':'Thing','controller':false}]}",
                "endpoints   | {'name':'e'}",
                "serviceaccounts | {'name':'default'}",
            })
    void includesAllOtherObjects(String kind, String meta) throws IOException {
        server.put(CORE + kind, "{'metadata':" + meta + "}");
        assertThat(capture()).hasSize(2);
    }

    @Test
    void capturesDefinitionsOfCustomResources() throws IOException {
        server.serve("acme.io/v1", "Widget", "widgets", true);
        String definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        server.put(definitions, "{'metadata':{'name':'widgets.acme.io'}}");
        server.put(definitions, "{'metadata':{'name':'gadgets.acme.io'}}");
        server.put("/apis/acme.io/v1/namespaces/shop/widgets", "{'metadata':{'name':'w','namespace':'shop'}}");
        assertThat(capture())
                .containsOnlyKeys(
                        "namespaces shop",
                        "widgets.acme.io shop/w",
                        "customresourcedefinitions.apiextensions.k8s.io" + " widgets.acme.io");
    }

    @Test
    void capturesClusterObjectsThatClaimsAndBindingsNeed() throws IOException {
        server.put(
                CORE + "persistentvolumeclaims",
                "{'metadata':{'name':'data','namespace':'shop'},'spec':{'volumeName':'pv1','storageClassName':'fast'}}");
        server.put("/api/v1/persistentvolumes", "{'metadata':{'name':'pv1'}}");
        server.put("/api/v1/persistentvolumes", "{'metadata':{'name':'pv2'}}");
        server.put("/apis/storage.k8s.io/v1/storageclasses", "{'metadata':{'name':'fast'}}");
        String rbac = "/apis/rbac.authorization.k8s.io/v1/";
        server.put(
                rbac + "clusterrolebindings",
                "{'metadata':{'name':'b'},'roleRef':{'kind':'ClusterRole','name':'reader'},"
                        + "'subjects':[{'kind':'ServiceAccount','namespace':'shop','name':'web'}]}");
        server.put(
                rbac + "clusterrolebindings",
                "{'metadata':{'name':'foreign'},'roleRef':{'kind':'ClusterRole','name':'writer'},"
                        + "'subjects':[{'kind':'ServiceAccount','namespace':'bank','name':'web'}]}");
        server.put(rbac + "clusterroles", "{'metadata':{'name':'reader'}}");
        server.put(rbac + "clusterroles", "{'metadata':{'name':'writer'}}");
        assertThat(capture())
                .containsOnlyKeys(
                        "namespaces shop",
                        "persistentvolumeclaims shop/data",
                        "persistentvolumes pv1",
                        "storageclasses.storage.k8s.io fast",
                        "clusterrolebindings.rbac.authorization.k8s.io b",
                        "clusterroles.rbac.authorization.k8s.io reader");
    }

    @ParameterizedTest
    @CsvSource({
        "Group, system:serviceaccounts:shop, true",
        "User, system:serviceaccount:shop:web, true",
        "Group, system:serviceaccounts:shopping, false",
        "User, system:serviceaccount:shopping:web, false",
        "Group, system:serviceaccounts, false",
    })
    void capturesBindingsOfAccountsAsUsersAndGroups(String kind, String name, boolean captured) throws IOException {
        String rbac = "/apis/rbac.authorization.k8s.io/v1/";
        server.put(
                rbac + "clusterrolebindings",
                "{'metadata':{'name':'b'},'roleRef':{'kind':'ClusterRole','name':'reader'},'subjects':[{'kind':'" + kind
                        + "','name':'" + name + "'}]}");
        server.put(rbac + "clusterroles", "{'metadata':{'name':'reader'}}");
        assertThat(capture()).hasSize(captured ? 3 : 1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "persistentvolumeclaims | {'metadata':{'name':'a','annotations':{'volume.beta.kubernetes.io/storage-class':'fast'}},'spec':{}}"
                        + " | storage.k8s.io/v1 | StorageClass | storageclasses",
                "persistentvolumeclaims | {'metadata':{'name':'a'},'spec':{'volumeAttributesClassName':'fast'}}"
                        + " | storage.k8s.io/v1 | VolumeAttributesClass | volumeattributesclasses",
                "pods | {'metadata':{'name':'a'},'spec':{'runtimeClassName':'fast'}}"
                        + " | node.k8s.io/v1 | RuntimeClass | runtimeclasses",
                "apps/v1/statefulsets | {'metadata':{'name':'a'},'spec':{'template':{'spec':{'runtimeClassName':'fast'}}}}"
                        + " | node.k8s.io/v1 | RuntimeClass | runtimeclasses",
                "apps/v1/statefulsets | {'metadata':{'name':'a'},'spec':{'volumeClaimTemplates':[{'spec':{'volumeAttributesClassName':'fast'}}]}}"
                        + " | storage.k8s.io/v1 | VolumeAttributesClass | volumeattributesclasses",
            })
    void capturesTheClassesThatClaimsAndPodsName(
            String collection, String object, String apiVersion, String kind, String plural) throws IOException {
        if (!kind.equals("StorageClass")) {
            server.serve(apiVersion, kind, plural, false);
        }
        server.put("/apis/" + apiVersion + "/" + plural, "{'metadata':{'name':'fast'}}");
        server.put("/apis/" + apiVersion + "/" + plural, "{'metadata':{'name':'slow'}}");
        boolean core = !collection.contains("/");
        server.put(
                core ? CORE + collection : "/apis/" + collection.replaceFirst("/([^/]+)$", "/namespaces/shop/$1"),
                object);
        assertThat(capture())
                .hasSize(3)
                .containsKey(plural + "." + apiVersion.substring(0, apiVersion.indexOf('/')) + " fast");
    }

    @Test
    void failsWhenAKindMayNotBeListed() {
        server.refuse((method, path) -> path.endsWith("/secrets") ? 403 : 0);
        assertThatThrownBy(this::capture)
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.ResourcesFailed))
                .hasMessageContaining("secrets of namespace shop cannot be listed")
                .hasMessageContaining("ClusterRole");
    }

    @Test
    void failsWhenAListBreaksMidway() {
        fill(600);
        int[] seen = {0};
        server.refuse((method, path) -> path.endsWith("/configmaps") && ++seen[0] == 2 ? 404 : 0);
        assertThatThrownBy(this::capture).hasMessageContaining("configmaps of namespace shop cannot be listed");
    }

    @Test
    void failsWhenTheNamespaceIsMissing() {
        server.clear();
        assertThatThrownBy(this::capture).hasMessageContaining("Namespace shop cannot be read");
    }

    @Test
    void warnsAboutAnApiThatDoesNotAnswer() throws IOException {
        server.serve("down.io/v1", "Thing", "things", true);
        server.refuse((method, path) -> path.equals("/apis/down.io/v1") ? 404 : 0);
        capture();
        assertThat(result.warnings()).singleElement().asString().contains("API down.io/v1 did not answer");
    }

    /** A restore would report it as failed. */
    @Test
    void skipsObjectsThatCannotBeRestored() throws IOException {
        server.put(
                CORE + "configmaps",
                "{'metadata':{'name':'big','namespace':'shop'},'data':{'a':'" + "x".repeat(3 << 20) + "'}}");
        server.put(
                CORE + "configmaps",
                "{'metadata':{'name':'many','namespace':'shop'},'data':[" + "[],".repeat(600_000) + "0]}");
        server.put(CORE + "configmaps", "{'metadata':{'name':'small','namespace':'shop'}}");

        assertThat(capture()).containsOnlyKeys("namespaces shop", "configmaps shop/small");
        assertThat(result.warnings())
                .satisfiesExactlyInAnyOrder(
                        big -> assertThat(big)
                                .contains("configmaps shop/big is not in the point: it has 31", "at most 3145728"),
                        many -> assertThat(many).contains("configmaps shop/many is not in the point: ", "(1000000"));
    }

    @Test
    void usesTwoRequestsForAggregatedDiscovery() throws IOException {
        server.serve("acme.io/v1", "Widget", "widgets", true);
        server.put("/apis/acme.io/v1/namespaces/shop/widgets", "{'metadata':{'name':'w','namespace':'shop'}}");
        fill(1);
        Map<String, JsonNode> slowly = capture();
        server.requests().clear();
        server.aggregate();

        assertThat(capture()).isEqualTo(slowly).containsKey("widgets.acme.io shop/w");
        assertThat(server.requests())
                .filteredOn(r -> r.path().matches("/apis?(/[^/]+)?(/v[^/]+)?"))
                .extracting(FakeApiServer.Request::path)
                .containsExactlyInAnyOrder("/api", "/apis");
    }

    @Test
    void warnsAboutAStaleApi() throws IOException {
        server.serve("down.io/v1", "Thing", "things", true);
        server.aggregate("down.io");
        capture();
        assertThat(result.warnings()).singleElement().asString().contains("API down.io/v1 did not answer");
    }

    @Test
    void excludesPointsAndAttempts() throws IOException {
        for (String[] kind : new String[][] {
            {"RestorePoint", "restorepoints"},
            {"Restore", "restores"},
            {"Verification", "verifications"},
            {"FailoverRequest", "failoverrequests"}
        }) {
            server.serve("breakwater.io/v1alpha1", kind[0], kind[1], true);
            server.put(
                    "/apis/breakwater.io/v1alpha1/namespaces/shop/" + kind[1],
                    "{'metadata':{'name':'x','namespace':'shop'}}");
        }
        assertThat(capture()).containsOnlyKeys("namespaces shop");
    }

    @Test
    void namesObjectsThatAreBeingDeleted() throws IOException {
        for (int i = 0; i < 7; i++) {
            server.put(
                    CORE + "configmaps",
                    "{'metadata':{'name':'c" + i
                            + "','deletionTimestamp':'2026-01-01T00:00:00Z','finalizers':['a/b']}}");
        }
        server.put(
                CORE + "secrets",
                "{'metadata':{'name':'s','deletionTimestamp':'2026-01-01T00:00:00Z',"
                        + "'labels':{'breakwater.io/exclude':'true'}}}");
        server.put(
                CORE + "pods",
                "{'metadata':{'name':'p','deletionTimestamp':'2026-01-01T00:00:00Z',"
                        + "'ownerReferences':[{'kind':'ReplicaSet','controller':true}]}}");
        assertThat(capture()).containsOnlyKeys("namespaces shop");
        assertThat(result.warnings())
                .containsExactly(
                        "7 objects are not in the point because their deletion has started: configmaps shop/c0,"
                                + " configmaps shop/c1, configmaps shop/c2, configmaps shop/c3, configmaps shop/c4 and 2 more");
    }

    @Test
    void namesSnapshotObjectsOfUsers() throws IOException {
        server.serve("snapshot.storage.k8s.io/v1", "VolumeSnapshot", "volumesnapshots", true);
        String path = "/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots";
        server.put(path, "{'metadata':{'name':'before-upgrade'}}");
        server.put(path, "{'metadata':{'name':'own','labels':{'breakwater.io/run':'restorepoint.1'}}}");
        assertThat(capture()).containsOnlyKeys("namespaces shop");
        assertThat(result.warnings())
                .containsExactly("1 object is not in the point because points contain no snapshot objects:"
                        + " volumesnapshots.snapshot.storage.k8s.io shop/before-upgrade");
    }

    @Test
    void namesKindsThatCannotBeListed() throws IOException {
        server.serve("example.com/v1", "Parcel", "parcels", true, "get", "create", "delete");
        server.serve(
                "authorization.k8s.io/v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", true, "create");
        capture();
        assertThat(result.warnings())
                .containsExactly(
                        "objects of kind parcels.example.com are not in the point: the API server cannot list them");
    }

    @Test
    void reportsALabelSelectorWithoutMatch() throws IOException {
        server.put(CORE + "configmaps", "{'metadata':{'name':'a','labels':{'app':'db'}}}");
        scope(source -> source.labelSelector = label("app", "wbe"));
        capture();
        assertThat(result.warnings())
                .containsExactly("spec.source.labelSelector matches no object: check its spelling");
    }

    @Test
    void failsWithoutAnyNamedObject() throws IOException {
        server.put(CORE + "configmaps", "{'metadata':{'name':'a'}}");
        scope(source -> source.include = List.of(names("b"), names("c")));
        assertThatThrownBy(this::capture)
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageContaining("namespace shop has none of the objects that spec.source.include");

        scope(source -> source.include = List.of(names("b"), names("a")));
        assertThat(capture()).containsKey("configmaps shop/a");
        assertThat(result.warnings()).containsExactly("spec.source.include[0] matches no object: check its spelling");
    }

    @Test
    void excludesOnlyTemplateManagedPolicies() throws IOException {
        server.serve("breakwater.io/v1alpha1", "BackupPolicy", "backuppolicies", true);
        String policies = "/apis/breakwater.io/v1alpha1/namespaces/shop/backuppolicies";
        server.put(
                policies, "{'metadata':{'name':'all','namespace':'shop','labels':{'breakwater.io/template':'all'}}}");
        server.put(policies, "{'metadata':{'name':'own','namespace':'shop'}}");
        assertThat(capture()).containsOnlyKeys("namespaces shop", "backuppolicies.breakwater.io shop/own");
    }

    @Test
    void excludesKindsThatCannotBeWritten() throws IOException {
        server.serve("metrics.k8s.io/v1", "PodMetrics", "pods", true, "get", "list");
        server.put("/apis/metrics.k8s.io/v1/namespaces/shop/pods", "{'metadata':{'name':'m'}}");
        assertThat(capture()).containsOnlyKeys("namespaces shop");
    }

    @Test
    void selectsByLabelOnTheServerAndOnlyPlannedClaims() throws IOException {
        server.put(CORE + "configmaps", "{'metadata':{'name':'in','labels':{'app':'web'}}}");
        server.put(CORE + "configmaps", "{'metadata':{'name':'out','labels':{'app':'db'}}}");
        server.put(CORE + "persistentvolumeclaims", "{'metadata':{'name':'mounted'},'spec':{}}");
        server.put(CORE + "persistentvolumeclaims", "{'metadata':{'name':'other'},'spec':{}}");
        scope(source -> source.labelSelector = label("app", "web"), "mounted");

        assertThat(capture())
                .containsOnlyKeys("namespaces shop", "configmaps shop/in", "persistentvolumeclaims shop/mounted");
        assertThat(server.requests())
                .anyMatch(r -> r.path().equals(CORE + "configmaps"))
                .noneMatch(r -> r.path().contains("out"));
    }

    @Test
    void appliesRulesWithoutListingExcludedKinds() throws IOException {
        server.put(CORE + "configmaps", "{'metadata':{'name':'a'}}");
        server.put(CORE + "configmaps", "{'metadata':{'name':'b'}}");
        server.put(CORE + "secrets", "{'metadata':{'name':'a'}}");
        server.put(CORE + "services", "{'metadata':{'name':'a'}}");
        scope(source -> {
            source.include = List.of(kinds("configmaps", "secrets"));
            source.exclude = List.of(kinds("secrets"), names("b"), kinds("widgets.example.org"));
        });

        assertThat(capture()).containsOnlyKeys("namespaces shop", "configmaps shop/a");
        assertThat(server.requests()).noneMatch(r -> r.path().equals(CORE + "services"));
        assertThat(server.requests()).noneMatch(r -> r.path().equals(CORE + "secrets"));
        assertThat(result.warnings()).containsExactly("spec.source.exclude[2] matches no object: check its spelling");
    }

    @Test
    void capturesNoClusterResourcesExceptTheNamespace() throws IOException {
        server.put(
                CORE + "persistentvolumeclaims",
                "{'metadata':{'name':'data'},'spec':{'storageClassName':'fast','volumeName':'pv-1'}}");
        server.put("/apis/storage.k8s.io/v1/storageclasses", "{'metadata':{'name':'fast'}}");
        scope(source -> {}, "data");
        assertThat(capture()).containsKey("storageclasses.storage.k8s.io fast");

        scope(source -> source.includeClusterResources = ClusterResources.None, "data");
        assertThat(capture()).containsOnlyKeys("namespaces shop", "persistentvolumeclaims shop/data");
    }

    @Test
    void capturesUnreferencedClusterResourcesOnRequest() throws IOException {
        cluster();
        scope(source -> source.includeClusterResources = ClusterResources.All, "data");
        assertThat(capture())
                .containsOnlyKeys(
                        "namespaces shop",
                        "persistentvolumeclaims shop/data",
                        "persistentvolumes static",
                        "storageclasses.storage.k8s.io fast",
                        "clusterroles.rbac.authorization.k8s.io nobody",
                        "clusterrolebindings.rbac.authorization.k8s.io foreign",
                        "customresourcedefinitions.apiextensions.k8s.io gadgets.acme.io",
                        "gadgets.acme.io g",
                        "apiservices.apiregistration.k8s.io v1.metrics.example.com",
                        "flowschemas.flowcontrol.apiserver.k8s.io mine",
                        "validatingwebhookconfigurations.admissionregistration.k8s.io theirs");

        scope(source -> source.includeClusterResources = ClusterResources.Referenced, "data");
        assertThat(capture())
                .containsOnlyKeys(
                        "namespaces shop", "persistentvolumeclaims shop/data", "storageclasses.storage.k8s.io fast");
    }

    @Test
    void appliesRulesAndLabelsToClusterResources() throws IOException {
        cluster();
        scope(source -> {
            source.includeClusterResources = ClusterResources.All;
            source.include = List.of(kinds("clusterroles.rbac.authorization.k8s.io", "gadgets.acme.io"), names("fast"));
            source.exclude = List.of(kinds("gadgets.acme.io"));
        });
        assertThat(capture())
                .containsOnlyKeys(
                        "namespaces shop",
                        "clusterroles.rbac.authorization.k8s.io nobody",
                        "storageclasses.storage.k8s.io fast");

        scope(source -> {
            source.includeClusterResources = ClusterResources.All;
            source.labelSelector = label("keep", "yes");
        });
        assertThat(capture()).containsOnlyKeys("namespaces shop", "gadgets.acme.io g");
    }

    @Test
    void failsWhenAClusterKindMayNotBeListed() {
        server.refuse((method, path) -> path.endsWith("/clusterroles") ? 403 : 0);
        scope(source -> source.includeClusterResources = ClusterResources.All);
        assertThatThrownBy(this::capture)
                .hasMessageContaining("clusterroles.rbac.authorization.k8s.io cannot be listed");
    }

    /** Objects of a cluster; one object of namespace shop refers to one of them. */
    private void cluster() {
        server.put(CORE + "persistentvolumeclaims", "{'metadata':{'name':'data'},'spec':{'storageClassName':'fast'}}");
        server.put("/apis/storage.k8s.io/v1/storageclasses", "{'metadata':{'name':'fast'}}");
        server.put("/api/v1/persistentvolumes", "{'metadata':{'name':'static'}}");
        server.put("/api/v1/namespaces", "{'metadata':{'name':'other'}}");
        String rbac = "/apis/rbac.authorization.k8s.io/v1/";
        server.put(rbac + "clusterroles", "{'metadata':{'name':'nobody'}}");
        server.put(
                rbac + "clusterrolebindings",
                "{'metadata':{'name':'foreign'},'roleRef':{'kind':'ClusterRole','name':'gone'},'subjects':[]}");
        server.put(
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "{'metadata':{'name':'gadgets.acme.io'}}");
        server.serve("acme.io/v1", "Gadget", "gadgets", false);
        server.put("/apis/acme.io/v1/gadgets", "{'metadata':{'name':'g','labels':{'keep':'yes'}}}");
        for (String[] kind : new String[][] {
            {"v1", "Node", "nodes"},
            {"storage.k8s.io/v1", "CSINode", "csinodes"},
            {"storage.k8s.io/v1", "VolumeAttachment", "volumeattachments"},
            {"certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests"},
            {"snapshot.storage.k8s.io/v1", "VolumeSnapshotContent", "volumesnapshotcontents"},
        }) {
            server.serve(kind[0], kind[1], kind[2], false);
            server.put(
                    (kind[0].contains("/") ? "/apis/" : "/api/") + kind[0] + "/" + kind[2],
                    "{'metadata':{'name':'moment'}}");
        }
        some("apiregistration.k8s.io/v1", "APIService", "apiservices", "v1.metrics.example.com", "");
        some(
                "apiregistration.k8s.io/v1",
                "APIService",
                "apiservices",
                "v1.apps",
                ",'labels':{'kube-aggregator.kubernetes.io/automanaged':'onstart'}");
        some("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", "mine", "");
        some(
                "flowcontrol.apiserver.k8s.io/v1",
                "FlowSchema",
                "flowschemas",
                "exempt",
                ",'annotations':{'apf.kubernetes.io/autoupdate-spec':'true'}");
        String webhooks = "validatingwebhookconfigurations";
        some("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", webhooks, "theirs", "");
        some(
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                webhooks,
                "breakwater",
                ",'labels':{'app.kubernetes.io/managed-by':'breakwater'}");
    }

    private void some(String apiVersion, String kind, String plural, String name, String more) {
        server.serve(apiVersion, kind, plural, false);
        server.put("/apis/" + apiVersion + "/" + plural, "{'metadata':{'name':'" + name + "'" + more + "}}");
    }

    @Test
    void capturesReferencedClusterObjectsUnlessARuleExcludesThem() throws IOException {
        server.put(
                CORE + "persistentvolumeclaims",
                "{'metadata':{'name':'data'},'spec':{'storageClassName':'fast','volumeName':'pv-1'}}");
        server.put("/apis/storage.k8s.io/v1/storageclasses", "{'metadata':{'name':'fast'}}");
        server.put("/api/v1/persistentvolumes", "{'metadata':{'name':'pv-1'}}");
        scope(
                source -> {
                    source.include = List.of(kinds("persistentvolumeclaims"));
                    source.exclude = List.of(kinds("persistentvolumes"));
                },
                "data");

        assertThat(capture())
                .containsOnlyKeys(
                        "namespaces shop", "persistentvolumeclaims shop/data", "storageclasses.storage.k8s.io fast");
    }

    private void scope(Consumer<Source> change, String... claims) {
        Source source = new Source();
        change.accept(source);
        scope = new CaptureScope(source, Set.of(claims));
    }

    private static LabelSelector label(String key, String value) {
        return new LabelSelectorBuilder().addToMatchLabels(key, value).build();
    }

    private static ObjectRule kinds(String... kinds) {
        ObjectRule rule = new ObjectRule();
        rule.kinds = List.of(kinds);
        return rule;
    }

    private static ObjectRule names(String... names) {
        ObjectRule rule = new ObjectRule();
        rule.names = List.of(names);
        return rule;
    }

    private void fill(int count) {
        for (int i = 0; i < count; i++) {
            server.put(CORE + "configmaps", "{'metadata':{'name':'c-" + i + "','namespace':'shop'}}");
        }
    }

    private Map<String, JsonNode> capture() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        result = new ResourceCapture(server.client(), new DiscoveryCache(Clock.systemUTC()))
                .capture(
                        new ResourceCapture.Request("shop", scope, Instant.parse("2026-11-23T10:00:00Z")),
                        out,
                        Optional.empty());
        Map<String, JsonNode> all = new TreeMap<>();
        try (ArchiveReader reader =
                new ArchiveReader(new ByteArrayInputStream(out.toByteArray()), ArchiveReader.Limits.DEFAULT)) {
            for (Optional<ArchiveReader.Item> i = reader.next(); i.isPresent(); i = reader.next()) {
                all.put(
                        i.get().key().toString(),
                        ApiServer.JSON.readTree(i.get().json()));
            }
        }
        return all;
    }
}
