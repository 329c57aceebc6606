package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;

/**
 * Limits a Restore to its own namespace: the namespace that it reads from and the one that it writes to. {@code
 * trust.IdentityRule} limits the points of a namespace. Only the Restores of
 * administrators, which are in the operator's namespace, have no such limit. The webhook checks this too, but this check does
 * not depend on the webhook, nor on the content of spec and status.
 */
final class TenancyCheck {
    private TenancyCheck() {}

    /** Whether an administrator created the Restore. */
    static boolean isAdministrator(Restore restore, String operatorNamespace) {
        return restore.getMetadata().getNamespace().equals(operatorNamespace);
    }

    /** @throws BreakwaterException Forbidden, when the Restore names another namespace to write to */
    static void checkTarget(Restore restore, String operatorNamespace) {
        if (!RestoreRun.target(restore).equals(restore.getMetadata().getNamespace())
                && !isAdministrator(restore, operatorNamespace)) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "only a Restore in the operator's namespace " + operatorNamespace
                            + " may have a spec.targetNamespace other than its own namespace");
        }
    }

    /** @throws BreakwaterException Forbidden, when the Restore names another namespace to read from */
    static void checkSource(Restore restore, String operatorNamespace) {
        if (!restore.source().equals(restore.getMetadata().getNamespace())
                && !isAdministrator(restore, operatorNamespace)) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "only a Restore in the operator's namespace " + operatorNamespace
                            + " may have a spec.sourceNamespace other than its own namespace");
        }
    }
}
