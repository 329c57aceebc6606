/**
 * Restores: one attempt to bring a sealed point back, as journaled steps. Nothing is touched before the seal, every object
 * of the point and the author's rights were checked. Uses {@code api}, {@code steps}, {@code observe}, {@code config},
 * {@code location}, {@code gateway}, {@code catalog}, {@code volume}, {@code velero}, {@code resource} and
 * {@code admission} (the gate).
 */
package io.breakwater.restore;
