package io.breakwater.steps;

import io.breakwater.api.Digests;

/** Names of the objects that a run creates: short, and always the same for the same id. */
public final class RunNames {
    private RunNames() {}

    /** {@code breakwater-} and the first 64 bits of the SHA-256 of the id. */
    public static String of(String id) {
        return "breakwater-" + Digests.sha256Hex(id).substring(0, 16);
    }
}
