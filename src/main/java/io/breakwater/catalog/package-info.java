/**
 * Sealed points: {@code point.json}, how it is signed and verified, how a location is listed, and how what lies there
 * becomes RestorePoints on every cluster that sees the location. Uses {@code api}, {@code config}, {@code location},
 * {@code observe} and {@code steps}.
 */
package io.breakwater.catalog;
