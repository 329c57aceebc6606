package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Condition;
import io.breakwater.api.ConditionedStatus;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.replication.PointCopies;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicyBinding;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Attacks by tenants with Restores. Jane administers a namespace, with every right on Breakwater's kinds there,
 * including their statuses. John may create Secrets there, but may not read them. Breakwater must give them no access
 * that they would not have without it.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TenancyIT {
    private static final String OWN = "tenant";
    private static final String OTHERS = "victim";
    private static final String SPEC = "restorePointRef: {name: own}\nonConflict: Skip\n";

    private final Rig rig;
    private final Site site;
    private KubernetesClient jane;
    private KubernetesClient john;
    private RestorePoint own;
    private RestorePoint victims;

    TenancyIT(Rig rig) {
        this.rig = rig;
        this.site = rig.east();
    }

    @BeforeAll
    void capture() {
        jane = as("jane");
        john = as("john");
        for (String namespace : new String[] {OWN, OTHERS}) {
            site.cluster().createNamespace(namespace);
            BackupPolicy policy = Examples.policy(namespace, "shop", "blob-" + Rig.EAST);
            site.client().resource(policy).serverSideApply();
        }
        site.cluster()
                .apply(OTHERS, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: diary}, data: {today: mine}}");
        site.cluster().apply(OWN, CAPTURED);
        site.createPoint(OWN, "own", "shop");
        site.createPoint(OTHERS, "victims", "shop");
        own = site.awaitPoint(OWN, "own");
        lockedFor("1h");
        site.createPoint(OWN, "locked", "shop");
        site.awaitPoint(OWN, "locked");
        lockedFor(null);
        victims = site.awaitPoint(OTHERS, "victims");
        site.cluster().kubectlWith(CAPTURED, "delete", "-n", OWN, "-f", "-");
        site.cluster().apply(OWN, RIGHTS);
    }

    @AfterAll
    void clean() {
        site.client().namespaces().withName(OWN).delete();
        site.client().namespaces().withName(OTHERS).delete();
        site.cluster().kubectl("delete", "clusterrole", "tenancy-all", "--ignore-not-found");
        site.cluster()
                .kubectl(
                        "delete",
                        "validatingadmissionpolicies,validatingadmissionpolicybindings",
                        "tenancy-only-jane",
                        "--ignore-not-found");
        jane.close();
        john.close();
    }

    @Test
    void allowsRestoresOfOwnObjects() {
        create(jane, "honest", SPEC + "include: [{kinds: [configmaps, secrets], names: [mine]}]");
        site.awaitSuccess(Restore.class, OWN, "honest");
        assertThat(kubectlGet("configmap/mine", "secret/mine")).contains("configmap/mine", "secret/mine");
    }

    @Test
    void refusesARestoreIntoAForeignNamespace() {
        assertThatThrownBy(() -> create(jane, "elsewhere", SPEC + "targetNamespace: " + OTHERS))
                .hasMessageContaining("spec.targetNamespace");
    }

    @Test
    void refusesAForeignPointByName() {
        create(jane, "anothers-point", "restorePointRef: {name: victims}");
        refused("anothers-point", Reason.RestorePointNotFound, "victims");
    }

    @Test
    void refusesAForeignPointByAForgedStatus() {
        forge("forged", s -> {
            s.namespace = OTHERS;
            s.point = "victims";
            s.digest = victims.getStatus().digest;
        });
        create(jane, "forged", "restorePointRef: {name: forged}");
        refused("forged", Reason.Forbidden, "was captured in namespace " + OTHERS);
        assertThat(kubectlGet("configmap/diary")).isEmpty();
    }

    @Test
    void verifiesNoForeignPointByAForgedStatus() {
        forge("forged-verified", s -> {
            s.namespace = OTHERS;
            s.point = "victims";
            s.digest = "0".repeat(64);
        });
        Verification verification = new Verification();
        verification.setMetadata(new ObjectMetaBuilder()
                .withNamespace(OWN)
                .withName("forged-verified")
                .build());
        verification.setSpec(new VerificationSpec());
        verification.getSpec().policyRef = new NamedRef("shop");
        verification.getSpec().restorePointRef = new NamedRef("forged-verified");
        verification.getSpec().level = VerificationSpec.Level.Checksum;
        jane.resource(verification).create();

        Condition refusal = failure(Verification.class, "forged-verified");
        assertThat(refusal.reason).as(refusal.message).isEqualTo(Reason.Forbidden.name());
        assertThat(refusal.message)
                .contains("was captured in namespace " + OTHERS)
                .doesNotContain(victims.getStatus().digest);
    }

    @Test
    void deletesNoForeignPointByAForgedStatus() {
        forge("forged-deleted", s -> {
            s.namespace = OTHERS;
            s.point = "victims";
            s.digest = victims.getStatus().digest;
            s.volumes = victims.getStatus().volumes;
        });
        jane.resources(RestorePoint.class)
                .inNamespace(OWN)
                .withName("forged-deleted")
                .delete();
        rig.progress()
                .await(
                        "RestorePoint forged-deleted is gone",
                        Duration.ofMinutes(1),
                        () -> site.describe(RestorePoint.class, OWN, "forged-deleted"),
                        () -> Optional.of(site.get(RestorePoint.class, OWN, "forged-deleted")
                                .isEmpty()));

        site.createVerification(OTHERS, "still-there", "shop", "victims", VerificationSpec.Level.Checksum);
        site.awaitSuccess(Verification.class, OTHERS, "still-there");
    }

    @Test
    void copiesNoForeignPointByAForgedStatus() {
        forge("forged-copied", s -> {
            s.namespace = OTHERS;
            s.point = "victims";
            s.digest = victims.getStatus().digest;
            s.copies = List.of(PointCopies.pending("blob-" + Rig.EAST));
        });
        // A change of the spec starts a reconciliation.
        jane.resources(RestorePoint.class)
                .inNamespace(OWN)
                .withName("forged-copied")
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"deletionPolicy\":\"Retain\"}}");
        PointCopy copy = rig.progress()
                .awaitValue(
                        "the copy of RestorePoint forged-copied has failed",
                        Duration.ofMinutes(1),
                        () -> site.describe(RestorePoint.class, OWN, "forged-copied"),
                        () -> site.get(RestorePoint.class, OWN, "forged-copied")
                                .map(p -> p.getStatus().copies.getFirst())
                                .filter(c -> c.state == RestorePointStatus.CopyState.Failed));
        assertThat(copy.message)
                .contains(Rig.EAST + "/" + OWN + "/forged-copied")
                .doesNotContain("victims");
    }

    @Test
    void deletesNoLockedPointWhosePolicyAndStatusHaveNoLockAnyMore() {
        forgeStatus("locked", s -> s.lockedUntil = null);
        jane.resources(RestorePoint.class).inNamespace(OWN).withName("locked").delete();

        Condition locked = rig.progress()
                .awaitValue(
                        "the deletion of RestorePoint locked waits",
                        Duration.ofMinutes(1),
                        () -> site.describe(RestorePoint.class, OWN, "locked"),
                        () -> site.get(RestorePoint.class, OWN, "locked")
                                .flatMap(p -> p.getStatus().condition(Condition.READY))
                                .filter(c -> c.reason.equals(Reason.Locked.name())));
        assertThat(locked.message).contains("is locked until");
    }

    @Test
    void refusesAForeignLocationByAForgedStatus() {
        site.cluster().apply(OTHERS, Serialization.asYaml(privateLocation()));
        forge("misplaced", s -> {
            s.namespace = OWN;
            s.point = "own";
            s.digest = own.getStatus().digest;
            s.location = "private";
        });
        create(jane, "misplaced", "restorePointRef: {name: misplaced}");
        refused("misplaced", Reason.LocationNotFound, "private");
    }

    @Test
    void refusesALocationNamedLikeASharedOne() {
        var location = rig.location(Rig.EAST);
        location.getMetadata().setNamespace(OWN);
        assertThatThrownBy(() -> jane.resource(location).create())
                .hasMessageContaining("metadata.name")
                .hasMessageContaining("is shared from namespace " + Rig.SYSTEM);
    }

    @Test
    void refusesAClusterRole() {
        create(jane, "cluster-role", SPEC + "include: [{kinds: [clusterroles.rbac.authorization.k8s.io]}]");
        refused("cluster-role", Reason.Forbidden, "cluster-scoped");
        assertThat(site.client().rbac().clusterRoles().withName("tenancy-all").get())
                .isNull();
    }

    @Test
    void refusesARoleWithMoreRightsThanTheAuthor() {
        create(jane, "role", SPEC + "include: [{kinds: [roles.rbac.authorization.k8s.io], names: [powerful]}]");
        refused("role", Reason.Partial, "attempting to grant RBAC permissions not currently held");
        create(
                jane,
                "binding",
                SPEC + "include: [{kinds: [rolebindings.rbac.authorization.k8s.io], names: [powerful]}]");
        refused("binding", Reason.Partial, "attempting to grant RBAC permissions not currently held");
        assertThat(kubectlGet("role/powerful", "rolebinding/powerful")).isEmpty();
    }

    @Test
    void refusesARoleWithPatchedInRights() {
        create(jane, "patched", SPEC + """
            include: [{kinds: [roles.rbac.authorization.k8s.io], names: [harmless]}]
            transforms:
            - select: {names: [harmless]}
              jsonPatch: [{op: replace, path: /rules/0/apiGroups, value: ['*']}, {op: replace, path: /rules/0/resources, value: ['*']}]
            """);
        refused("patched", Reason.Partial, "attempting to grant RBAC permissions not currently held");
        assertThat(kubectlGet("role/harmless")).isEmpty();
    }

    @Test
    void refusesASecretThatTheAuthorMayNotRead() {
        create(john, "secret", SPEC + "include: [{kinds: [secrets], names: [hidden]}]");
        refused("secret", Reason.Forbidden, "get secrets");
        assertThat(kubectlGet("secret/hidden")).isEmpty();
    }

    @Test
    void refusesToTransformASecretIntoAConfigMap() {
        assertThatThrownBy(() -> create(john, "disguised", SPEC + """
            include: [{kinds: [secrets], names: [hidden]}]
            transforms: [{select: {names: [hidden]}, jsonPatch: [{op: replace, path: /kind, value: ConfigMap}]}]
            """))
                .hasMessageContaining("spec.transforms[0].jsonPatch[0].path");
    }

    @Test
    void refusesARestoreWithAForgedAuthor() {
        Restore restore = restore("impostor", SPEC + "include: [{kinds: [secrets], names: [hidden]}]");
        restore.getMetadata()
                .getAnnotations()
                .put(Api.AUTHOR, "{\"username\":\"system:serviceaccount:breakwater-system:breakwater-operator\"}");
        Restore made = john.resource(restore).create();
        assertThat(made.getMetadata().getAnnotations().get(Api.AUTHOR)).contains("\"john\"");
        refused("impostor", Reason.Forbidden, "get secrets");
    }

    /** A policy that lets only Jane create an object: it refuses the operator, and passes what the operator writes as Jane. */
    @Test
    void showsTheAuthorToAdmissionPolicies() {
        site.cluster().apply(OWN, ONLY_JANE);
        ConfigMap seen = new ConfigMapBuilder()
                .withNewMetadata()
                .withNamespace(OWN)
                .withName("seen")
                .endMetadata()
                .build();
        rig.progress()
                .await(
                        "the policy applies",
                        Duration.ofMinutes(1),
                        () -> "an administrator can create ConfigMap seen",
                        () -> Optional.of(isRefused(seen)));
        create(jane, "as-jane", SPEC + "include: [{kinds: [configmaps], names: [seen]}]");
        site.awaitSuccess(Restore.class, OWN, "as-jane");
        assertThat(kubectlGet("configmap/seen")).contains("configmap/seen");
    }

    private boolean isRefused(ConfigMap map) {
        try {
            site.client().resource(map).dryRun().create();
            return false;
        } catch (KubernetesClientException e) {
            assertThat(e.getMessage()).contains("tenancy-only-jane");
            return true;
        }
    }

    /** Changes what the policy promises for points that are captured from now on. */
    private void lockedFor(String duration) {
        site.client()
                .resources(BackupPolicy.class)
                .inNamespace(OWN)
                .withName("shop")
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"spec\":{\"retention\":" + (duration == null ? null : "{\"lockedFor\":\"" + duration + "\"}")
                                + "}}");
    }

    @Test
    void refusesCommandsOfAUserWhoMayNotRunCommands() {
        BackupPolicy policy = Examples.policy(OWN, "hooked", "blob-" + Rig.EAST);
        policy.getSpec().hooks =
                Serialization.unmarshal("pre: [{podSelector: {}, command: [id]}]", BackupPolicySpec.Hooks.class);
        assertThatThrownBy(() -> john.resource(policy).create())
                .hasMessageContaining("spec.hooks.pre: user john needs the right to create pods/exec");
    }

    @Test
    void refusesALocationWithASecretThatTheAuthorMayNotRead() {
        var location = privateLocation();
        location.getMetadata().setNamespace(OWN);
        location.getSpec().azureBlob.credentialsSecretRef = new NamedRef("hidden");
        assertThatThrownBy(() -> john.resource(location).create())
                .hasMessageContaining(
                        "spec.azureBlob.credentialsSecretRef: user john needs the right to get secrets/hidden");
    }

    @Test
    void checksObjectsThatAreBeingDeleted() {
        var point = new RestorePoint();
        point.setMetadata(new ObjectMetaBuilder()
                .withNamespace(OWN)
                .withName("leaving")
                .withFinalizers("example.com/later")
                .build());
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef("no-such-policy");
        jane.resource(point).create();
        var leaving = jane.resources(RestorePoint.class).inNamespace(OWN).withName("leaving");
        leaving.delete();
        assertThatThrownBy(() -> leaving.patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\":{\"labels\":{\"" + Api.ORIGIN_NAMESPACE + "\":\"" + OTHERS + "\"}}}"))
                .hasMessageContaining("names the origin of the data");
        leaving.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\":{\"finalizers\":null}}");
    }

    /** A point of Jane with a status that she chose. */
    private void forge(String name, Consumer<RestorePointStatus> lie) {
        var point = new RestorePoint();
        point.setMetadata(
                new ObjectMetaBuilder().withNamespace(OWN).withName(name).build());
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef("no-such-policy");
        jane.resource(point).create();
        rig.progress()
                .await(
                        "RestorePoint " + name + " has failed",
                        Duration.ofMinutes(1),
                        () -> site.describe(RestorePoint.class, OWN, name),
                        () -> site.get(RestorePoint.class, OWN, name)
                                .map(RestorePoint::getStatus)
                                .map(s -> s.holds(Condition.STALLED)));
        forgeStatus(name, lie);
    }

    private void forgeStatus(String name, Consumer<RestorePointStatus> lie) {
        UnaryOperator<RestorePoint> forged = p -> {
            RestorePointStatus s = Serialization.clone(own.getStatus());
            s.point = name;
            s.site = Rig.EAST;
            s.conditions = new ArrayList<>(own.getStatus().conditions);
            lie.accept(s);
            p.setStatus(s);
            return p;
        };
        rig.progress()
                .await(
                        "the API server refuses the status that jane writes",
                        Duration.ofMinutes(1),
                        () -> "the API server does not enforce the policy yet",
                        () -> Optional.of(isStatusRefused(name, forged)));
        withoutStatusPolicy(() -> jane.resources(RestorePoint.class)
                .inNamespace(OWN)
                .withName(name)
                .editStatus(forged));
        assertThat(site.get(RestorePoint.class, OWN, name)
                        .orElseThrow()
                        .getStatus()
                        .holds(Condition.SUCCEEDED))
                .as("the forged status is stored, so that the restore must refuse it")
                .isTrue();
    }

    private boolean isStatusRefused(String name, UnaryOperator<RestorePoint> forged) {
        try {
            jane.resources(RestorePoint.class)
                    .inNamespace(OWN)
                    .withName(name)
                    .dryRun()
                    .editStatus(forged);
            return false;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return false; // the operator wrote the status at the same time
            }
            assertThat(e.getMessage()).contains("jane may not write the status");
            return true;
        }
    }

    /** Writes while the API server does not enforce who may write statuses, so that the next line of defence is tested. */
    private void withoutStatusPolicy(Runnable write) {
        var bindings = site.client().resources(ValidatingAdmissionPolicyBinding.class);
        ValidatingAdmissionPolicyBinding binding =
                bindings.withName("breakwater-status").require();
        bindings.withName("breakwater-status").delete();
        try {
            rig.progress()
                    .await(
                            "statuses can be written without the policy",
                            Duration.ofMinutes(1),
                            () -> "the API server still enforces the policy",
                            () -> {
                                write.run();
                                return Optional.of(true);
                            });
        } finally {
            binding.getMetadata().setResourceVersion(null);
            binding.getMetadata().setUid(null);
            site.client().resource(binding).create();
        }
    }

    private io.breakwater.api.BackupLocation privateLocation() {
        var location = rig.location(Rig.EAST);
        location.getMetadata().setNamespace(OTHERS);
        location.getMetadata().setName("private");
        return location;
    }

    private void create(KubernetesClient author, String name, String spec) {
        author.resource(restore(name, spec)).create();
    }

    private static Restore restore(String name, String spec) {
        var restore = new Restore();
        restore.setMetadata(new ObjectMetaBuilder()
                .withNamespace(OWN)
                .withName(name)
                .addToAnnotations("tried-by", "TenancyIT")
                .build());
        restore.setSpec(Serialization.unmarshal(spec, RestoreSpec.class));
        return restore;
    }

    private void refused(String name, Reason reason, String named) {
        Condition condition = failure(Restore.class, name);
        assertThat(condition.reason).as(condition.message).isEqualTo(reason.name());
        assertThat(condition.message).contains(named);
    }

    private <T extends CustomResource<?, ? extends ConditionedStatus>> Condition failure(Class<T> kind, String name) {
        Condition condition = rig.progress()
                .awaitValue(
                        kind.getSimpleName() + " " + name + " is refused",
                        Duration.ofMinutes(1),
                        () -> site.describe(kind, OWN, name),
                        () -> site.get(kind, OWN, name)
                                .map(CustomResource::getStatus)
                                .flatMap(s -> s.condition(Condition.SUCCEEDED))
                                .filter(c -> !"Unknown".equals(c.status)));
        assertThat(condition.status).as(condition.message).isEqualTo("False");
        return condition;
    }

    /** Those of the objects that exist. */
    private String kubectlGet(String... objects) {
        var all = new ArrayList<>(java.util.List.of("get", "-n", OWN, "-o", "name", "--ignore-not-found"));
        all.addAll(java.util.List.of(objects));
        return site.cluster().kubectl(all.toArray(String[]::new));
    }

    private KubernetesClient as(String user) {
        var config = new ConfigBuilder(site.client().getConfiguration())
                .withImpersonateUsername(user)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    /** Content of the namespace before an administrator deleted it. */
    private static final String CAPTURED = """
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: mine}, data: {a: b}}
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: seen}, data: {a: b}}
        ---
        {apiVersion: v1, kind: Secret, metadata: {name: mine}, stringData: {a: b}}
        ---
        {apiVersion: v1, kind: Secret, metadata: {name: hidden}, stringData: {password: open-sesame}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: powerful}
        rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: harmless}
        rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: tenancy-all}
        rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: powerful}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
        subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: all}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: tenancy-all}
        subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
        """;

    private static final String ONLY_JANE = """
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata: {name: tenancy-only-jane}
        spec:
          matchConstraints:
            resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
          matchConditions: [{name: seen, expression: "object.metadata.name == 'seen'"}]
          validations: [{expression: "request.userInfo.username == 'jane'"}]
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata: {name: tenancy-only-jane}
        spec:
          policyName: tenancy-only-jane
          validationActions: [Deny]
          matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tenant}}}
        """;

    private static final String RIGHTS = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: breakwater-tenant}
        rules: [{apiGroups: [breakwater.io], resources: ["*"], verbs: ["*"]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: blind}
        rules: [{apiGroups: [""], resources: [secrets], verbs: [create, update, delete]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: breakwater-tenants}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: breakwater-tenant}
        subjects:
        - {kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}
        - {kind: User, name: john, apiGroup: rbac.authorization.k8s.io}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: jane-administers}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
        subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: john-is-blind}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: blind}
        subjects: [{kind: User, name: john, apiGroup: rbac.authorization.k8s.io}]
        """;
}
