package io.breakwater.api;

/**
 * The one family of errors: a {@link Reason}, which also stands in conditions, events, metrics and logs, a message that
 * names the object, the field and the way out, and whether trying again without a change may help.
 */
public class BreakwaterException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Reason reason;
    private final boolean retryable;

    private BreakwaterException(Reason reason, boolean retryable, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.retryable = retryable;
    }

    /** An error that stays until somebody changes something. */
    public static BreakwaterException permanent(Reason reason, String message) {
        return new BreakwaterException(reason, false, message, null);
    }

    /** An error that may be gone at the next try. */
    public static BreakwaterException retryable(Reason reason, String message) {
        return new BreakwaterException(reason, true, message, null);
    }

    /** An error that may be gone at the next try, with its cause. */
    public static BreakwaterException retryable(Reason reason, String message, Throwable cause) {
        return new BreakwaterException(reason, true, message, cause);
    }

    /** An error that stays until somebody changes something, with its cause. */
    public static BreakwaterException permanent(Reason reason, String message, Throwable cause) {
        return new BreakwaterException(reason, false, message, cause);
    }

    public Reason reason() {
        return reason;
    }

    /** Whether trying again without a change may help. */
    public boolean isRetryable() {
        return retryable;
    }
}
