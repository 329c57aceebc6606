package io.breakwater.api;

import io.fabric8.kubernetes.api.model.HasMetadata;

/** How messages and logs name an object. */
public final class ObjectNames {
    private ObjectNames() {}

    /** As {@code BackupLocation shop/blob-east}; without a namespace where the object has none. */
    public static String of(HasMetadata object) {
        return object.getKind() + " " + qualified(object);
    }

    /** As {@code shop/blob-east}; the name alone where the object has no namespace. */
    public static String qualified(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        String name = object.getMetadata().getName();
        return namespace == null ? name : namespace + "/" + name;
    }
}
