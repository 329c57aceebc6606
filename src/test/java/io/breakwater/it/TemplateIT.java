package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectRule;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * One policy of an administrator for many namespaces: namespaces are created and deleted, and some belong to Jane, who
 * has every right on Breakwater's kinds there.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class TemplateIT {
    private static final Duration SOON = Duration.ofMinutes(1);
    private static final String ROLE = """
        {apiVersion: v1, kind: ConfigMap, metadata: {name: diary}, data: {today: mine}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: breakwater-tenant}
        rules: [{apiGroups: [breakwater.io], resources: ["*"], verbs: ["*"]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: breakwater-tenant}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: breakwater-tenant}
        subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
        """;

    private static final String CLAIM = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
        """;

    private final Rig rig;
    private final Site site;
    private final List<String> namespaces = new ArrayList<>();
    private final List<String> templates = new ArrayList<>();
    private KubernetesClient jane;

    TemplateIT(Rig rig) {
        this.rig = rig;
        this.site = rig.east();
    }

    @BeforeAll
    void signIn() {
        jane = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(site.client().getConfiguration())
                        .withImpersonateUsername("jane")
                        .build())
                .build();
    }

    @AfterAll
    void clean() {
        jane.close();
        templates.forEach(t -> stored(t).delete());
        namespaces.forEach(n -> site.client().namespaces().withName(n).delete());
        site.cluster().kubectl("delete", "clusterrole/nobodys", "priorityclass/nobodys", "--ignore-not-found");
    }

    @Test
    void protectsLaterNamespacesAndRetainsTheirPoints() {
        BackupPolicy template = template("fleet");
        template.getSpec().schedule = new BackupPolicySpec.Schedule();
        template.getSpec().schedule.cron = "* * * * *";
        template.getSpec().schedule.jitter = "5s";
        template.getSpec().objectives.rpo = "1h";
        template.getSpec().source.namespaces.selector =
                new LabelSelectorBuilder().addToMatchLabels("fleet", "yes").build();
        apply(template);
        awaitTemplate("fleet", "selects nothing yet", s -> s.namespaces.selected == 0);

        namespace("fleet-later", "fleet");
        BackupPolicy kept = awaitPolicy("fleet-later", "fleet", true).orElseThrow();
        assertThat(kept.getMetadata().getLabels()).containsEntry(Api.TEMPLATE, "fleet");
        assertThat(kept.getSpec().source).isNull();
        String point = awaitScheduled("fleet-later");
        site.awaitPoint("fleet-later", point);
        awaitTemplate(
                "fleet",
                "is protected",
                s -> "1 of 1".equals(s.namespaces.summary) && s.holds(Condition.PROTECTED) && s.holds(Condition.READY));
        rig.progress().quote(site.cluster().kubectl("get", "backuppolicies", "-A", "-o", "wide"));
        assertThat(site.cluster().kubectl("get", "backuppolicies", "-n", "fleet-later", "-o", "wide"))
                .contains("TEMPLATE")
                .containsPattern("fleet +True +True");
        assertThat(site.metric("breakwater_template_namespaces", "policy=\"fleet\"", "state=\"protected\""))
                .contains(1.0);
        site.awaitSeriesOf("BreakwaterNamespaceLeftOut");

        label("fleet-later", "no");
        awaitPolicy("fleet-later", "fleet", false);
        assertSealed("fleet-later", point);

        label("fleet-later", "yes");
        awaitPolicy("fleet-later", "fleet", true);
        stored("fleet").delete();
        awaitPolicy("fleet-later", "fleet", false);
        assertSealed("fleet-later", point);
        site.restore("fleet-later", "back", point, "fleet-later", RestoreSpec.OnConflict.Skip);
    }

    @Test
    void refusesTenantChangesToTemplateManagedPolicies() throws Exception {
        namespace("fleet-jane", "none");
        // Jane's location existed before the administrator's location of the same name.
        location("fleet-jane", "fleet-store", "janes");
        location(Rig.SYSTEM, "fleet-store", "shared");
        BackupPolicy template = template("guarded", "fleet-jane");
        template.getSpec().locationRef = new NamedRef("fleet-store");
        apply(template);
        awaitPolicy("fleet-jane", "guarded", true);

        String managed = "is managed by Breakwater, with template BackupPolicy " + Rig.SYSTEM + "/guarded";
        assertThatThrownBy(() -> janes("guarded").patch(MERGE, "{\"spec\":{\"suspend\":true}}"))
                .hasMessageContaining("spec: BackupPolicy fleet-jane/guarded " + managed);
        assertThatThrownBy(() ->
                        janes("guarded").patch(MERGE, "{\"metadata\":{\"labels\":{\"" + Api.TEMPLATE + "\":null}}}"))
                .hasMessageContaining("metadata: BackupPolicy fleet-jane/guarded " + managed);
        assertThatThrownBy(() -> janes("guarded").delete()).hasMessageContaining(managed);
        assertThatThrownBy(() -> jane.resource(Examples.policy("fleet-jane", "mine", "fleet-store"))
                        .create())
                .hasMessageContaining("exclude the namespace in BackupPolicy " + Rig.SYSTEM + "/guarded");
        BackupLocation shadow = rig.location(Rig.EAST);
        shadow.getMetadata().setNamespace("fleet-jane");
        assertThatThrownBy(() -> rig.east().client().resource(shadow).create())
                .as("not even a user with all rights")
                .hasMessageContaining("is shared from namespace");
        BackupPolicy reaching = template("reaching", "*");
        reaching.getMetadata().setNamespace("fleet-jane");
        assertThatThrownBy(() -> jane.resource(reaching).create()).hasMessageContaining("spec.source.namespaces: ");
        reaching.getSpec().source.namespaces = null;
        reaching.getSpec().source.includeClusterResources = ClusterResources.All;
        assertThatThrownBy(() -> jane.resource(reaching).create())
                .hasMessageContaining("spec.source.includeClusterResources: ");

        site.createPoint("fleet-jane", "now", "guarded");
        site.awaitPoint("fleet-jane", "now");
        assertThat(seals("shared")).as("in the administrator's location").hasSize(1);
        assertThat(seals("janes")).as("in Jane's").isEmpty();
        assertThatThrownBy(() -> site.createPoint(Rig.SYSTEM, "of-a-template", "guarded"))
                .hasMessageContaining("spec.policyRef.name: BackupPolicy 'guarded' is a template");

        site.cluster().deleteNamespace("fleet-jane", rig.progress());
        stored("guarded").delete();
        site.client()
                .resources(BackupLocation.class)
                .inNamespace(Rig.SYSTEM)
                .withName("fleet-store")
                .delete();
    }

    @Test
    void reportsAndPreservesTheOwnPolicyOfANamespace() {
        namespace("fleet-own", "none");
        BackupPolicy own = Examples.policy("fleet-own", "yielding", "blob-" + Rig.EAST);
        jane.resource(own).create();
        apply(template("yielding", "fleet-own"));
        BackupPolicyStatus status =
                awaitTemplate("yielding", "reports the other policy", s -> s.namespaces.failing == 1);
        assertThat(status.namespaces.failingNamespaces.getFirst().reason).isEqualTo("PolicyConflict");
        assertThat(status.namespaces.failingNamespaces.getFirst().message).contains("fleet-own/yielding");
        assertThat(status.condition(Condition.READY).orElseThrow().message).contains("fleet-own (PolicyConflict)");
        assertThat(policy("fleet-own", "yielding").orElseThrow().managedBy()).isEmpty();

        janes("fleet-own", "yielding").delete();
        rig.progress()
                .await(
                        "the template takes precedence",
                        SOON,
                        () -> "not yet",
                        () -> Optional.of(policy("fleet-own", "yielding")
                                .flatMap(BackupPolicy::managedBy)
                                .isPresent()));
    }

    @Test
    void namesNamespacesWithoutAPolicy() {
        namespace("fleet-bare", "none");
        site.cluster().apply("fleet-bare", CLAIM);
        apply(template("covering", "fleet-none"));
        awaitTemplate("covering", "names the namespace", s -> uncovered(s).contains("fleet-bare"));
        assertThat(site.cluster().kubectl("get", "backuppolicies", "-n", Rig.SYSTEM))
                .contains("UNCOVERED");
        assertThat(site.metric("breakwater_coverage_namespaces", "state=\"uncovered\""))
                .hasValueSatisfying(value -> assertThat(value).isPositive());

        apply(template("covering", "fleet-none", "fleet-bare"));
        awaitTemplate("covering", "covers the namespace", s -> !uncovered(s).contains("fleet-bare"));
    }

    private static List<String> uncovered(BackupPolicyStatus status) {
        return Optional.ofNullable(status.namespaces.uncoveredNamespaces).orElse(List.of());
    }

    @Test
    void restoresUnreferencedClusterObjects() {
        site.cluster().apply("default", NOBODYS);
        BackupPolicy policy = Examples.policy(Rig.SYSTEM, "cluster", "blob-" + Rig.EAST);
        policy.getSpec().source = new BackupPolicySpec.Source();
        policy.getSpec().source.includeClusterResources = ClusterResources.All;
        apply(policy);
        site.createPoint(Rig.SYSTEM, "cluster", "cluster");
        site.awaitPoint(Rig.SYSTEM, "cluster");
        site.cluster().kubectl("delete", "clusterrole/nobodys", "priorityclass/nobodys");

        namespace("fleet-target", "none");
        site.createRestore(
                Rig.SYSTEM,
                "cluster",
                "cluster",
                "fleet-target",
                RestoreSpec.OnConflict.Skip,
                spec -> spec.include = List.of(Serialization.unmarshal(
                        "kinds: [clusterroles.rbac.authorization.k8s.io, priorityclasses.scheduling.k8s.io,"
                                + " nodes, secrets]\nnames: [nobodys, breakwater-master-key]",
                        ObjectRule.class)));
        site.awaitSuccess(Restore.class, Rig.SYSTEM, "cluster");
        assertThat(site.cluster().kubectl("get", "clusterrole/nobodys", "-o", "jsonpath={.rules[0].resources[0]}"))
                .isEqualTo("widgets");
        assertThat(site.cluster().kubectl("get", "priorityclass/nobodys", "-o", "jsonpath={.value}"))
                .isEqualTo("12345");
        assertThat(site.client()
                        .secrets()
                        .inNamespace("fleet-target")
                        .withName("breakwater-master-key")
                        .get())
                .as("no archive contains the master key")
                .isNull();
        site.client()
                .resources(RestorePoint.class)
                .inNamespace(Rig.SYSTEM)
                .withName("cluster")
                .delete();
    }

    private BackupPolicy template(String name, String... include) {
        BackupPolicy template = Examples.policy(Rig.SYSTEM, name, "blob-" + Rig.EAST);
        template.getSpec().source = new BackupPolicySpec.Source();
        template.getSpec().source.namespaces = new BackupPolicySpec.NamespaceSelection();
        template.getSpec().source.namespaces.include = include.length == 0 ? null : List.of(include);
        return template;
    }

    private void apply(BackupPolicy policy) {
        templates.add(policy.getMetadata().getName());
        site.client().resource(policy).serverSideApply();
    }

    private void namespace(String name, String fleet) {
        namespaces.add(name);
        site.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .addToLabels("fleet", fleet.equals("fleet") ? "yes" : "no")
                        .endMetadata()
                        .build())
                .create();
        site.cluster().apply(name, ROLE);
    }

    private void label(String namespace, String fleet) {
        site.cluster().kubectl("label", "namespace", namespace, "--overwrite", "fleet=" + fleet);
    }

    private void location(String namespace, String name, String prefix) {
        if (!namespace.equals(Rig.SYSTEM)) {
            site.cluster()
                    .apply(
                            namespace,
                            "{apiVersion: v1, kind: Secret, metadata: {name: blob-east, labels: {breakwater.io/location-credentials: 'true'}}, stringData: {accountKey: \"%s\"}}"
                                    .formatted(rig.accountKey(Rig.EAST)));
        }
        BackupLocation location = rig.location(Rig.EAST);
        location.getMetadata().setNamespace(namespace);
        location.getMetadata().setName(name);
        location.getSpec().azureBlob.prefix = prefix;
        site.client().resource(location).serverSideApply();
        site.awaitLocation(namespace, name);
    }

    private List<String> seals(String prefix) throws Exception {
        AzureBlob spec = rig.location(Rig.EAST).getSpec().azureBlob;
        spec.endpoint = rig.reachedFromHere(Rig.EAST);
        spec.prefix = prefix;
        ObjectStore store = TestStores.azure(spec, rig.accountKey(Rig.EAST));
        List<String> keys = new ArrayList<>();
        store.list("breakwater/points/" + Rig.EAST + "/fleet-jane/", o -> keys.add(o.key()));
        return keys.stream().filter(k -> k.endsWith("/point.json")).toList();
    }

    private BackupPolicyStatus awaitTemplate(String name, String what, Predicate<BackupPolicyStatus> test) {
        return rig.progress()
                .awaitValue(
                        "template " + name + " " + what,
                        SOON,
                        () -> site.describe(BackupPolicy.class, Rig.SYSTEM, name),
                        () -> policy(Rig.SYSTEM, name)
                                .map(BackupPolicy::getStatus)
                                .filter(s -> s.namespaces != null && test.test(s)));
    }

    private Optional<BackupPolicy> awaitPolicy(String namespace, String name, boolean there) {
        rig.progress()
                .await(
                        "BackupPolicy %s/%s %s".formatted(namespace, name, there ? "is created" : "is deleted"),
                        SOON,
                        () -> site.describe(BackupPolicy.class, namespace, name),
                        () -> Optional.of(policy(namespace, name).isPresent() == there));
        return policy(namespace, name);
    }

    private String awaitScheduled(String namespace) {
        return rig.progress()
                .awaitValue(
                        "a point in namespace " + namespace,
                        Duration.ofMinutes(2),
                        () -> site.describe(BackupPolicy.class, namespace, "fleet"),
                        () ->
                                site
                                        .client()
                                        .resources(RestorePoint.class)
                                        .inNamespace(namespace)
                                        .list()
                                        .getItems()
                                        .stream()
                                        .map(p -> p.getMetadata().getName())
                                        .findFirst());
    }

    private void assertSealed(String namespace, String point) {
        RestorePoint found = site.get(RestorePoint.class, namespace, point).orElseThrow();
        assertThat(found.getMetadata().getDeletionTimestamp()).isNull();
        assertThat(found.getStatus().holds(Condition.SUCCEEDED)).isTrue();
    }

    private Optional<BackupPolicy> policy(String namespace, String name) {
        return site.get(BackupPolicy.class, namespace, name);
    }

    private Resource<BackupPolicy> stored(String name) {
        return site.client()
                .resources(BackupPolicy.class)
                .inNamespace(Rig.SYSTEM)
                .withName(name);
    }

    /** As kubectl does; an edit with a resource version loses the race against a write of the status. */
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);

    private Resource<BackupPolicy> janes(String name) {
        return janes("fleet-jane", name);
    }

    private Resource<BackupPolicy> janes(String namespace, String name) {
        return jane.resources(BackupPolicy.class).inNamespace(namespace).withName(name);
    }

    private static final String NOBODYS = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: nobodys}
        rules: [{apiGroups: [example.com], resources: [widgets], verbs: [get]}]
        ---
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: {name: nobodys}
        value: 12345
        """;
}
