package io.breakwater.fleet;

import java.time.Duration;
import java.util.Timer;
import java.util.TimerTask;

/** Replaces {@link Timer} in the Java Operator SDK: its tasks run when {@link FleetTime} reaches their time. */
public final class FleetTimer extends Timer {
    private final ClassLoader loader = Thread.currentThread().getContextClassLoader();

    public FleetTimer(boolean isDaemon) {
        super("fleet-timer", isDaemon);
    }

    /** Has the name that the calls of the SDK have. The task has the class loader of the creator, as in a thread of the timer. */
    public void schedule(Task task, long delay) {
        task.scheduled = FleetTime.schedule(Duration.ofMillis(delay), () -> {
            Thread.currentThread().setContextClassLoader(loader);
            task.run();
        });
    }

    /** Replaces {@link TimerTask}, which does not reveal that it was cancelled. */
    public abstract static class Task extends TimerTask {
        private volatile Object scheduled;

        @Override
        public boolean cancel() {
            Object known = scheduled;
            if (known != null) {
                FleetTime.cancel(known);
            }
            return super.cancel();
        }
    }
}
