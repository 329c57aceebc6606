package io.breakwater.steps;

import io.breakwater.observe.LogContext;
import java.time.Duration;
import org.jboss.logging.Logger;

/** Work that a process repeats until it stops, on a virtual thread of its own. An error ends one round and is logged. */
public final class PeriodicWork {
    private static final Logger LOG = Logger.getLogger(PeriodicWork.class);

    private final String name;
    private final Duration interval;
    private final Runnable round;
    private volatile Thread thread;

    /**
     * Work that has not started.
     *
     * @param name of the thread, in words that complete "could not …" in the log
     * @param interval between two rounds, and before the first
     */
    public PeriodicWork(String name, Duration interval, Runnable round) {
        this.name = name;
        this.interval = interval;
        this.round = round;
    }

    /** Starts the rounds. */
    public void start() {
        thread = Thread.ofVirtual().name(name).start(LogContext.wrap(this::repeat));
    }

    /** Ends the rounds; has no effect before the start. */
    public void stop() {
        if (thread != null) {
            thread.interrupt();
        }
    }

    private void repeat() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                Thread.sleep(interval);
                round.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.warnf("could not %s, will retry in %s: %s", name, interval, e.getMessage());
            }
        }
    }
}
