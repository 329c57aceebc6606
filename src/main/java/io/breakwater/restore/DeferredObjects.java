package io.breakwater.restore;

import io.breakwater.api.RestoreStatus.Deferred;
import io.breakwater.api.Texts;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.DeferredSelection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The objects in {@code status.deferred}. The list is bounded: of a kind with too many objects it has the number only, and all
 * objects of that kind are retried.
 */
final class DeferredObjects {
    private static final int MOST_GROUPS = 64;
    private static final int MOST_NAMES = 1000;
    private static final int LONGEST_CAUSE = 1000;

    private record Group(String kind, boolean refused, String cause) {}

    private final Map<Group, Set<String>> named = new LinkedHashMap<>();
    private final Map<Group, Integer> unnamed = new LinkedHashMap<>();

    private DeferredObjects() {}

    /** @param status may be null */
    static DeferredObjects of(List<Deferred> status) {
        DeferredObjects objects = new DeferredObjects();
        for (Deferred d : status == null ? List.<Deferred>of() : status) {
            Group group = new Group(d.kind, Boolean.TRUE.equals(d.refused), d.cause);
            if (d.names == null) {
                objects.unnamed.merge(group, d.objects, Integer::sum);
            } else {
                objects.named.computeIfAbsent(group, g -> new TreeSet<>()).addAll(d.names);
            }
        }
        return objects;
    }

    /** Adds the objects that a run deferred. */
    DeferredObjects add(ApplyReport report) {
        report.deferred()
                .forEach(d -> add(d.kind(), d.name(), false, d.failure().reason()));
        return this;
    }

    /** Replaces the objects that a retry tried by those that it did not restore. */
    DeferredObjects replace(DeferredSelection tried, ApplyReport report) {
        named.forEach((group, names) -> {
            if (!group.refused) {
                Set<String> ofKind = tried.names().getOrDefault(group.kind, Set.of(""));
                names.removeIf(n -> ofKind.isEmpty() || ofKind.contains(n));
            }
        });
        named.values().removeIf(Set::isEmpty);
        unnamed.keySet()
                .removeIf(g -> !g.refused
                        && tried.names().getOrDefault(g.kind, Set.of("")).isEmpty());
        report.failed().forEach(f -> {
            String object = f.object();
            String kind = object.substring(0, object.indexOf(' '));
            add(kind, object.substring(object.lastIndexOf(object.contains("/") ? '/' : ' ') + 1), true, f.reason());
        });
        return add(report);
    }

    private void add(String kind, String name, boolean refused, String cause) {
        Group group = new Group(kind, refused, Texts.line(cause, LONGEST_CAUSE));
        named.computeIfAbsent(group, g -> new TreeSet<>()).add(name);
    }

    /** The objects that are retried. */
    DeferredSelection open() {
        Map<String, Set<String>> names = new HashMap<>();
        named.forEach((group, some) -> {
            if (!group.refused) {
                names.computeIfAbsent(group.kind, k -> new HashSet<>()).addAll(some);
            }
        });
        unnamed.keySet().stream().filter(g -> !g.refused).forEach(g -> names.put(g.kind, Set.of()));
        return new DeferredSelection(names);
    }

    /** One text for each object; for objects whose names are not known, one for all of them. */
    List<ApplyReport.Failure> failures() {
        List<ApplyReport.Failure> failures = new ArrayList<>();
        named.forEach(
                (g, names) -> names.forEach(n -> failures.add(new ApplyReport.Failure(g.kind + " " + n, g.cause))));
        unnamed.forEach((g, count) -> failures.add(
                new ApplyReport.Failure(count + (failures.isEmpty() ? " " : " other ") + g.kind, g.cause)));
        return failures;
    }

    int size() {
        return named.values().stream().mapToInt(Set::size).sum()
                + unnamed.values().stream().mapToInt(n -> n).sum();
    }

    /** For the status; null if there are none. */
    List<Deferred> status() {
        bound();
        List<Deferred> all = new ArrayList<>();
        named.forEach((group, names) -> {
            Deferred entry = entry(group, names.size());
            entry.names = List.copyOf(names);
            all.add(entry);
        });
        unnamed.forEach((group, count) -> all.add(entry(group, count)));
        return all.isEmpty() ? null : all;
    }

    /** Of too many objects, those of the kind with the most are counted without names, until the others fit. */
    private void bound() {
        while (named.size() + unnamed.size() > MOST_GROUPS
                || named.values().stream().mapToInt(Set::size).sum() > MOST_NAMES) {
            Map<String, Integer> sizes = new HashMap<>();
            named.forEach((g, names) -> sizes.merge(g.kind, names.size(), Integer::sum));
            if (sizes.isEmpty()) {
                return;
            }
            String most = sizes.entrySet().stream()
                    .max(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                    .orElseThrow()
                    .getKey();
            for (boolean refused : List.of(true, false)) {
                fold(most, refused);
            }
        }
    }

    private void fold(String kind, boolean refused) {
        List<Group> groups = new ArrayList<>(named.keySet());
        groups.addAll(unnamed.keySet());
        groups.removeIf(g -> !g.kind.equals(kind) || g.refused != refused);
        int count = 0;
        for (Group g : groups) {
            Set<String> names = named.remove(g);
            Integer others = unnamed.remove(g);
            count += (names == null ? 0 : names.size()) + (others == null ? 0 : others);
        }
        if (count > 0) {
            unnamed.put(groups.getFirst(), count);
        }
    }

    private static Deferred entry(Group group, int objects) {
        Deferred entry = new Deferred();
        entry.kind = group.kind;
        entry.objects = objects;
        entry.cause = group.cause;
        entry.refused = group.refused ? true : null;
        return entry;
    }
}
