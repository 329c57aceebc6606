/**
 * Proof that points restore: a Verification reads all of a point, brings it back in a namespace of its own, asks it
 * questions, and leaves nothing behind. Made of what users have too: Restores, mover Jobs, conditions. Uses {@code api},
 * {@code steps}, {@code observe}, {@code config}, {@code location}, {@code gateway}, {@code catalog}, {@code volume},
 * {@code database} (commands in pods), {@code resource} (whether workloads are ready) and {@code policy} (schedules).
 */
package io.breakwater.verify;
