/**
 * BackupLocations: their controller, the {@link io.breakwater.location.ObjectStore} SPI with its implementations, the
 * capability probe, and the keys that everything in a location derives from. Uses {@code api}, {@code config} and
 * {@code observe}.
 */
package io.breakwater.location;
