package io.breakwater.capture;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;

/**
 * Refuses a policy that captures all cluster-scoped objects outside the operator's namespace. The webhook refuses it too, but a
 * policy can be from a time without the webhook.
 */
final class ScopeCheck {
    private ScopeCheck() {}

    /** @throws BreakwaterException InvalidSpec, permanent */
    static void check(BackupPolicy policy, String operatorNamespace) {
        boolean all = policy.getSpec().source != null
                && policy.getSpec().source.includeClusterResources == ClusterResources.All;
        if (all && !policy.getMetadata().getNamespace().equals(operatorNamespace)) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    ObjectNames.of(policy) + ": spec.source.includeClusterResources: All is allowed in namespace "
                            + operatorNamespace + " only; use Referenced or None");
        }
    }
}
