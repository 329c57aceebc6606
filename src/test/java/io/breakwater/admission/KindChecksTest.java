package io.breakwater.admission;

import static io.breakwater.admission.Manifests.LOCATION;
import static io.breakwater.admission.Manifests.PLAN;
import static io.breakwater.admission.Manifests.POINT;
import static io.breakwater.admission.Manifests.POLICY;
import static io.breakwater.admission.Manifests.RESTORE;
import static io.breakwater.admission.Manifests.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.config.TestConfig;
import io.breakwater.tls.TestAuthority;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KindChecksTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KindChecks checks = new KindChecks(
            cluster.client(),
            TestConfig.of(Map.of("breakwater.site", "east", "breakwater.store.cluster-cidrs", "10.96.0.0/12")));

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
        */15 * * * *  | */4 * * * *   | spec.schedule.cron
        */15 * * * *  | 0,2 4 * * *   | spec.schedule.cron
        Europe/Berlin | Europe/Berlni | spec.schedule.timeZone
        Europe/Berlin | Europe/Berlin, jitter: 10min | spec.schedule.jitter
        rpo: 30m      | rpo: ''       | spec.objectives.rpo
        rpo: 30m      | rpo: 30min    | spec.objectives.rpo
        rpo: 30m      | rpo: 0s       | spec.objectives.rpo
        rpo: 1h       | rpo: 5s       | spec.copies[0].rpo
        timeout: 30s  | timeout: 0s   | spec.hooks.pre[0].timeout
        timeout: 30s  | timeout: 61m  | spec.hooks.pre[0].timeout
        name: far     | name: near    | spec.copies[0].locationRef.name
        """)
    void refusesInvalidPoliciesAndNamesTheField(String right, String wrong, String field) {
        assertThat(POLICY).contains(right);
        assertThat(create(POLICY.replace(right, wrong)).refusal()).startsWith(field + ": ");
    }

    @Test
    void permitsAnyScheduleInTheOperatorsNamespaceButNotInTemplates() {
        String often = POLICY.replace("*/15 * * * *", "*/4 * * * *")
                .replace("namespace: shop", "namespace: breakwater-system");
        assertThat(often).contains("breakwater-system");
        assertThat(create(often).refusal()).isNull();

        String template = often.replaceFirst("(?m)^spec:\n", "spec:\n  source: {namespaces: {include: ['*']}}\n");
        assertThat(create(template).refusal()).contains("spec.schedule.cron: ", "policy.shortestInterval");
    }

    /** The schema refuses these too, but a sender other than the API server ignores it. */
    @Test
    void refusesListsAndSchedulesAboveTheLimitsOfTheSchema() {
        assertThat(create(POLICY.replace("*/15 * * * *", "1" + ",1".repeat(100_000) + " * * * *"))
                        .refusal())
                .isEqualTo("spec.schedule.cron: the schedule has more than 128 characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"((a|aa)+)\\2?x", "(?=a)", "("})
    void refusesExpressionsThatRe2DoesNotTake(String expression) {
        String checks = "  verification: {level: Queried, checks: [{name: c, podSelector: {}, command: [x], expect: '"
                + expression + "'}]}\n";
        assertThat(create(POLICY.replaceFirst("(?m)^spec:\n", "spec:\n" + checks.replace("\\", "\\\\")))
                        .refusal())
                .startsWith("spec.verification.checks[0].expect: ")
                .contains("is not a valid regular expression of RE2");
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
    void refusesInvalidKindNamesInSourceRules() {
        String wrong = POLICY.replace("spec:", "spec:\n  source: {exclude: [{kinds: [Deployment]}]}");
        assertThat(create(wrong).refusal())
                .startsWith("spec.source.exclude[0].kinds[0]: 'Deployment' is not a valid kind");
    }

    @Test
    void refusesASecondPolicyForTheSameVolumes() {
        store(POLICY, BackupPolicy.class);
        assertThat(create(POLICY.replace("name: shop}", "name: other}")).refusal())
                .contains("BackupPolicy shop already protects the volumes of namespace shop");
        assertThat(checks.review(Reviews.update("u", POLICY, POLICY)).isAllowed())
                .isTrue();
        assertThat(create(POLICY.replace("namespace: shop", "namespace: other")).isAllowed())
                .isTrue();
    }

    @Test
    void allowsOneSnapshotPolicyNextToADataMovingPolicy() {
        store(POLICY, BackupPolicy.class);
        String keeping = POLICY.replace("name: shop}", "name: quick}") + "  volumes: {method: Snapshot}\n";
        AdmissionResponse response = create(keeping);
        assertThat(response.isAllowed()).as(response.refusal()).isTrue();
        assertThat(response.warnings())
                .anySatisfy(w -> assertThat(w)
                        .contains("lost with the cluster's storage")
                        .contains("spec.volumes.method"));

        store(keeping, BackupPolicy.class);
        assertThat(create(keeping.replace("name: quick}", "name: third}")).refusal())
                .contains("BackupPolicy quick already protects the volumes of namespace shop");
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

    @Tag("slow")
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
                            .addToLabels("breakwater.io/location-credentials", "true")
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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://169.254.169.254",
                "http://store.example",
                "https://127.0.0.1:9443",
                "https://u@store.example",
                "https://[::ffff:10.96.0.1]",
                "https://2130706433"
            })
    void refusesEndpointsThatAreNotAllowed(String endpoint) {
        assertThat(create(LOCATION.replace("prefix: a/b", "endpoint: '" + endpoint + "'"))
                        .refusal())
                .startsWith("spec.azureBlob.endpoint: ");
    }

    @ParameterizedTest
    @CsvSource({
        "https://east.blob.core.windows.net, true",
        "https://evilblob.core.windows.net, false",
        "https://blob.core.windows.net.evil.example, false"
    })
    void sendsTheOwnIdentityOnlyToItsCloud(String endpoint, boolean isAllowed) {
        String own = LOCATION.replace("namespace: shop", "namespace: breakwater-system")
                .replace("credentialsSecretRef: {name: s}", "workloadIdentity: {}")
                .replace("prefix: a/b", "endpoint: '" + endpoint + "'");
        assertThat(create(own).refusal() == null).isEqualTo(isAllowed);
    }

    @Test
    void refusesSecretsWithoutTheLabel() {
        for (String label : new String[] {"other", "breakwater.io/location-credentials"}) {
            cluster.client()
                    .resource(new SecretBuilder()
                            .withNewMetadata()
                            .withNamespace("shop")
                            .withName("s")
                            .addToLabels(label, "true")
                            .endMetadata()
                            .build())
                    .createOr(NonDeletingOperation::update);
            String refusal = create(LOCATION).refusal();
            if (label.equals("other")) {
                assertThat(refusal)
                        .startsWith("spec.azureBlob.credentialsSecretRef: Secret shop/s does not have the label")
                        .contains("kubectl label secret s -n shop breakwater.io/location-credentials=true");
            } else {
                assertThat(refusal).isNull();
            }
        }
    }

    @Test
    void refusesABundleOfAuthoritiesThatCannotBeRead() {
        String privately = LOCATION.replace(
                "credentialsSecretRef: {name: s}", "credentialsSecretRef: {name: s}, caBundleSecretRef: {name: ca}");
        assertThat(create(privately).warnings())
                .anyMatch(warning -> warning.contains("spec.azureBlob.caBundleSecretRef"));
        for (String label : new String[] {"other", "breakwater.io/location-credentials"}) {
            for (String pem : new String[] {"not a certificate", new TestAuthority().pem()}) {
                cluster.client()
                        .resource(new SecretBuilder()
                                .withNewMetadata()
                                .withNamespace("shop")
                                .withName("ca")
                                .addToLabels(label, "true")
                                .endMetadata()
                                .addToData("ca.crt", Base64.getEncoder().encodeToString(pem.getBytes()))
                                .build())
                        .createOr(NonDeletingOperation::update);
                String refusal = create(privately).refusal();
                if (label.equals("other")) {
                    assertThat(refusal).contains("Secret shop/ca does not have the label");
                } else if (pem.startsWith("not")) {
                    assertThat(refusal)
                            .startsWith("spec.azureBlob.caBundleSecretRef: Secret shop/ca has a value of ca.crt")
                            .contains("no certificate in PEM");
                } else {
                    assertThat(refusal).isNull();
                }
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
        assertThat(create(forged).refusal()).contains("breakwater.io/origin-namespace names the origin of the data");
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

    @ParameterizedTest
    @ValueSource(strings = {"Final", "Divergent", "Imported", "Scheduled"})
    void refusesPointsWithATriggerOfBreakwater(String trigger) {
        String point = POINT.replace("Manual", trigger);
        assertThat(create(point).refusal()).startsWith("spec.trigger: " + trigger);
        assertThat(checks.review(Reviews.create(Reviews.OPERATOR, point)).isAllowed())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {POINT, RESTORE})
    void refusesObjectsWithAForgedPlan(String object) {
        String forged = object.replaceFirst("name: (.)}", "name: $1, labels: {breakwater.io/plan: shop}}");
        for (AdmissionRequest request : List.of(
                Reviews.create("jane", forged),
                Reviews.create("system:serviceaccount:breakwater-system:breakwater-gateway", forged),
                Reviews.update("jane", object, forged),
                Reviews.update("jane", forged, object))) {
            assertThat(checks.review(request).refusal()).contains("metadata.labels: breakwater.io/plan");
        }
        assertThat(checks.review(Reviews.update("jane", forged, forged)).isAllowed())
                .isTrue();
        assertThat(checks.review(Reviews.create(Reviews.OPERATOR, forged)).isAllowed())
                .isTrue();
    }

    private AdmissionResponse create(String object) {
        return checks.review(Reviews.create("jane", object));
    }

    private <T extends HasMetadata> void store(String object, Class<T> type) {
        cluster.add(Serialization.unmarshal(object, type));
    }
}
