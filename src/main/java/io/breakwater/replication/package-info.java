/**
 * Copies of sealed points in other locations: object by object from store to store, verified on the way, sealed there last.
 * Uses {@code api}, {@code location}, {@code catalog} and {@code steps}.
 */
package io.breakwater.replication;
