package io.breakwater.rotation;

import io.breakwater.catalog.PointKey;
import io.breakwater.gateway.RepositoryKeys.Repository;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What each master key is needed for. Something that the key opens with which the location is written counts for that key
 * alone; else it counts for those keys at hand that open it, and where there are none, for those that would.
 *
 * @param points by key id
 * @param repositories by key id
 */
record KeyUse(Map<String, Set<String>> points, Map<String, Set<String>> repositories) {
    /**
     * Sorts out what is needed for what.
     *
     * @param seals the keys that verify each point
     * @param keyFiles what the key files of each repository are marked with
     * @param writing the key that the location is written with
     * @param known all keys that it was ever written with, as far as they are not forgotten yet
     * @param atHand the keys that are there to be used
     */
    static KeyUse of(
            Map<PointKey, Set<String>> seals,
            Map<Repository, Map<String, Optional<String>>> keyFiles,
            String writing,
            Set<String> known,
            Set<String> atHand) {
        KeyUse use = new KeyUse(new TreeMap<>(), new TreeMap<>());
        seals.forEach((point, keys) -> enter(use.points, best(keys, writing, atHand), point.toString()));
        keyFiles.forEach((repository, files) -> {
            Set<String> marks = marks(files.values());
            Set<String> keys = marks.isEmpty() ? older(known, writing) : marks;
            enter(use.repositories, best(keys, writing, atHand), repository.toString());
        });
        return use;
    }

    /** Keys that something is needed for. */
    Set<String> keys() {
        Set<String> all = new TreeSet<>(points.keySet());
        all.addAll(repositories.keySet());
        return all;
    }

    Set<String> points(String key) {
        return points.getOrDefault(key, Set.of());
    }

    Set<String> repositories(String key) {
        return repositories.getOrDefault(key, Set.of());
    }

    /** A key file that nobody marked may be from any key that the location was written with before. */
    private static Set<String> older(Set<String> known, String writing) {
        Set<String> older = new TreeSet<>(known);
        older.remove(writing);
        return older.isEmpty() ? Set.of(writing) : older;
    }

    static Set<String> marks(Collection<Optional<String>> files) {
        return files.stream().flatMap(Optional::stream).collect(Collectors.toSet());
    }

    private static Set<String> best(Set<String> keys, String writing, Set<String> atHand) {
        Set<String> usable = new TreeSet<>(keys);
        usable.retainAll(atHand);
        if (keys.contains(writing)) {
            return Set.of(writing);
        }
        return usable.isEmpty() ? keys : usable;
    }

    private static void enter(Map<String, Set<String>> uses, Set<String> keys, String what) {
        keys.forEach(key -> uses.computeIfAbsent(key, k -> new TreeSet<>()).add(what));
    }
}
