package io.breakwater.steps;

import io.breakwater.api.BreakwaterException;

/**
 * One step of a run. It may be killed before, in, or after its side effect and is then called again; names of what it
 * creates are deterministic, and "exists already" is success.
 *
 * @param <C> what the steps of a run share
 */
public interface Step<C> {
    /** Name in the journal. */
    String name();

    /**
     * Does the step, or looks how far it is.
     *
     * @param attempt 1 in the process that entered the step first, 2 after the first restart, and so on
     * @throws BreakwaterException when it cannot go on; a retryable one is tried again
     */
    Outcome run(C run, int attempt);
}
