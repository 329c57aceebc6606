package io.breakwater.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Condition;
import io.breakwater.api.ConditionedStatus;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.VerificationStatus;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConditionsTest {
    /** {@code kubectl wait --for=condition=Finished} returns in both cases. */
    @Test
    void finishesARunWithSuccessAndWithFailure() {
        for (ConditionedStatus run : List.of(new RestorePointStatus(), new RestoreStatus(), new VerificationStatus())) {
            Conditions conditions = Conditions.of(run, 1L, Clock.systemUTC());
            conditions.running("copying");
            assertThat(run.condition(Condition.FINISHED).orElseThrow().status).isEqualTo("False");

            conditions.succeeded(Reason.Completed, "copied");
            assertThat(run.holds(Condition.FINISHED)).isTrue();
            assertThat(run.holds(Condition.SUCCEEDED)).isTrue();

            conditions.failed(Reason.MoverFailed, "no node");
            assertThat(run.condition(Condition.FINISHED).orElseThrow().status).isEqualTo("True");
            assertThat(run.condition(Condition.FINISHED).orElseThrow().reason).isEqualTo("MoverFailed");
            assertThat(run.holds(Condition.SUCCEEDED)).isFalse();
        }
    }
}
