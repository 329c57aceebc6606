package io.breakwater.steps;

import java.util.List;
import java.util.stream.Stream;

/** Warnings in the status of a run. */
public final class Warnings {
    private static final int MOST = 64;

    private Warnings() {}

    /** Adds warnings to those that exist already: each once, 64 at most; null when there are none. */
    public static List<String> merged(List<String> before, List<String> more) {
        List<String> all = Stream.concat(before == null ? Stream.of() : before.stream(), more.stream())
                .distinct()
                .limit(MOST)
                .toList();
        return all.isEmpty() ? null : all;
    }
}
