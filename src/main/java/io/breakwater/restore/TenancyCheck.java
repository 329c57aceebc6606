package io.breakwater.restore;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.catalog.PointKey;

/**
 * Whose points a Restore may read, and where it may write: both are those of its own namespace, unless an administrator made
 * it, in the operator's namespace. The webhook says so at apply; this holds whatever was written into spec or status.
 */
final class TenancyCheck {
    private TenancyCheck() {}

    /** Whether a Restore is an administrator's. */
    static boolean isAdministrator(Restore restore, String operatorNamespace) {
        return restore.getMetadata().getNamespace().equals(operatorNamespace);
    }

    /** @throws BreakwaterException Forbidden, when the Restore names another namespace to write into */
    static void checkTarget(Restore restore, String operatorNamespace) {
        if (!RestoreRun.target(restore).equals(restore.getMetadata().getNamespace())
                && !isAdministrator(restore, operatorNamespace)) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "only a Restore in the operator's namespace " + operatorNamespace
                            + " may name another spec.targetNamespace than its own");
        }
    }

    /** @throws BreakwaterException Forbidden, when the Restore names another namespace to read from */
    static void checkSource(Restore restore, String operatorNamespace) {
        if (!restore.source().equals(restore.getMetadata().getNamespace())
                && !isAdministrator(restore, operatorNamespace)) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "only a Restore in the operator's namespace " + operatorNamespace
                            + " may name another spec.sourceNamespace than its own");
        }
    }

    /** @throws BreakwaterException Forbidden, when the point is one of another namespace */
    static void checkSource(Restore restore, PointKey key, String operatorNamespace) {
        String own = restore.getMetadata().getNamespace();
        if (!key.namespace().equals(own) && !isAdministrator(restore, operatorNamespace)) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "point " + key + " was captured in namespace " + key.namespace()
                            + ", and only a Restore in the operator's" + " namespace " + operatorNamespace
                            + " may bring it back elsewhere than there");
        }
    }
}
