package io.breakwater.rotation;

import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKey;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The points, repositories and other documents that need each master key. An item that the writing key decrypts counts for that key alone. Other
 * items count for each available key that decrypts them, or, if none is available, for each missing key that does.
 *
 * @param points by key id
 * @param repositories by key id
 * @param documents by key id: leases and other documents that are signed with the key
 */
record KeyUse(
        Map<String, Set<String>> points, Map<String, Set<String>> repositories, Map<String, Set<String>> documents) {
    /**
     * Assigns points and repositories to keys.
     *
     * @param seals the keys that verify each point
     * @param keyFiles the key files of each repository, and the master key that each is marked with
     * @param documents signed documents of repositories, and the key of each
     * @param writing the key that the location is written with
     * @param known all keys that the location was written with and still lists
     * @param available the keys in the Secret
     */
    static KeyUse of(
            Map<PointKey, Set<String>> seals,
            Map<OwnedRepository, Map<String, Optional<String>>> keyFiles,
            Map<String, String> documents,
            String writing,
            Set<String> known,
            Set<String> available) {
        KeyUse use = new KeyUse(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
        seals.forEach((point, keys) -> assign(use.points, best(keys, writing, available), point.toString()));
        keyFiles.forEach((repository, files) -> {
            Set<String> marks = marks(files.values());
            Set<String> keys = marks.isEmpty() ? older(known, writing) : marks;
            assign(use.repositories, best(keys, writing, available), repository.toString());
        });
        Map<String, String> names = new TreeMap<>();
        keyFiles.keySet().forEach(repository -> {
            names.put(StoreLayout.repositoryRecord(repository.id()), repository.toString());
            if (repository.source() != null) {
                names.put(StoreLayout.owner(repository.source()), repository.toString());
            }
        });
        documents.forEach((document, key) ->
                assign(use.repositories, Set.of(key), names.getOrDefault(document, nameOf(document))));
        return use;
    }

    /** The namespace of an owner entry, or the key of a record. */
    private static String nameOf(String document) {
        return StoreLayout.ownerOf(document).map(CapturedNamespace::toString).orElse(document);
    }

    /** Keys that a point, a repository or another document needs. */
    Set<String> keys() {
        Set<String> all = new TreeSet<>(points.keySet());
        all.addAll(repositories.keySet());
        all.addAll(documents.keySet());
        return all;
    }

    /** The same uses, and those of other documents: a key id for each. */
    KeyUse and(Map<String, String> others) {
        Map<String, Set<String>> all = new TreeMap<>();
        others.forEach((document, key) -> assign(all, Set.of(key), document));
        return new KeyUse(points, repositories, all);
    }

    Set<String> documents(String key) {
        return documents.getOrDefault(key, Set.of());
    }

    Set<String> points(String key) {
        return points.getOrDefault(key, Set.of());
    }

    Set<String> repositories(String key) {
        return repositories.getOrDefault(key, Set.of());
    }

    /** A key file without a mark may belong to any older key of the location. */
    private static Set<String> older(Set<String> known, String writing) {
        Set<String> older = new TreeSet<>(known);
        older.remove(writing);
        return older.isEmpty() ? Set.of(writing) : older;
    }

    static Set<String> marks(Collection<Optional<String>> files) {
        return files.stream().flatMap(Optional::stream).collect(Collectors.toSet());
    }

    private static Set<String> best(Set<String> keys, String writing, Set<String> available) {
        Set<String> usable = new TreeSet<>(keys);
        usable.retainAll(available);
        if (keys.contains(writing)) {
            return Set.of(writing);
        }
        return usable.isEmpty() ? keys : usable;
    }

    private static void assign(Map<String, Set<String>> uses, Set<String> keys, String what) {
        keys.forEach(key -> uses.computeIfAbsent(key, k -> new TreeSet<>()).add(what));
    }
}
