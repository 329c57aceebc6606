package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import org.junit.jupiter.api.Test;

/** Policies that passed the webhook without a check. */
class PolicyReachCheckTest {
    private static final String OPERATOR = "ops";

    @Test
    void refusesAPolicyThatIsBeingDeleted() {
        BackupPolicy policy = policy("shop", ClusterResources.Referenced);
        assertThatCode(() -> PolicyReachCheck.check(policy, OPERATOR)).doesNotThrowAnyException();

        policy.getMetadata().setDeletionTimestamp("2026-11-29T12:00:00Z");

        assertThat(refusal(policy)).isEqualTo(Reason.PolicyNotFound);
    }

    @Test
    void refusesToCaptureTheClusterForAUser() {
        assertThat(refusal(policy("shop", ClusterResources.All))).isEqualTo(Reason.Forbidden);
        assertThatCode(() -> PolicyReachCheck.check(policy(OPERATOR, ClusterResources.All), OPERATOR))
                .doesNotThrowAnyException();
    }

    private static Reason refusal(BackupPolicy policy) {
        return catchThrowableOfType(BreakwaterException.class, () -> PolicyReachCheck.check(policy, OPERATOR))
                .reason();
    }

    private static BackupPolicy policy(String namespace, ClusterResources resources) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setName("p");
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().source = new Source();
        policy.getSpec().source.includeClusterResources = resources;
        return policy;
    }
}
