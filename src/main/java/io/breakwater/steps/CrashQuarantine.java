package io.breakwater.steps;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Lets the runs that may have crashed earlier processes run one at a time. When many runs are in progress, a crash says nothing
 * about which of them caused it. A run that is alone with this place when the process crashes is the cause. All others wait, and
 * their crashes are not counted. A run that ends its step, or works for {@link #CLEARED} without a crash, is not the cause.
 */
final class CrashQuarantine {
    /** Time after which the next run gets the place. A step with too much data crashes the process sooner. */
    static final Duration CLEARED = Duration.ofMinutes(10);

    private static final CrashQuarantine OF_PROCESS = new CrashQuarantine(System::nanoTime);

    private final LongSupplier nanos;
    private String holder;
    private long since;

    /** @param nanos a monotonic clock */
    CrashQuarantine(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** The place that all runs of this process share. */
    static CrashQuarantine ofProcess() {
        return OF_PROCESS;
    }

    /** Takes the place for a run; false while another run has it. */
    synchronized boolean enter(String run) {
        if (holder == null || !holder.equals(run) && isOver()) {
            holder = run;
            since = nanos.getAsLong();
        }
        return holder.equals(run);
    }

    /** Whether the run has had the place for so long that it is not the cause of the crashes. */
    synchronized boolean isCleared(String run) {
        return run.equals(holder) && isOver();
    }

    /** Frees the place; has no effect if another run has it. */
    synchronized void leave(String run) {
        if (run.equals(holder)) {
            holder = null;
        }
    }

    private boolean isOver() {
        return nanos.getAsLong() - since >= CLEARED.toNanos();
    }
}
