package io.breakwater.admission;

import io.breakwater.api.ObjectRule;
import io.breakwater.api.RestoreSpec.Dependency;
import io.breakwater.api.Stages;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Checks {@code spec.order} of a Restore. The real order of objects is known only when the point is read, but a circle of rules
 * that name kinds is visible before. Rules with labels are not checked here. Rules with only names are compared only with each
 * other, since several objects may have the same name.
 */
final class OrderCheck {
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    /** Represents an object that no rule names. */
    private static final String ANY = "*";

    /** The schema has the same limit. */
    private static final int MOST_ENTRIES = 32;

    /** Combinations of a kind and a name. Their number grows with the product of both, so a small object can have millions. */
    private static final int MOST_OBJECTS = 5_000;

    /** Comparisons of a combination with a kind or a name of a rule. */
    private static final long MOST_COMPARISONS = 5_000_000;

    private OrderCheck() {}

    /** An object that could be in the point. */
    private record PossibleObject(String kind, String name) {
        @Override
        public String toString() {
            return kind.equals(ANY) ? name : name.equals(ANY) ? kind : kind + "/" + name;
        }
    }

    static void check(List<Dependency> order, CheckFindings findings) {
        if (order == null) {
            return;
        }
        if (order.size() > MOST_ENTRIES) {
            findings.refuse("spec.order", "at most " + MOST_ENTRIES + " entries are allowed");
            return;
        }
        for (int i = 0; i < order.size(); i++) {
            String field = "spec.order[" + i + "]";
            RestoreCheck.rules(field + ".first", order.get(i).first, findings);
            RestoreCheck.rules(field + ".then", order.get(i).then, findings);
            findings.duration(field + ".timeout", order.get(i).timeout, SHORTEST);
        }
        Optional<Set<PossibleObject>> possible = possibleObjects(order);
        if (possible.isEmpty()) {
            findings.warn(
                    "spec.order",
                    "the rules name too many kinds and names to look for entries that wait for each other; the Restore"
                            + " looks for them when it runs");
            return;
        }
        Set<PossibleObject> objects = possible.get();
        try {
            Stages.of(order.stream()
                    .map(dependency ->
                            new Stages.Pair<>(matches(dependency.first, objects), matches(dependency.then, objects)))
                    .toList());
        } catch (Stages.Cycle e) {
            findings.refuse(
                    e.pairs().stream().map(i -> "spec.order[" + i + "]").collect(Collectors.joining(" and ")),
                    "these entries wait for each other: " + e.getMessage() + "; remove one of them");
        }
    }

    /** The combinations of all kinds and names in the rules; empty if there are too many. */
    private static Optional<Set<PossibleObject>> possibleObjects(List<Dependency> order) {
        Set<String> kinds = new LinkedHashSet<>();
        Set<String> names = new LinkedHashSet<>(Set.of(ANY));
        long mentioned = 0;
        for (Dependency dependency : order) {
            for (List<ObjectRule> rules : List.of(dependency.first, dependency.then)) {
                for (ObjectRule rule : rules) {
                    List<String> ruleKinds = Objects.requireNonNullElse(rule.kinds, List.of());
                    List<String> ruleNames = Objects.requireNonNullElse(rule.names, List.of());
                    kinds.addAll(ruleKinds);
                    names.addAll(ruleNames);
                    mentioned += 1 + ruleKinds.size() + ruleNames.size();
                }
            }
        }
        kinds.add(ANY);
        long combinations = (long) kinds.size() * names.size();
        if (combinations > MOST_OBJECTS || combinations * mentioned > MOST_COMPARISONS) {
            return Optional.empty();
        }
        Set<PossibleObject> objects = new LinkedHashSet<>();
        kinds.forEach(kind -> names.forEach(name -> objects.add(new PossibleObject(kind, name))));
        return Optional.of(objects);
    }

    private static Set<PossibleObject> matches(List<ObjectRule> rules, Set<PossibleObject> objects) {
        Set<PossibleObject> matches = new HashSet<>();
        for (ObjectRule rule : rules) {
            objects.stream()
                    .filter(object -> rule.labelSelector == null
                            && (rule.kinds == null ? object.kind.equals(ANY) : rule.kinds.contains(object.kind))
                            && (rule.names == null || rule.names.contains(object.name)))
                    .forEach(matches::add);
        }
        return matches;
    }
}
