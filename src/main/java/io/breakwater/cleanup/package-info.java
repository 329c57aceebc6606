/** Cleanup of a location: deleted objects under tombstones, data of unfinished backups, object locks. */
package io.breakwater.cleanup;
