package io.breakwater.mover;

/**
 * What the pod of a mover depends on, in addition to its task.
 *
 * @param defaults of the installation
 * @param privileged whether movers with a volume run as root in the namespace
 * @param limits of the namespace
 * @param claimIsBound whether the claim that the pod mounts has a volume
 */
record MoverSurroundings(MoverPodDefaults defaults, boolean privileged, NamespaceLimits limits, boolean claimIsBound) {}
