package io.breakwater.resource;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.time.Duration;

/** Between two looks at an object that is about to change; on virtual threads of an activity only. */
final class Pause {
    private static final Duration BRIEF = Duration.ofMillis(100);

    private Pause() {}

    static void brief() {
        try {
            Thread.sleep(BRIEF);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BreakwaterException.retryable(Reason.InternalError, "interrupted", e);
        }
    }
}
