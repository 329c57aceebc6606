/**
 * Runs that survive the death of a process: an ordered list of small idempotent steps. The intent of a step is written
 * before it acts and the result after it, so that a run continues where a process ended. Also the threads for such work.
 */
package io.breakwater.steps;
