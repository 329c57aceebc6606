package io.breakwater.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;

/**
 * The object of an act. Values that do not exist are empty.
 *
 * @param uid links the lines of one act, since the webhook and the controller write it
 */
public record AuditObject(String kind, String namespace, String name, String uid) {
    /** Replaces null by the empty text. */
    public AuditObject {
        kind = kind == null ? "" : kind;
        namespace = namespace == null ? "" : namespace;
        name = name == null ? "" : name;
        uid = uid == null ? "" : uid;
    }

    static AuditObject of(HasMetadata object) {
        var meta = object.getMetadata();
        return new AuditObject(object.getKind(), meta.getNamespace(), meta.getName(), meta.getUid());
    }
}
