/**
 * Sealed points: {@code point.json}, its signature, the list of the points in a location, and their RestorePoints on every cluster
 * that has the location. Also the points of backups in a location of Velero.
 */
package io.breakwater.catalog;
