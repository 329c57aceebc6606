package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.observe.RecordedAudit;
import io.breakwater.observe.TestEvents;
import java.time.Clock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Lines of the audit log about requests. */
class AdmissionAuditTest {
    private static final String RESTORE = """
        kind: Restore
        metadata: {namespace: shop, name: monday, uid: uid-1}
        spec: {restorePointRef: {name: nightly-1}, targetNamespace: shop-copy}
        """;
    private static final String POINT = """
        kind: RestorePoint
        metadata: {namespace: shop, name: nightly-1, uid: uid-2}
        spec: {hold: true, deletionPolicy: Delete}
        """;
    private static final String PLAN = """
        kind: FailoverPlan
        metadata: {namespace: shop, name: shop, annotations: {}}
        spec: {activeSite: east, maxDataLoss: 5m}
        """;
    private static final String LOCATION = """
        kind: BackupLocation
        metadata: {namespace: shop, name: near, annotations: {}}
        spec: {encryption: {escrowSecretRef: {name: old}}}
        """;
    private static final String GATED = """
        kind: Namespace
        metadata: {name: shop, labels: {breakwater.io/standby: "true"}, annotations: {breakwater.io/gated-by: restore/shop.a}}
        """;

    private final AdmissionAudit audit = new AdmissionAudit(TestEvents.audit(Clock.systemUTC()));
    private final RecordedAudit recorded = new RecordedAudit();

    @AfterEach
    void close() {
        recorded.close();
    }

    @Test
    void recordsWhoRequestsARestore() {
        allow(Reviews.create("jane", RESTORE));

        JsonNode line = recorded.entries().getFirst();
        assertThat(recorded.results()).containsExactly("Restore Requested");
        assertThat(line.path("user").toString())
                .isEqualTo("{\"username\":\"jane\",\"groups\":[\"system:authenticated\"]}");
        assertThat(line.path("object").toString())
                .isEqualTo("{\"kind\":\"Restore\",\"namespace\":\"shop\",\"name\":\"monday\",\"uid\":\"uid-1\"}");
        assertThat(line.path("source").asText()).isEqualTo("RestorePoint shop/nightly-1");
        assertThat(line.path("target").asText()).isEqualTo("shop-copy");
    }

    @Test
    void recordsRefusalsWithTheirMessage() {
        refuse(Reviews.delete("jane", POINT), "the point is held");

        assertThat(recorded.results()).containsExactly("DeletePoint Refused");
        assertThat(recorded.entries().getFirst().at("/object/uid").asText()).isEqualTo("uid-2");
        assertThat(recorded.entries().getFirst().path("reason").asText()).isEqualTo("Forbidden");
        assertThat(recorded.entries().getFirst().path("message").asText()).isEqualTo("the point is held");
    }

    @Test
    void recordsChecksThatFailAsRefused() {
        var broken = audit.of(request -> {
            throw new IllegalStateException("the API server did not answer");
        });

        assertThatThrownBy(() -> broken.apply(Reviews.delete("jane", POINT))).hasMessageContaining("did not answer");
        assertThat(recorded.results()).containsExactly("DeletePoint Refused");
    }

    @Test
    void ignoresDryRuns() {
        ObjectNode document = Reviews.document("DELETE", "jane", null, Reviews.yaml(POINT));
        ((ObjectNode) document.path("request")).put("dryRun", true);
        allow(AdmissionRequest.of(document));
        refuse(AdmissionRequest.of(document), "held");

        assertThat(recorded.lines()).isEmpty();
    }

    @Test
    void recordsThatAHoldIsReleased() {
        allow(Reviews.update("jane", POINT, POINT.replace("hold: true", "hold: false")));
        allow(Reviews.update("jane", POINT, POINT.replace("hold: true, ", "")));
        allow(Reviews.update("jane", POINT.replace("hold: true", "hold: false"), POINT));

        assertThat(recorded.results()).containsExactly("ReleaseHold Requested", "ReleaseHold Requested");
    }

    @Test
    void recordsFailoversWithBothSites() {
        allow(Reviews.update("jane", PLAN, PLAN.replace("east", "west").replace("5m", "1h")));

        assertThat(recorded.results()).containsExactly("FailOver Requested", "FailOver Requested");
        assertThat(recorded.entries())
                .extracting(line -> line.path("message").asText())
                .containsExactly("spec.activeSite: east -> west", "spec.maxDataLoss: 5m -> 1h");
        assertThat(recorded.entries().getFirst().path("source").asText()).isEqualTo("east");
        assertThat(recorded.entries().getFirst().path("target").asText()).isEqualTo("west");
    }

