package io.breakwater.steps;

import java.time.Duration;

/** The result of one call of a step. */
public sealed interface Outcome {
    /** The step is done. */
    record Done(String message) implements Outcome {}

    /** The step waits; call it again after the given time at the latest. */
    record Wait(String message, Duration recheck) implements Outcome {}

    /**
     * Work of this process runs, and wakes the run when it ends. The journal shows the message only if the work takes longer than
     * a moment.
     */
    record Working(String message, Duration recheck) implements Outcome {}

    static Outcome done(String message) {
        return new Done(message);
    }

    static Outcome waiting(String message) {
        return new Wait(message, Duration.ofSeconds(1));
    }

    static Outcome waiting(String message, Duration recheck) {
        return new Wait(message, recheck);
    }
}
