package io.breakwater.admission;

import static io.breakwater.admission.Manifests.PLAN;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverPlan;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Checks of FailoverRequests on site east. */
class FailoverRequestCheckTest {
    private static final String REQUEST = """
            apiVersion: breakwater.io/v1alpha1
            kind: FailoverRequest
            metadata: {namespace: shop, name: move}
            spec: {planRef: {name: shop}, site: east, ttl: 1h}
            """;
    private static final String ATTESTED =
            REQUEST.replace("ttl: 1h", "ttl: 1h, attestation: {siteOff: west, lease: '3.1042'}");

    private final KubernetesMockServer server = new KubernetesMockServer(false);
    private KubernetesClient client;

    @BeforeEach
    void start() {
        server.init();
        client = server.createClient();
        server.expect()
                .get()
                .withPath("/apis/breakwater.io/v1alpha1/namespaces/shop/failoverplans/shop")
                .andReturn(200, Serialization.unmarshal(PLAN, FailoverPlan.class))
                .always();
    }

    @AfterEach
    void close() {
        client.close();
        server.destroy();
    }

    private String refusal(String manifest, boolean... allowed) {
        for (boolean each : allowed) {
            SubjectAccessReview answer = new SubjectAccessReviewBuilder()
                    .withNewStatus()
                    .withAllowed(each)
                    .endStatus()
                    .build();
            server.expect()
                    .post()
                    .withPath("/apis/authorization.k8s.io/v1/subjectaccessreviews")
                    .andReturn(201, answer)
                    .once();
        }
        AdmissionResponse response = new KindChecks(client, TestConfig.of(Map.of("breakwater.site", "east")))
                .review(Reviews.create("jane", manifest));
        return response.isAllowed() ? "" : response.refusal();
    }

    @Test
    void allowsARequestOfAUserWhoMayFailOver() {
        assertThat(refusal(REQUEST, true)).isEmpty();
    }

    @Test
    void requiresThePermissionToFailOver() {
        assertThat(refusal(REQUEST, false)).contains("jane may not fail over").contains("failoverplans/activesite");
    }

    @Test
    void requiresAnotherPermissionToAttest() {
        assertThat(refusal(ATTESTED, true, false))
                .contains("spec.attestation: jane may not attest")
                .contains("failoverplans/attest");
    }

    @Test
    void allowsAnAttestationOfAUserWithBothPermissions() {
        assertThat(refusal(ATTESTED, true, true)).isEmpty();
    }

    @Test
    void refusesARequestForTheOtherSite() {
        assertThat(refusal(REQUEST.replace("site: east", "site: west"), true))
                .contains("spec.site: this cluster is site 'east'");
    }

    @Test
    void refusesAnAttestationForASiteThatThePlanDoesNotName() {
        assertThat(refusal(ATTESTED.replace("siteOff: west", "siteOff: north"), true, true))
                .contains("spec.attestation.siteOff: FailoverPlan 'shop' has no site 'north'");
    }

    @Test
    void refusesATimeThatIsTooShort() {
        assertThat(refusal(REQUEST.replace("ttl: 1h", "ttl: 5s"), true)).contains("spec.ttl: ");
    }
}
