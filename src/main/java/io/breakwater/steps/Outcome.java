package io.breakwater.steps;

import java.time.Duration;

/** How a call of a step ended. */
public sealed interface Outcome {
    /** The step is done. */
    record Done(String message) implements Outcome {}

    /** The step waits for something; call it again after the given time at the latest. */
    record Wait(String message, Duration recheck) implements Outcome {}

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
