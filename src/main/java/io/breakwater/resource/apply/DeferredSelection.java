package io.breakwater.resource.apply;

import io.breakwater.velero.ObjectKey;
import java.util.Map;
import java.util.Set;

/**
 * Objects of an archive that a run retries.
 *
 * @param names by the kind, such as {@code deployments.apps}; all objects of the kind if there is no name
 */
public record DeferredSelection(Map<String, Set<String>> names) {
    boolean includes(ObjectKey key) {
        Set<String> ofKind = names.get(key.directory());
        return ofKind != null && (ofKind.isEmpty() || ofKind.contains(key.name()));
    }

    /** Whether all objects of this kind are retried, also those that the Restore has written. */
    boolean isWhole(ObjectKey key) {
        return names.getOrDefault(key.directory(), Set.of(key.name())).isEmpty();
    }
}
