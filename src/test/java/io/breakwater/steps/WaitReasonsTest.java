package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WaitReasonsTest {
    private final WaitReasons waiting = new WaitReasons();

    @Test
    void isEmptyWithoutAReason() {
        assertThat(waiting.isEmpty()).isTrue();
        assertThat(waiting.size()).isZero();
    }

    @Test
    void namesEachPartWithItsReason() {
        waiting.add("logs", "the snapshot is not ready");
        waiting.add("data", "the pod is Pending");

        assertThat(waiting.toOutcome(3, "volumes moved"))
                .isEqualTo(Outcome.waiting("1 of 3 volumes moved; waiting for logs (the snapshot is not ready), data"
                        + " (the pod is Pending)"));
    }

    @Test
    void namesFivePartsAndTheNumberOfTheOthers() {
        for (int i = 0; i < 8; i++) {
            waiting.add("v" + i, "x");
        }
        assertThat(waiting).hasToString("v0 (x), v1 (x), v2 (x), v3 (x), v4 (x) and 3 more");
    }
}
