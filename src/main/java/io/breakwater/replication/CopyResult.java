package io.breakwater.replication;

/**
 * What a copy moved.
 *
 * @param objects written at the target
 * @param bytes of these objects
 * @param present objects of the point that the target had already
 */
public record CopyResult(long objects, long bytes, long present) {}
