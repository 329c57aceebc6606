package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.it.AcknowledgedOrders.Entry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The check of the tests on two clusters must itself detect errors. */
class AcknowledgedOrdersTest {
    private static final Instant NOON = Instant.parse("2026-07-11T12:00:00Z");

    private final AcknowledgedOrders ledger = new AcknowledgedOrders();
    private final Entry[] order = new Entry[6];

    @BeforeEach
    void fiveAcknowledgedAndOneUnderWay() {
        for (int i = 0; i < order.length; i++) {
            order[i] = new Entry(ledger.nextId("order"), "article-" + i);
            ledger.send(order[i], NOON.plusSeconds(i));
            if (i < 5) {
                ledger.acknowledge(order[i], NOON.plusSeconds(i));
            }
        }
    }

    @Test
    void acceptsAMomentWithOrWithoutPendingOrders() {
        assertThat(ledger.checkState(List.of(order[0], order[1]))).isEqualTo(2);
        assertThat(ledger.checkState(List.of(order))).isEqualTo(6);
    }

    @Test
    void noticesAGap() {
        assertThatThrownBy(() -> ledger.checkState(List.of(order[0], order[2])))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(order[1].id());
    }

    @Test
    void noticesAlteredAndForeignEntries() {
        var changed = new Entry(order[0].id(), "something else");
        var foreign = new Entry("order-x", "never sent");
        assertThat(ledger.compare(List.of(), List.of(changed, foreign)))
                .isEqualTo(new AcknowledgedOrders.Difference(List.of(), List.of(order[0].id()), List.of("order-x")));
    }

    @Test
    void noticesAMissingPromise() {
        assertThat(ledger.compare(ledger.acknowledgedEntries(), List.of(order[0], order[1], order[2], order[4]))
                        .missing())
                .containsExactly(order[3].id());
    }

    @Test
    void measuresLossFromLastKeptToLastLostOrder() {
        assertThat(ledger.loss(List.of(order[0], order[1])))
                .isEqualTo(new AcknowledgedOrders.Loss(3, Duration.ofSeconds(3)));
        assertThat(ledger.loss(List.of(order))).isEqualTo(new AcknowledgedOrders.Loss(0, Duration.ZERO));
    }

    @Test
    void measuresLossBeforeNewOrders() {
        assertThat(ledger.loss(List.of(order[0], order[1], order[4])))
                .isEqualTo(new AcknowledgedOrders.Loss(2, Duration.ofSeconds(2)));
    }

    @Test
    void refusesToMeasureLossAcrossGaps() {
        assertThatThrownBy(() -> ledger.loss(List.of(order[0], order[2], order[4])))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void reportsRolledBackEntriesThatReappear() {
        ledger.acceptRollback(List.of(order[0], order[1]));
        assertThat(ledger.compare(ledger.acknowledgedEntries(), List.of(order[0], order[1]))
                        .none())
                .isTrue();
        assertThat(ledger.compare(ledger.acknowledgedEntries(), List.of(order[0], order[1], order[3]))
                        .foreign())
                .containsExactly(order[3].id());
    }
}