    @Test
    void recordsARequestToFailOverWithItsAttestation() {
        allow(Reviews.create("jane", """
                apiVersion: breakwater.io/v1alpha1
                kind: FailoverRequest
                metadata: {namespace: shop, name: move}
                spec:
                  planRef: {name: shop}
                  site: west
                  attestation: {siteOff: east, lease: '3.1042'}
                """));

        assertThat(recorded.results()).containsExactly("FailOver Requested");
        assertThat(recorded.entries().getFirst().path("source").asText()).isEqualTo("FailoverPlan shop/shop");
        assertThat(recorded.entries().getFirst().path("target").asText()).isEqualTo("west");
        assertThat(recorded.entries().getFirst().path("message").asText())
                .isEqualTo("attests that site east is off since renewal 3.1042");
    }

    @Test
    void recordsThatDivergentDataIsDiscarded() {
        String discards = PLAN.replace("annotations: {}", "annotations: {breakwater.io/discard-divergent: \"3\"}");
        allow(Reviews.update("jane", PLAN, discards));
        allow(Reviews.update("jane", discards, PLAN));

        assertThat(recorded.results()).containsExactly("DiscardDivergent Requested");
        assertThat(recorded.entries().getFirst().path("message").asText()).isEqualTo("epoch 3");
    }

    @Test
    void recordsWhatAnAdministratorAccepts() {
        allow(Reviews.update(
                "jane",
                LOCATION,
                LOCATION.replace("annotations: {}", "annotations: {breakwater.io/accept-document: '3'}")));
        allow(Reviews.update(
                "jane",
                LOCATION,
                LOCATION.replace("annotations: {}", "annotations: {breakwater.io/accept-site: w.a}")));

        assertThat(recorded.results()).containsExactly("AcceptDocument Requested", "AcceptSite Requested");
        assertThat(recorded.entries().getFirst().path("message").asText()).isEqualTo("counter 3");
    }

    @Test
    void recordsUndeletionsAndChangesOfEncryption() {
        String undeletes = LOCATION.replace("annotations: {}", "annotations: {breakwater.io/undelete: shop/p}");
        allow(Reviews.create("jane", undeletes));
        allow(Reviews.update("jane", LOCATION, undeletes));
        allow(Reviews.update("jane", LOCATION, LOCATION.replace("name: old", "name: new")));

        assertThat(recorded.results())
                .containsExactly("Undelete Requested", "Undelete Requested", "ChangeEncryption Requested");
        assertThat(recorded.entries().getFirst().path("source").asText()).isEqualTo("RestorePoint shop/p");
        assertThat(recorded.entries().getLast().path("message").asText()).contains("old", "-> ", "new");
    }

    @Test
    void recordsChangesOfAGateByHand() {
        String open =
                GATED.replaceAll("breakwater.io/standby: \"true\"", "").replaceAll("breakwater.io/gated.*a}", "}");
        refuse(Reviews.update("jane", GATED, open), "only Breakwater may change the gate");

        assertThat(recorded.results()).containsExactly("ChangeGate Refused", "ChangeGate Refused");
        assertThat(recorded.entries().getFirst().path("object").toString())
                .isEqualTo("{\"kind\":\"Namespace\",\"name\":\"shop\"}");
    }

    @Test
    void ignoresOtherEdits() {
        allow(Reviews.update("jane", RESTORE, RESTORE));
        allow(Reviews.update("jane", PLAN, PLAN.replace("name: shop", "name: shop, labels: {a: b}")));
        allow(Reviews.update("jane", GATED, GATED.replace("\"true\"", "\"true\", a: b")));
        allow(Reviews.create("jane", LOCATION));
        allow(Reviews.create("jane", POINT));

        assertThat(recorded.lines()).isEmpty();
    }

    private void allow(AdmissionRequest request) {
        assertThat(audit.of(r -> AdmissionResponse.allow()).apply(request).isAllowed())
                .isTrue();
    }

    private void refuse(AdmissionRequest request, String message) {
        assertThat(audit.of(r -> AdmissionResponse.refuse(message))
                        .apply(request)
                        .refusal())
                .isEqualTo(message);
    }
}
