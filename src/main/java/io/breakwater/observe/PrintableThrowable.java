package io.breakwater.observe;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** A copy of an exception for the log, whose messages are single lines. Class names and stack traces are those of the original. */
final class PrintableThrowable extends Throwable {
    private static final long serialVersionUID = 1L;

    private final String text;

    private PrintableThrowable(Throwable original, Set<Throwable> seen) {
        super(LineEscape.escape(original.getMessage()), cause(original, seen), true, true);
        this.text = LineEscape.escape(original.toString());
        setStackTrace(original.getStackTrace());
        for (Throwable suppressed : original.getSuppressed()) {
            if (seen.add(suppressed)) {
                addSuppressed(new PrintableThrowable(suppressed, seen));
            }
        }
    }

    /** The exception itself if all its messages are single lines, otherwise a copy. */
    static Throwable of(Throwable original) {
        return isPrintable(original, identities()) ? original : new PrintableThrowable(original, identities(original));
    }

    private static Throwable cause(Throwable original, Set<Throwable> seen) {
        Throwable cause = original.getCause();
        return cause == null || !seen.add(cause) ? null : new PrintableThrowable(cause, seen);
    }

    private static boolean isPrintable(Throwable error, Set<Throwable> seen) {
        if (error == null || !seen.add(error)) {
            return true;
        }
        if (LineEscape.isNeeded(String.valueOf(error)) || !isPrintable(error.getCause(), seen)) {
            return false;
        }
        for (Throwable suppressed : error.getSuppressed()) {
            if (!isPrintable(suppressed, seen)) {
                return false;
            }
        }
        return true;
    }

    private static Set<Throwable> identities(Throwable... first) {
        Set<Throwable> all = Collections.newSetFromMap(new IdentityHashMap<>());
        Collections.addAll(all, first);
        return all;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }

    @Override
    public String toString() {
        return text;
    }
}
