/**
 * Databases and hooks: what is told to an application before the snapshots are cut, held while they are, and taken back
 * after them, come what may. Uses {@code api}.
 */
package io.breakwater.database;
