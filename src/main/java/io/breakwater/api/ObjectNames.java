package io.breakwater.api;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.regex.Pattern;

/** Names of objects in messages and logs, and the form of names from a store. */
public final class ObjectNames {
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

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

    /** Whether a text is a DNS label (RFC 1123), as the name of each namespace and site is. */
    public static boolean isLabel(String text) {
        return LABEL.matcher(text).matches();
    }
}
