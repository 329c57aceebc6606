package io.breakwater.resource.workload;

/**
 * An object that has to be up.
 *
 * @param path in the API server
 * @param reports whether a condition reports its readiness, so that one has to come
 */
public record Awaited(String path, String kind, String name, boolean reports) {}
