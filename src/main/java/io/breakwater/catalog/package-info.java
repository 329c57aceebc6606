/**
 * Sealed points: {@code point.json}, how it is signed and verified, how a location is listed, and how its points become
 * RestorePoints on every cluster that sees the location, as do the backups in a location of Velero.
 */
package io.breakwater.catalog;
