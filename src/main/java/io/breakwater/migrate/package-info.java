/**
 * Converts Velero's Schedules, Backups and locations into BackupPolicies and BackupLocations, with a report of
 * everything that has no counterpart. A program of its own in the operator's image, which talks to no cluster: objects
 * come in on standard input and go out on standard output.
 */
package io.breakwater.migrate;
