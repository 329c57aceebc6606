package io.breakwater.observe;

/** The results in the audit log. */
public enum AuditResult {
    /** The act was requested and admitted; a later line has its end. */
    Requested,
    /** The act was refused, because a right or a rule forbids it. */
    Refused,
    /** The act is complete. */
    Finished,
    /** The act ended with an error. */
    Failed;

    /** Whether a user should look at the result. */
    boolean isProblem() {
        return this == Refused || this == Failed;
    }
}
