/**
 * How a location gets from one master key to the next: when all sites know the new one, which key what needs, and what has to
 * be done so that the old one can go. Uses {@code api}, {@code catalog}, {@code config}, {@code gateway}, {@code location},
 * {@code observe}, {@code steps} and {@code volume}.
 */
package io.breakwater.rotation;
