package io.breakwater.steps;

import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * The place that a reconciliation has in its {@link ReconcileExecutor}. Code that may wait for a store runs {@link #outside} of it.
 * Code that sends a request to a store {@linkplain #forbid checks} that it does.
 */
public final class ReconcilePlace {
    private static final Logger LOG = Logger.getLogger(ReconcilePlace.class);

    /** The executor in which the thread has a place; absent without one. */
    private static final ThreadLocal<ReconcileExecutor> HELD = new ThreadLocal<>();

    /** Whether a forbidden request is an error, as in tests. */
    static volatile boolean isStrict = ReconcilePlace.class.desiredAssertionStatus();

    private static final Set<String> REPORTED = ConcurrentHashMap.newKeySet();

    private ReconcilePlace() {}

    /** Runs a reconciliation that has a place. */
    static void hold(ReconcileExecutor executor, Runnable task) {
        HELD.set(executor);
        try {
            task.run();
        } finally {
            HELD.remove();
        }
    }

    /** Whether the thread is a reconciliation that has a place. */
    public static boolean isHeld() {
        return HELD.get() != null;
    }

    /** Runs an action that may wait for a store; a reconciliation has no place meanwhile. */
    public static <T> T outside(Supplier<T> action) {
        try {
            return outsideOf(action::get);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e); // a supplier throws no checked exception
        }
    }

    /** Like {@link #outside}, for an action with a checked exception. */
    public static <T> T outsideOf(Callable<T> action) throws Exception {
        ReconcileExecutor executor = HELD.get();
        if (executor == null) {
            return action.call();
        }
        HELD.remove();
        executor.release();
        try {
            return action.call();
        } finally {
            executor.take();
            HELD.set(executor);
        }
    }

    /**
     * Reports a request to a store that a reconciliation sends from its place. With assertions, as in tests, it is an error.
     *
     * @param what sends the request
     */
    public static void forbid(String what) {
        if (!isHeld()) {
            return;
        }
        String message = what + " was called by a reconciliation that has a place; a slow store delays other objects";
        if (isStrict) {
            throw new IllegalStateException(message);
        }
        if (REPORTED.add(what)) {
            LOG.error(message, new IllegalStateException(message));
        }
    }
}
