package io.breakwater.election;

/** The event that this process runs the controllers from now on. It is fired once, before they start. */
public record LeaderStart() {}
