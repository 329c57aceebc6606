/**
 * RestorePoints: quiesce, snapshot, resources, move, seal; and their end. Uses {@code api}, {@code config},
 * {@code observe}, {@code steps}, {@code location}, {@code gateway}, {@code catalog}, {@code resource}, {@code velero},
 * {@code volume}, {@code database}, {@code policy}, {@code failover}, {@code replication} and {@code admission} (the gate).
 */
package io.breakwater.capture;
