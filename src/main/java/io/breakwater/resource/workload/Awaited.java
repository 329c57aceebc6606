package io.breakwater.resource.workload;

/**
 * An object that must be up.
 *
 * @param path in the API server
 * @param reports whether a condition reports its readiness and must appear
 */
public record Awaited(String path, String kind, String name, boolean reports) {}
