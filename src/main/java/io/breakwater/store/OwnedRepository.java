package io.breakwater.store;

import io.breakwater.api.RepositoryNames;

/**
 * A repository, and one of the namespaces that own it: the one that a task is about. The id alone decides where the data is.
 *
 * @param id 32 lower-case hexadecimal digits
 * @param source the namespace, for quotas and messages; null when the record of the repository cannot be verified
 */
public record OwnedRepository(String id, CapturedNamespace source) {
    public OwnedRepository {
        RepositoryNames.requireRepository(id);
    }

    /** Prefix of the repository's objects. */
    public String prefix() {
        return StoreLayout.repository(id);
    }

    /** Key of a snapshot in the repository. */
    public String snapshot(String snapshot) {
        return prefix() + "snapshots/" + snapshot;
    }

    /** What is deleted in the repository. */
    public DeletionScope deletions() {
        return DeletionScope.repository(id);
    }

    /** {@code <site>/<namespace> (<id>)}, for messages. */
    @Override
    public String toString() {
        return source == null ? id : source + " (" + id + ")";
    }
}
