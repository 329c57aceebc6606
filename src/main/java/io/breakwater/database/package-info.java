/**
 * Databases and hooks: commands in pods that prepare an application for a snapshot, and that resume the application after it
 * in every case.
 */
package io.breakwater.database;
