package io.breakwater.api;

/**
 * The only exception type of Breakwater. It has a {@link Reason}, which conditions, events, metrics and logs also use,
 * and a message that names the object, the field and the action that helps. It also states whether a retry without a
 * change may help.
 */
public class BreakwaterException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Characters of a message. It is written to conditions and journals, and may contain names from a store. */
    private static final int LONGEST = 4000;

    private final Reason reason;
    private final boolean retryable;

    private BreakwaterException(Reason reason, boolean retryable, String message, Throwable cause) {
        super(message == null ? null : Texts.cut(message, LONGEST), cause);
        this.reason = reason;
        this.retryable = retryable;
    }

    /** An error that only a change can fix. */
    public static BreakwaterException permanent(Reason reason, String message) {
        return new BreakwaterException(reason, false, message, null);
    }

    /** An error that a retry may fix. */
    public static BreakwaterException retryable(Reason reason, String message) {
        return new BreakwaterException(reason, true, message, null);
    }

    /** An error that a retry may fix, with its cause. */
    public static BreakwaterException retryable(Reason reason, String message, Throwable cause) {
        return new BreakwaterException(reason, true, message, cause);
    }

    /** An error that only a change can fix, with its cause. */
    public static BreakwaterException permanent(Reason reason, String message, Throwable cause) {
        return new BreakwaterException(reason, false, message, cause);
    }

    public Reason reason() {
        return reason;
    }

    /** Whether a retry without a change may help. */
    public boolean isRetryable() {
        return retryable;
    }
}
