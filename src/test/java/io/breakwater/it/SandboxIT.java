package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.VerificationPlan;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Level;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** A sandbox has nothing with effects outside of it, and no more than its author could create in the captured namespace. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SandboxIT {
    private static final String NAMESPACE = "sandboxed";
    private static final String POLICY = "shop";

    private final Rig rig;
    private final Site site;

    SandboxIT(Rig rig) {
        this.rig = rig;
        this.site = rig.east();
    }

    @BeforeAll
    void capture() {
        site.cluster().createNamespace(NAMESPACE);
        site.cluster()
                .kubectl("label", "namespace", NAMESPACE, "project=p-1", "pod-security.kubernetes.io/warn=baseline");
        BackupPolicy policy = Examples.policy(NAMESPACE, POLICY, "blob-" + Rig.EAST);
        policy.getSpec().verification = new VerificationPlan();
        policy.getSpec().verification.level = Level.Restored;
        policy.getSpec().verification.keepFor = "10m";
        site.client().resource(policy).serverSideApply();
        site.cluster().apply(NAMESPACE, OBJECTS);
        site.createPoint(NAMESPACE, "point", POLICY);
        site.awaitPoint(NAMESPACE, "point");
    }

    @AfterAll
    void clean() {
        site.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    @Order(1)
    void restoresOnlyWhatStaysInside() {
        site.createVerification(NAMESPACE, "inside", POLICY, "point", Level.Restored);
        Verification proven = site.awaitSuccess(Verification.class, NAMESPACE, "inside");
        String sandbox = proven.getStatus().sandbox;

        Namespace namespace = site.client().namespaces().withName(sandbox).get();
        assertThat(namespace.getMetadata().getLabels())
                .containsEntry("pod-security.kubernetes.io/warn", "baseline")
                .doesNotContainKey("project");
        assertThat(names(sandbox, "networkpolicies"))
                .contains("breakwater-sandbox", "breakwater-sandbox-movers")
                .doesNotContain("open");
        assertThat(names(sandbox, "ingresses")).isEmpty();
        assertThat(names(sandbox, "rolebindings")).isEmpty();
        assertThat(names(sandbox, "resourcequotas")).contains("few");
        assertThat(names(sandbox, "services")).contains("/web").doesNotContain("bank");
        assertThat(site.cluster().kubectl("get", "-n", sandbox, "service", "web", "-o", "jsonpath={.spec.type}"))
                .isEqualTo("ClusterIP");
        assertThat(site.cluster()
                        .kubectl("get", "-n", sandbox, "configmap", "bucket", "-o", "jsonpath={.metadata.finalizers}"))
                .isEmpty();
        assertThat(site.cluster()
                        .kubectl(
                                "get",
                                "-n",
                                sandbox,
                                "configmap",
                                "bucket",
                                "-o",
                                "jsonpath={.metadata.labels.app\\.kubernetes\\.io/instance}"))
                .as("the mark of Argo CD")
                .isEmpty();
        assertThat(String.join("\n", proven.getStatus().warnings))
                .contains("ingresses.networking.k8s.io web")
                .contains("networkpolicies.networking.k8s.io open")
                .contains("services bank")
                .contains("rolebindings.rbac.authorization.k8s.io jane");
        site.client()
                .resources(Verification.class)
                .inNamespace(NAMESPACE)
                .withName("inside")
                .delete();
        rig.progress()
                .await(
                        "the sandbox is deleted",
                        Duration.ofMinutes(2),
                        () -> "namespace " + sandbox,
                        () -> java.util.Optional.of(
                                site.client().namespaces().withName(sandbox).get() == null));
    }

    /** Lena may create Verifications and configuration, and may not read Secrets. */
    @Test
    @Order(2)
    void failsForAnAuthorWithoutTheRights() {
        var config = new ConfigBuilder(site.client().getConfiguration())
                .withImpersonateUsername("lena")
                .build();
        try (KubernetesClient lena =
                new KubernetesClientBuilder().withConfig(config).build()) {
            var verification = new Verification();
            verification.setMetadata(new ObjectMetaBuilder()
                    .withNamespace(NAMESPACE)
                    .withName("lenas")
                    .build());
            verification.setSpec(new VerificationSpec());
            verification.getSpec().policyRef = new NamedRef(POLICY);
            verification.getSpec().restorePointRef = new NamedRef("point");
            verification.getSpec().level = Level.Restored;
            Verification made = lena.resource(verification).create();
            assertThat(made.getMetadata().getAnnotations().get(Api.AUTHOR)).contains("\"lena\"");
        }
        Condition condition = rig.progress()
                .awaitValue(
                        "Verification lenas is refused",
                        Duration.ofMinutes(2),
                        () -> site.describe(Verification.class, NAMESPACE, "lenas"),
                        () -> site.get(Verification.class, NAMESPACE, "lenas")
                                .map(Verification::getStatus)
                                .flatMap(s -> s.condition(Condition.SUCCEEDED))
                                .filter(c -> !"Unknown".equals(c.status)));
        assertThat(condition.reason).as(condition.message).isEqualTo(Reason.AuthorLacksRight.name());
        assertThat(condition.message).contains("author lena", "secrets", "in namespace " + NAMESPACE);
    }

    private String names(String namespace, String kind) {
        return site.cluster().kubectl("get", "-n", namespace, kind, "-o", "name");
    }

    private static final String OBJECTS = """
        ---
        {apiVersion: v1, kind: ResourceQuota, metadata: {name: few}, spec: {hard: {pods: "5"}}}
        ---
        {apiVersion: v1, kind: Secret, metadata: {name: password}, stringData: {a: b}}
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: bucket, labels: {app.kubernetes.io/instance: shop}}, data: {a: b}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: bank}, spec: {type: ExternalName, externalName: bank.example.com}}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: open}
        spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: lena}
        rules:
        - {apiGroups: [breakwater.io], resources: [verifications], verbs: [get, list, create]}
        - {apiGroups: [""], resources: [configmaps, services, serviceaccounts], verbs: [get, create]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: jane}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: lena}
        subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: lena}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: lena}
        subjects: [{kind: User, name: lena, apiGroup: rbac.authorization.k8s.io}]
        """;
}
