package io.breakwater.observe;

import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.HasMetadata;

/**
 * One line of the audit log. Each method that is named after a part returns a copy with that part.
 *
 * @param source where the data or the role comes from, such as a point or a site; may be empty
 * @param target where it goes to, such as a namespace or a site; may be empty
 * @param reason one of {@link Reason}, or the reason of an answer of the webhook; may be empty
 */
public record AuditEntry(
        AuditAction action,
        AuditResult result,
        AuditObject object,
        AuditUser user,
        String source,
        String target,
        String reason,
        String message) {
    private static final AuditObject NOTHING = new AuditObject("", "", "", "");

    /** An entry with nothing but action and result. */
    public static AuditEntry of(AuditAction action, AuditResult result) {
        return new AuditEntry(action, result, NOTHING, AuditUser.UNKNOWN, "", "", "", "");
    }

    /** An entry about the end of an act: refused when a right was missing, otherwise failed. */
    public static AuditEntry failure(AuditAction action, Reason reason) {
        boolean refused = reason == Reason.Forbidden || reason == Reason.AuthorLacksRight;
        return of(action, refused ? AuditResult.Refused : AuditResult.Failed);
    }

    /** The object of the act. */
    public AuditEntry about(AuditObject subject) {
        return new AuditEntry(action, result, subject, user, source, target, reason, message);
    }

    AuditEntry about(HasMetadata subject) {
        return about(AuditObject.of(subject));
    }

    /** The user who asked for the act. */
    public AuditEntry by(AuditUser requester) {
        return new AuditEntry(action, result, object, requester, source, target, reason, message);
    }

    /** Source and target; null means that there is none. */
    public AuditEntry between(String from, String to) {
        return new AuditEntry(
                action, result, object, user, from == null ? "" : from, to == null ? "" : to, reason, message);
    }

    /** The explanation of the result. */
    public AuditEntry because(String cause, String explanation) {
        return new AuditEntry(action, result, object, user, source, target, cause, explanation);
    }
}
