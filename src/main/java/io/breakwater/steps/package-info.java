/**
 * Runs that survive a kill: an ordered list of small idempotent steps, whose intent is written before and whose result
 * after they act, so that a run continues where a killed process left it. Also the threads that such work runs on.
 */
package io.breakwater.steps;
