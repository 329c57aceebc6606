package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

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

    @Test
    void allowsTheOperatorToOpenTheGate() {
        assertThat(check.review(Reviews.update(Reviews.OPERATOR, HELD, FREE)).isAllowed())
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
