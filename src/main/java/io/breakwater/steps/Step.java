package io.breakwater.steps;

import io.breakwater.api.BreakwaterException;

/**
 * One step of a run. The process may die before, during or after the side effect of the step, and the step is then
 * called again. So a step gives its objects deterministic names, and an object that exists already is a success.
 *
 * @param <C> the state that the steps of a run share
 */
public interface Step<C> {
    /** Name in the journal. */
    String name();

    /**
     * Whether the journal must show the step before it acts: because a restart must find out that it acted, or because others wait
     * for it. The entry of another step is written with a later one, so a restart repeats that step from its start. After a
     * crash the journal shows each step before it acts.
     */
    default boolean needsIntent(C run) {
        return true;
    }

    /**
     * Does the step, or checks how far it is.
     *
     * @param attempt 1 in the process that entered the step first, 2 after the first restart, and so on
     * @throws BreakwaterException when the step fails; after a retryable error it is called again
     */
    Outcome run(C run, int attempt);
}
