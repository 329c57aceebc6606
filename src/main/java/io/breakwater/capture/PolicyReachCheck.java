package io.breakwater.capture;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;

/**
 * Refuses a policy that the webhook may not have checked, or would refuse: one that is being deleted, and one that captures
 * objects of all users without being in the operator's namespace. This check does not depend on the webhook.
 */
final class PolicyReachCheck {
    private PolicyReachCheck() {}

    /** @throws BreakwaterException PolicyNotFound or Forbidden */
    static void check(BackupPolicy policy, String operatorNamespace) {
        if (policy.getMetadata().getDeletionTimestamp() != null) {
            throw BreakwaterException.permanent(
                    Reason.PolicyNotFound,
                    ObjectNames.of(policy) + " is being deleted, so it captures nothing; create another policy");
        }
        boolean wholeCluster = policy.getSpec().source != null
                && policy.getSpec().source.includeClusterResources == ClusterResources.All;
        if (wholeCluster && !operatorNamespace.equals(policy.getMetadata().getNamespace())) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    ObjectNames.of(policy) + ": spec.source.includeClusterResources: All captures objects of all users,"
                            + " so it is allowed in the operator's namespace " + operatorNamespace
                            + " only; use Referenced");
        }
    }
}
