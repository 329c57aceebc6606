/** BackupLocations: resolved by name, opened, probed, and measured against quotas. */
package io.breakwater.location;
