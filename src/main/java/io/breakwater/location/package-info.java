/**
 * BackupLocations: resolved by name, opened, probed, and measured against quotas. Also the frame of all their controllers,
 * {@link io.breakwater.location.LocationController}.
 */
package io.breakwater.location;
