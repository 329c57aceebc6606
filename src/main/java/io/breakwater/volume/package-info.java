/**
 * Volumes: which can be captured, their CSI snapshots, those of them that stay, and the mover Jobs that carry data between a
 * volume and the repository. Uses {@code api}, {@code config}, {@code location}, {@code gateway}, {@code tls} and {@code catalog}.
 */
package io.breakwater.volume;
