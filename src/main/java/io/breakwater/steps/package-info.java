/**
 * Journaled step machines: a run is an ordered list of small idempotent steps, whose intent is written before and whose
 * result after they act, so that a run goes on where a killed process left it; and the threads that such work runs on. Uses
 * {@code api}.
 */
package io.breakwater.steps;
