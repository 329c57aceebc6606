package io.breakwater.api;

import io.fabric8.kubernetes.api.model.HasMetadata;

/** Names of objects in messages and logs. */
public final class ObjectNames {
    private ObjectNames() {}

    /** For example {@code BackupLocation shop/blob-east}; without a namespace for a cluster-scoped object. */
    public static String of(HasMetadata object) {
        return object.getKind() + " " + qualified(object);
    }

    /** For example {@code shop/blob-east}; only the name for a cluster-scoped object. */
    public static String qualified(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        String name = object.getMetadata().getName();
        return namespace == null ? name : namespace + "/" + name;
    }
}
