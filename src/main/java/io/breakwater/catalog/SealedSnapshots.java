package io.breakwater.catalog;

import io.breakwater.api.BreakwaterException;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.PointKey;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The snapshots that all seals of a location name, including seals that were deleted and can still be restored. They are read once
 * for many repositories. So snapshots stay whatever happens to the record of their repository.
 */
public final class SealedSnapshots {
    private final Set<String> repositories;
    private final Map<String, Set<String>> snapshots = new HashMap<>();
    private final Map<CapturedNamespace, BreakwaterException> unreadable = new HashMap<>();

    /** @param repositories ids of those whose snapshots matter */
    SealedSnapshots(Collection<String> repositories) {
        this.repositories = Set.copyOf(repositories);
    }

    /** Adds what a seal names. One that cannot be verified counts as unreadable for its namespace. */
    void add(PointKey key, Supplier<Optional<PointDocument>> reader) {
        try {
            reader.get()
                    .filter(document -> document.repository() != null && repositories.contains(document.repository()))
                    .ifPresent(document -> document.moved()
                            .forEach(volume -> snapshots
                                    .computeIfAbsent(document.repository(), id -> new HashSet<>())
                                    .add(volume.repositorySnapshot())));
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            unreadable.putIfAbsent(key.source(), e); // it must not stop the cleanup of other namespaces
        }
    }

    /**
     * The snapshots of one of the repositories.
     *
     * @param owners namespaces whose seals must all be readable
     * @throws BreakwaterException Tampered, when the signature of a seal of an owner does not match; KeyMismatch, when the Secret
     *     does not have its key: the snapshots of that seal are unknown then
     */
    public Set<String> of(String repository, Collection<CapturedNamespace> owners) {
        for (CapturedNamespace owner : owners) {
            if (unreadable.containsKey(owner)) {
                throw unreadable.get(owner);
            }
        }
        return snapshots.getOrDefault(repository, Set.of());
    }
}
