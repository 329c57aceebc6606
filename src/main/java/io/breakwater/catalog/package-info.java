/**
 * Sealed points: {@code point.json}, how it is signed and verified, how a location is listed, and how what lies there
 * becomes RestorePoints on every cluster that sees the location; so do the backups in a location of Velero's. Uses
 * {@code api}, {@code config}, {@code location}, {@code observe}, {@code steps} and {@code velero}.
 */
package io.breakwater.catalog;
