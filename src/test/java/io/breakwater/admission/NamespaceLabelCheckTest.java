package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NamespaceLabelCheckTest {
    private static final String HELD = """
        kind: Namespace
        metadata:
          name: shop
          labels: {breakwater.io/standby: "true"}
          annotations: {breakwater.io/gated-by: failoverplan/shop}
        """;
    private static final String FREE = "{kind: Namespace, metadata: {name: shop}}";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final NamespaceLabelCheck check = new NamespaceLabelCheck(cluster.client(), "breakwater-system");

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void refusesGateOpeningByUsers() {
        assertThat(check.review(Reviews.update("admin", HELD, FREE)).refusal()).contains("failoverplan/shop");
    }

    @Test
    void refusesHolderReplacementByUsers() {
        String forgotten = HELD.replace("failoverplan/shop", "restore/other");
        assertThat(check.review(Reviews.update("admin", HELD, forgotten)).isAllowed())
                .isFalse();
    }

    /** With this value the webhook lets pods start while no guard answers. */
    @Test
    void refusesThatUsersWeakenTheGate() {
        String weaker = HELD.replace("standby: \"true\"", "standby: some");
        assertThat(weaker).isNotEqualTo(HELD);
        assertThat(check.review(Reviews.update("admin", HELD, weaker)).isAllowed())
                .isFalse();
    }

    @Test
    void allowsTheOperatorToOpenTheGate() {
        assertThat(check.review(Reviews.update(Reviews.OPERATOR, HELD, FREE)).isAllowed())
                .isTrue();
    }

    @Test
    void opensTheGateByAnnotationOnlyForUsersWhoMayFailOver() {
        String asked = HELD.replace("annotations: {", "annotations: {breakwater.io/open-gate: lost, ");
        assertThat(review(false, Reviews.update("jane", HELD, asked)).refusal())
                .contains("update failoverplans/activesite");
        assertThat(review(true, Reviews.update("jane", HELD, asked)).isAllowed())
                .isTrue();
        assertThat(check.review(Reviews.update(Reviews.OPERATOR, HELD, asked)).isAllowed())
                .isTrue();
    }

    /** The answer of an API server that grants or denies all rights. */
    private static AdmissionResponse review(boolean granted, AdmissionRequest request) {
        KubernetesMockServer server = new KubernetesMockServer(false);
        server.init();
        try (KubernetesClient client = server.createClient()) {
            server.expect()
                    .post()
                    .withPath("/apis/authorization.k8s.io/v1/subjectaccessreviews")
                    .andReturn(
                            201,
                            new SubjectAccessReviewBuilder()
                                    .withNewStatus()
                                    .withAllowed(granted)
                                    .endStatus()
                                    .build())
                    .always();
            return new NamespaceLabelCheck(client, "breakwater-system").review(request);
        } finally {
            server.destroy();
        }
    }

    /** A forgotten annotation would open the gate when it closes the next time. */
    @Test
    void refusesToOpenAGateThatIsOpen() {
        String asked = "{kind: Namespace, metadata: {name: shop, annotations: {breakwater.io/open-gate: lost}}}";
        assertThat(check.review(Reviews.update("admin", FREE, asked)).refusal()).contains("no holder");
        assertThat(check.review(Reviews.create("admin", asked)).refusal()).contains("no holder");
    }

    @Test
    void refusesUsersWhoDecideThatTheSiteIsActive() {
        String planned = "{kind: Namespace, metadata: {name: shop, labels: {breakwater.io/plan: shop}}}";
        String active = planned.replace("shop}}", "shop, breakwater.io/active: 'true'}}");
        assertThat(check.review(Reviews.update("admin", planned, active)).refusal())
                .contains("only Breakwater");
        assertThat(check.review(Reviews.create("admin", active)).refusal()).contains("only Breakwater");
        assertThat(check.review(Reviews.create("admin", planned)).isAllowed()).isTrue();
        assertThat(check.review(Reviews.update(Reviews.OPERATOR, planned, active))
                        .isAllowed())
                .isTrue();
    }

    @Test
    void allowsUnrelatedLabelChanges() {
        String labelled = HELD.replace("labels: {", "labels: {team: blue, ");
        assertThat(check.review(Reviews.update("admin", HELD, labelled)).isAllowed())
                .isTrue();
    }

    @Test
    void allowsRemovalOfManuallySetLabels() {
        String byHand = "{kind: Namespace, metadata: {name: shop, labels: {breakwater.io/standby: 'true'}}}";
        assertThat(check.review(Reviews.update("admin", byHand, FREE)).isAllowed())
                .isTrue();
    }
}
