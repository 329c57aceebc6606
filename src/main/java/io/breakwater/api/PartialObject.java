package io.breakwater.api;

import io.fabric8.kubernetes.api.model.HasMetadata;

/**
 * The mark of an object that has only some of its fields. Such an object answers questions. It must never be written, because
 * the absent fields would be deleted. The API server drops the mark from all objects that it receives, so no user can set it.
 */
public final class PartialObject {
    private static final String MARK = "breakwaterPartial";

    private PartialObject() {}

    /** Marks an object. */
    public static void mark(HasMetadata object) {
        object.getMetadata().setAdditionalProperty(MARK, true);
    }

    /** Whether an object, or the object that it is a copy of, was marked. */
    public static boolean is(HasMetadata object) {
        return object.getMetadata().getAdditionalProperties().containsKey(MARK);
    }

    /**
     * Checks that an object can be written.
     *
     * @throws IllegalArgumentException if it was marked
     */
    public static void requireWhole(HasMetadata object) {
        if (is(object)) {
            throw new IllegalArgumentException(
                    ObjectNames.of(object) + " comes from the index and has only some fields; read it before a write");
        }
    }
}
