/** What is deleted, abandoned or locked in a location: tombstones, unfinished backups, object locks. */
package io.breakwater.cleanup;
