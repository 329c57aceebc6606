package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KindChecksTest {
    private static final String POLICY = """
        kind: BackupPolicy
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: shop}
        spec:
          schedule: {cron: "*/15 * * * *", timeZone: Europe/Berlin}
          objectives: {rpo: 30m}
          locationRef: {name: near}
          copies: [{locationRef: {name: far}, rpo: 1h}]
          hooks: {pre: [{podSelector: {}, command: [sync], timeout: 30s}]}
        """;
    private static final String PLAN = """
        kind: FailoverPlan
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: shop}
        spec:
          sites: [{name: east, locationRef: {name: near}}, {name: west, locationRef: {name: far}}]
          activeSite: east
          rendezvousRef: {name: meet}
          policyRef: {name: shop}
          maxDataLoss: 0s
          lease: {duration: 60s}
          readiness: {timeout: 5m}
        """;
    private static final String LOCATION = """
        kind: BackupLocation
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: near}
        spec: {azureBlob: {account: acc, container: backups, prefix: a/b, credentialsSecretRef: {name: s}}}
        """;
    private static final String SHARED = """
        kind: BackupLocation
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: breakwater-system, name: near}
        spec: {filesystem: {path: near}, usagePolicy: {namespaces: All}}
        """;
    private static final String POINT = """
        kind: RestorePoint
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: p}
        spec: {policyRef: {name: shop}, trigger: Manual}
        """;
    private static final String RESTORE = """
        kind: Restore
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: r}
        spec: {restorePointRef: {name: p}}
        """;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KindChecks checks =
            new KindChecks(cluster.client(), TestConfig.of(Map.of("breakwater.site", "east")));

    @AfterEach
    void close() {
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {POLICY, PLAN, LOCATION, SHARED, POINT, RESTORE})
    void acceptsValidObjects(String object) {
        assertThat(create(object).refusal()).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        */15 * * * *  | 61 * * * *    | spec.schedule.cron
        */15 * * * *  | a b c d e     | spec.schedule.cron
        Europe/Berlin | Europe/Berlni | spec.schedule.timeZone
        Europe/Berlin | Europe/Berlin, jitter: 10min | spec.schedule.jitter
        rpo: 30m      | rpo: ''       | spec.objectives.rpo
        rpo: 30m      | rpo: 30min    | spec.objectives.rpo
        rpo: 30m      | rpo: 0s       | spec.objectives.rpo
        rpo: 1h       | rpo: 5s       | spec.copies[0].rpo
        timeout: 30s  | timeout: 0s   | spec.hooks.pre[0].timeout
        name: far     | name: near    | spec.copies[0].locationRef.name
        """)
    void refusesInvalidPoliciesAndNamesTheField(String right, String wrong, String field) {
        assertThat(POLICY).contains(right);
        assertThat(create(POLICY.replace(right, wrong)).refusal()).startsWith(field + ": ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        name: east      | name: north     | spec.sites
        maxDataLoss: 0s | maxDataLoss: '' | spec.maxDataLoss
        duration: 60s   | duration: 29s   | spec.lease.duration
        timeout: 5m     | timeout: soon   | spec.readiness.timeout
        namespace: shop | namespace: breakwater-system | metadata.namespace
        """)
    void refusesInvalidPlansAndNamesTheField(String right, String wrong, String field) {
        assertThat(PLAN).contains(right);
        assertThat(create(PLAN.replace(right, wrong)).refusal()).startsWith(field + ": ");
    }

    @Test
    void warnsAboutMissingReferencesInsteadOfRefusing() {
        AdmissionResponse policy = create(POLICY);
        assertThat(policy.isAllowed()).isTrue();
        assertThat(policy.warnings())
                .anyMatch(w -> w.startsWith("spec.locationRef.name: BackupLocation 'near'"))
                .anyMatch(w -> w.startsWith("spec.copies[0].locationRef.name: BackupLocation 'far'"));
        assertThat(create(PLAN).warnings())
                .anyMatch(w -> w.startsWith("spec.policyRef.name: BackupPolicy 'shop'"))
                .anyMatch(w -> w.startsWith("spec.rendezvousRef.name: BackupLocation 'meet'"));
        assertThat(create(RESTORE).warnings()).hasSize(1);
        assertThat(create(POINT).warnings()).hasSize(1);
    }

    @Test
    void acceptsOwnAndSharedLocationsWithoutWarning() {
        String one = POLICY.replaceAll("(?m)^  copies.*\n", "");
        store(LOCATION, BackupLocation.class);
        assertThat(create(one).warnings()).isEmpty();
        cluster.client().resources(BackupLocation.class).inNamespace("shop").delete();
        store(SHARED, BackupLocation.class);
        assertThat(create(one).warnings()).isEmpty();
    }

    @Test
    void namesUsagePolicyWhenALocationIsNotShared() {
        store(SHARED.replace("All", "Same"), BackupLocation.class);
        assertThat(create(POLICY).warnings().getFirst())
                .contains("is not shared")
                .contains("usagePolicy");
    }

    @Test
    void refusesNewLocationsNamedLikeASharedOne() {
        store(SHARED, BackupLocation.class);
        assertThat(create(LOCATION).refusal()).startsWith("metadata.name: BackupLocation 'near' is shared");
        assertThat(checks.review(Reviews.update("u", LOCATION, LOCATION)).isAllowed())
                .isTrue();
        assertThat(create(LOCATION.replace("name: near", "name: own")).isAllowed())
                .isTrue();
    }

    @Test
    void acceptsALocationNamedLikeAnUnsharedOne() {
        store(SHARED.replace("All", "Same"), BackupLocation.class);
        assertThat(create(LOCATION).isAllowed()).isTrue();
    }

    @Test
    void warnsAboutPlansOnPoliciesWithASource() {
        store(POLICY, BackupPolicy.class);
        assertThat(create(PLAN).warnings()).noneMatch(w -> w.startsWith("spec.policyRef"));
        cluster.client().resources(BackupPolicy.class).inNamespace("shop").delete();
        store(POLICY.replace("spec:", "spec:\n  source: {exclude: [{kinds: [jobs.batch]}]}"), BackupPolicy.class);
        assertThat(create(PLAN).warnings())
                .anyMatch(w -> w.startsWith("spec.policyRef.name: BackupPolicy 'shop' has a spec.source"));
    }

    @Test
    void refusesInvalidKindNamesInSourceRules() {
        String wrong = POLICY.replace("spec:", "spec:\n  source: {exclude: [{kinds: [Deployment]}]}");
        assertThat(create(wrong).refusal()).startsWith("spec.source.exclude[0].kinds[0]: 'Deployment' is no kind");
    }

    @Test
    void refusesASecondPolicyForTheSameVolumes() {
        store(POLICY, BackupPolicy.class);
        assertThat(create(POLICY.replace("name: shop}", "name: other}")).refusal())
                .contains("BackupPolicy shop protects the volumes of namespace shop already");
        assertThat(checks.review(Reviews.update("u", POLICY, POLICY)).isAllowed())
                .isTrue();
        assertThat(create(POLICY.replace("namespace: shop", "namespace: other")).isAllowed())
                .isTrue();
    }

    @Test
    void allowsOneSnapshotPolicyNextToADataMovingPolicy() {
        store(POLICY, BackupPolicy.class);
        String keeping = POLICY.replace("name: shop}", "name: quick}") + "  volumes: {method: Snapshot}\n";
        AdmissionResponse verdict = create(keeping);
        assertThat(verdict.isAllowed()).as(verdict.refusal()).isTrue();
        assertThat(verdict.warnings())
                .anySatisfy(w -> assertThat(w)
                        .contains("lost with the cluster's storage")
                        .contains("spec.volumes.method"));

        store(keeping, BackupPolicy.class);
        assertThat(create(keeping.replace("name: quick}", "name: third}")).refusal())
                .contains("BackupPolicy quick protects the volumes of namespace shop already");
    }

    @Test
    void refusesToCombineSnapshotPoliciesWithFailoverPlans() {
        store(POLICY + "  volumes: {method: Snapshot}\n", BackupPolicy.class);
        assertThat(create(PLAN).refusal()).contains("spec.policyRef.name").contains("stays in the storage of one site");

        store(PLAN, FailoverPlan.class);
        assertThat(checks.review(Reviews.update("u", POLICY, POLICY + "  volumes: {method: Snapshot}\n"))
                        .refusal())
                .contains("spec.volumes.method")
                .contains("FailoverPlan shop");
    }

    @Test
    void aSecondPlanForANamespaceIsRefused() {
        store(PLAN, FailoverPlan.class);
        assertThat(create(PLAN.replace("name: shop}\nspec", "name: other}\nspec"))
                        .refusal())
                .contains("FailoverPlan shop rules this namespace already");
    }

    @Test
    void requiresASeparatePermissionToFailOver() {
        String asked = PLAN.replace("activeSite: east", "activeSite: west");
        try (Authorizer authorizer = new Authorizer()) {
            authorizer.answers(false);
            assertThat(authorizer.review(Reviews.update("jane", PLAN, asked)).refusal())
                    .startsWith("spec.activeSite: jane may not fail over");
            assertThat(authorizer.review(Reviews.update("jane", PLAN, PLAN)).isAllowed())
                    .isTrue();
            assertThat(authorizer
                            .review(Reviews.update("jane", PLAN, PLAN.replace("maxDataLoss: 0s", "maxDataLoss: 1h")))
                            .refusal())
                    .startsWith("spec.maxDataLoss: ");
        }
        try (Authorizer authorizer = new Authorizer()) {
            authorizer.answers(true);
            assertThat(authorizer.review(Reviews.update("jane", PLAN, asked)).isAllowed())
                    .isTrue();
        }
    }

    @Test
    void refusesFilesystemLocationsOutsideTheOperatorNamespace() {
        assertThat(create(SHARED.replace("breakwater-system", "shop")).refusal())
                .startsWith("spec.filesystem: ");
    }

    @Test
    void refusesWorkloadIdentityOutsideTheOperatorNamespace() {
        String borrowed = LOCATION.replace("credentialsSecretRef: {name: s}", "workloadIdentity: {}");
        String bucket = borrowed.replace(
                "azureBlob: {account: acc, container: backups, prefix: a/b",
                "s3: {bucket: backups, region: eu-central-1");

        assertThat(create(borrowed).refusal()).startsWith("spec.azureBlob.workloadIdentity: ");
        assertThat(create(bucket).refusal()).startsWith("spec.s3.workloadIdentity: ");
        assertThat(create(bucket.replace("namespace: shop", "namespace: breakwater-system"))
                        .isAllowed())
                .isTrue();
    }

    @Test
    void refusesShortEscrowPublicKeys() throws Exception {
        String object = LOCATION.replace("spec: {", "spec: {encryption: {escrowSecretRef: {name: escrow}}, ");
        assertThat(create(object).refusal()).isNull();
        assertThat(create(object).warnings())
                .anySatisfy(w -> assertThat(w).contains("spec.encryption.escrowSecretRef", "publicKey"));

        for (int bits : new int[] {2048, 3072}) {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            byte[] der = generator.generateKeyPair().getPublic().getEncoded();
            String pem = "-----BEGIN PUBLIC KEY-----\n"
                    + Base64.getMimeEncoder().encodeToString(der) + "\n-----END PUBLIC KEY-----\n";
            cluster.client()
                    .resource(new SecretBuilder()
                            .withNewMetadata()
                            .withNamespace("shop")
                            .withName("escrow")
                            .endMetadata()
                            .addToData("publicKey", Base64.getEncoder().encodeToString(pem.getBytes()))
                            .build())
                    .createOr(NonDeletingOperation::update);
            if (bits < 3072) {
                assertThat(create(object).refusal()).contains("spec.encryption.escrowSecretRef", "2048 bits");
            } else {
                assertThat(create(object).refusal()).isNull();
            }
        }
    }

    @Test
    void refusesPrefixesWithParentDirectories() {
        assertThat(create(LOCATION.replace("a/b", "a/../b")).refusal()).startsWith("spec.azureBlob.prefix: ");
    }

    @Test
    void refusesRestorePointsWithAForgedOrigin() {
        String forged = POINT.replace("name: p}", "name: p, labels: {breakwater.io/origin-namespace: bank}}");
        assertThat(create(forged).refusal()).contains("breakwater.io/origin-namespace says whose data this is");
        assertThat(checks.review(Reviews.update("u", POINT, forged)).isAllowed())
                .isFalse();
        assertThat(checks.review(Reviews.update("u", forged, POINT)).isAllowed())
                .isFalse();
        assertThat(checks.review(Reviews.update("u", forged, forged)).isAllowed())
                .isTrue();
        assertThat(create(POINT.replace("Manual", "Imported")).refusal()).startsWith("spec.trigger: ");
        assertThat(checks.review(Reviews.create(Reviews.OPERATOR, forged.replace("Manual", "Imported")))
                        .isAllowed())
                .isTrue();
    }

    @Test
    void onlyAdministratorsRestoreIntoAnotherNamespace() {
        String elsewhere = RESTORE.replace("{name: p}}", "{name: p}, targetNamespace: bank}");
        assertThat(create(elsewhere).refusal()).startsWith("spec.targetNamespace: ");
        assertThat(create(elsewhere.replace("bank", "shop")).isAllowed()).isTrue();
        assertThat(create(elsewhere.replace("namespace: shop", "namespace: breakwater-system"))
                        .isAllowed())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        at: '2026-02-30T25:00:00Z'         | spec.at
        include: [{kinds: [Deployment]}]   | spec.include[0].kinds[0]
        exclude: [{names: [a]}, {kinds: [secrets, apps/v1]}] | spec.exclude[1].kinds[1]
        transforms: [{select: {names: [a]}}] | spec.transforms[0]
        transforms: [{select: {names: [a]}, jsonPatch: [{op: add, path: /a, value: 1}], mergePatch: {}}] | spec.transforms[0]
        transforms: [{select: {kinds: [Pod]}, mergePatch: {a: 1}}] | spec.transforms[0].select.kinds[0]
        transforms: [{select: {names: [a]}, mergePatch: {a: 1}}, {select: {names: [a]}, mergePatch: text}] | spec.transforms[1].mergePatch
        transforms: [{select: {names: [a]}, mergePatch: {kind: ConfigMap}}] | spec.transforms[0].mergePatch
        transforms: [{select: {names: [a]}, mergePatch: {metadata: null}}] | spec.transforms[0].mergePatch
        transforms: [{select: {names: [a]}, jsonPatch: [{op: remove, path: /a}, {op: add, path: /a}]}] | spec.transforms[0].jsonPatch[1].value
        transforms: [{select: {names: [a]}, jsonPatch: [{op: remove, path: /a, value: 1}]}] | spec.transforms[0].jsonPatch[0].value
        transforms: [{select: {names: [a]}, jsonPatch: [{op: move, path: /a}]}] | spec.transforms[0].jsonPatch[0].from
        transforms: [{select: {names: [a]}, jsonPatch: [{op: move, path: /a, from: /metadata/name}]}] | spec.transforms[0].jsonPatch[0].from
        transforms: [{select: {names: [a]}, jsonPatch: [{op: replace, path: /kind, value: ConfigMap}]}] | spec.transforms[0].jsonPatch[0].path
        transforms: [{select: {names: [a]}, jsonPatch: [{op: replace, path: /metadata, value: {}}]}] | spec.transforms[0].jsonPatch[0].path
        order: [{first: [{kinds: [Pod]}], then: [{names: [a]}]}] | spec.order[0].first[0].kinds[0]
        order: [{first: [{names: [a]}], then: [{names: [b]}, {kinds: [apps/v1]}]}] | spec.order[0].then[1].kinds[0]
        order: [{first: [{names: [a]}], then: [{names: [b]}], timeout: 0s}] | spec.order[0].timeout
        order: [{first: [{names: [a]}], then: [{names: [b]}]}, {first: [{names: [b]}], then: [{names: [a]}]}] | spec.order[1] and spec.order[0]
        order: [{first: [{kinds: [a.b]}], then: [{kinds: [c.d]}]}, {first: [{kinds: [c.d], names: [x]}], then: [{kinds: [a.b], names: [y]}]}] | spec.order[1] and spec.order[0]
        files: {pvc: a, paths: [/a, uploads]} | spec.files.paths[1]
        files: {pvc: a, paths: [/a/../../b]}  | spec.files.paths[0]
        files: {pvc: a, paths: [/]}           | spec.files.paths[0]
        storageClasses: {fast: 'not a class'} | spec.storageClasses
        images: {docker.io/: mirror}          | spec.images
        hosts: {.example.com: example.org}    | spec.hosts
        hosts: {shop.example.com: https://x}  | spec.hosts
        """)
    void refusesInvalidRestoresAndNamesTheField(String wrong, String field) {
        String right = RESTORE.replace(
                "{restorePointRef: {name: p}}", "{policyRef: {name: shop}, at: '2026-02-03T04:05:06.7+01:00'}");
        assertThat(create(right).isAllowed()).isTrue();
        String transforms =
                "transforms: [{select: {kinds: [pods]}, jsonPatch: [{op: test, path: /kind, value: Pod}, {op: copy,"
                    + " path: /a, from: /kind}, {op: remove, path: /b}, {op: add, path: /c, value: false}]}, {select:"
                    + " {names: [a]}, mergePatch: {metadata: {labels: {a: b}}}}], storageClasses: {a: b}, images:"
                    + " {quay.io/a: r.io:5000/b/c}, hosts: {a.io: b.io, .a.io: .b.io}, order: [{first: [{kinds: [a.b],"
                    + " names: [x]}], then: [{kinds: [a.b]}]}, {first: [{labelSelector: {}}], then: [{kinds: [a.b],"
                    + " names: [x]}], timeout: 5m}]";
        assertThat(create(RESTORE.replace("{name: p}}", "{name: p}, " + transforms + "}"))
                        .refusal())
                .isNull();
        assertThat(create(RESTORE.replace("{name: p}}", "{name: p}, " + wrong + "}"))
                        .refusal())
                .startsWith(field + ": ");
    }

    @Test
    void refusesRestoresIntoSystemNamespaces() {
        String admin = RESTORE.replace("namespace: shop", "namespace: breakwater-system");
        assertThat(create(admin).refusal()).startsWith("spec.targetNamespace: ");
        assertThat(create(admin.replace("{name: p}}", "{name: p}, targetNamespace: kube-system}"))
                        .isAllowed())
                .isFalse();
    }

    private AdmissionResponse create(String object) {
        return checks.review(Reviews.create("jane", object));
    }

    private <T extends HasMetadata> void store(String object, Class<T> type) {
        cluster.add(Serialization.unmarshal(object, type));
    }

    /** An API server that only says who may do what, and finds nothing else. */
    private static final class Authorizer implements AutoCloseable {
        private final KubernetesMockServer server = new KubernetesMockServer(false);
        private final KubernetesClient client;

        Authorizer() {
            server.init();
            client = server.createClient();
        }

        void answers(boolean allowed) {
            SubjectAccessReview answer = new SubjectAccessReviewBuilder()
                    .withNewStatus()
                    .withAllowed(allowed)
                    .endStatus()
                    .build();
            server.expect()
                    .post()
                    .withPath("/apis/authorization.k8s.io/v1/subjectaccessreviews")
                    .andReturn(201, answer)
                    .always();
        }

        AdmissionResponse review(AdmissionRequest review) {
            return new KindChecks(client, TestConfig.of(Map.of("breakwater.site", "east"))).review(review);
        }

        @Override
        public void close() {
            client.close();
            server.destroy();
        }
    }
}
