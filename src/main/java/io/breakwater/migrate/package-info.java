/**
 * Converts Velero's Schedules, Backups and locations into BackupPolicies and BackupLocations, with a report of all
 * fields without an equivalent. A separate program in the operator's image that connects to no cluster: it reads
 * objects from standard input and writes objects to standard output.
 */
package io.breakwater.migrate;
