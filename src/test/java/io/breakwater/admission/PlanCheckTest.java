package io.breakwater.admission;

import static io.breakwater.admission.Manifests.LOCATION;
import static io.breakwater.admission.Manifests.PLAN;
import static io.breakwater.admission.Manifests.POLICY;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.dsl.TimesOnceableOrHttpHeaderable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanCheckTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KindChecks checks =
            new KindChecks(cluster.client(), TestConfig.of(Map.of("breakwater.site", "east")));

    @AfterEach
    void close() {
        cluster.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        name: east      | name: north     | spec.sites
        maxDataLoss: 0s | maxDataLoss: '' | spec.maxDataLoss
        duration: 60s   | duration: 29s   | spec.lease.duration
        duration: 60s   | duration: 61m   | spec.lease.duration
        timeout: 5m     | timeout: soon   | spec.readiness.timeout
        namespace: shop | namespace: breakwater-system | metadata.namespace
        """)
    void refusesInvalidPlansAndNamesTheField(String right, String wrong, String field) {
        assertThat(PLAN).contains(right);
        assertThat(create(PLAN.replace(right, wrong)).refusal()).startsWith(field + ": ");
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
                .contains("FailoverPlan shop already exists in this namespace");
    }

    @Test
    void requiresASeparatePermissionToFailOver() {
        String asked = PLAN.replace("activeSite: east", "activeSite: west");
        try (Authorizer authorizer = new Authorizer()) {
            authorizer.answer(false);
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
            authorizer.answer(true);
            assertThat(authorizer.review(Reviews.update("jane", PLAN, asked)).isAllowed())
                    .isTrue();
        }
    }

    @Test
    void requiresThePermissionToFailOverForAnnotationsThatDecideWhichDataServes() {
        for (String annotation : List.of(Api.DISCARD_DIVERGENT, Api.ABANDON_LEASE, Api.ACCEPT_LEASE, Api.IN_PLACE)) {
            String annotated = PLAN.replace(
                    "namespace: shop, name: shop}",
                    "namespace: shop, name: shop, annotations: {" + annotation + ": '1'}}");
            assertThat(annotated).isNotEqualTo(PLAN);
            try (Authorizer authorizer = new Authorizer()) {
                authorizer.answer(false);
                assertThat(authorizer
                                .review(Reviews.update("jane", PLAN, annotated))
                                .refusal())
                        .contains("metadata.annotations: jane may not set " + annotation);
                assertThat(authorizer
                                .review(Reviews.update("jane", annotated, annotated))
                                .isAllowed())
                        .isTrue();
            }
        }
    }

    @Test
    void requiresThePermissionToAttestForAnAcceptedLease() {
        String annotated = PLAN.replace(
                "namespace: shop, name: shop}",
                "namespace: shop, name: shop, annotations: {" + Api.ACCEPT_LEASE + ": '3.1'}}");
        for (boolean mayAttest : List.of(false, true)) {
            try (Authorizer authorizer = new Authorizer()) {
                authorizer.answerNext(true);
                authorizer.answerNext(mayAttest);

                AdmissionResponse response = authorizer.review(Reviews.update("jane", PLAN, annotated));

                assertThat(response.isAllowed()).isEqualTo(mayAttest);
                assertThat(mayAttest || response.refusal().contains("failoverplans/attest"))
                        .isTrue();
            }
        }
    }

    /** The owner of a location in a namespace can write to the store, so the owner must not accept what was written there. */
    @Test
    void requiresAPermissionToAcceptWhatALocationRefuses() {
        for (String annotation : List.of(Api.ACCEPT_DOCUMENT, Api.ACCEPT_SITE)) {
            String annotated = LOCATION.replace("name: near}", "name: near, annotations: {" + annotation + ": '1'}}");
            assertThat(annotated).isNotEqualTo(LOCATION);
            try (Authorizer authorizer = new Authorizer()) {
                authorizer.answer(false);
                assertThat(authorizer
                                .review(Reviews.update("jane", LOCATION, annotated))
                                .refusal())
                        .contains("metadata.annotations: jane may not set " + annotation);
            }
            try (Authorizer authorizer = new Authorizer()) {
                assertThat(authorizer
                                .review(Reviews.update("jane", annotated, annotated))
                                .isAllowed())
                        .isTrue();
            }
            try (Authorizer authorizer = new Authorizer()) {
                authorizer.answer(true);
                assertThat(authorizer
                                .review(Reviews.update("jane", LOCATION, annotated))
                                .isAllowed())
                        .isTrue();
            }
        }
    }

    @Test
    void refusesALeaseInALocationOfTheNamespace() {
        BackupLocation own = new BackupLocation();
        own.setMetadata(new ObjectMetaBuilder()
                .withNamespace("shop")
                .withName(Serialization.unmarshal(PLAN, FailoverPlan.class).getSpec().rendezvousRef.name)
                .build());
        own.setSpec(new BackupLocationSpec());
        cluster.add(own);
        assertThat(create(PLAN).refusal())
                .contains("spec.rendezvousRef.name", "a lease must be in a location of namespace breakwater-system");
    }

    private AdmissionResponse create(String object) {
        return checks.review(Reviews.create("jane", object));
    }

    private <T extends HasMetadata> void store(String object, Class<T> type) {
        cluster.add(Serialization.unmarshal(object, type));
    }

    /** An API server that only answers SubjectAccessReviews, and has no objects. */
    private static final class Authorizer implements AutoCloseable {
        private final KubernetesMockServer server = new KubernetesMockServer(false);
        private final KubernetesClient client;

        Authorizer() {
            server.init();
            client = server.createClient();
        }

        void answer(boolean allowed) {
            expect(allowed).always();
        }

        void answerNext(boolean allowed) {
            expect(allowed).once();
        }

        private TimesOnceableOrHttpHeaderable<Void> expect(boolean allowed) {
            SubjectAccessReview answer = new SubjectAccessReviewBuilder()
                    .withNewStatus()
                    .withAllowed(allowed)
                    .endStatus()
                    .build();
            return server.expect()
                    .post()
                    .withPath("/apis/authorization.k8s.io/v1/subjectaccessreviews")
                    .andReturn(201, answer);
        }

        AdmissionResponse review(AdmissionRequest request) {
            return new KindChecks(client, TestConfig.of(Map.of("breakwater.site", "east"))).review(request);
        }

        @Override
        public void close() {
            client.close();
            server.destroy();
        }
    }
}
