package io.breakwater.replication;

/**
 * The result of a copy.
 *
 * @param objects written at the target
 * @param bytes of these objects
 * @param present objects of the point that the target already had
 */
public record CopyResult(long objects, long bytes, long present) {}
