package io.breakwater.admission;

import io.breakwater.api.ObjectRule;
import io.breakwater.api.RestoreSpec.Dependency;
import io.breakwater.api.Stages;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
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
        for (int i = 0; i < order.size(); i++) {
            String field = "spec.order[" + i + "]";
            RestoreCheck.rules(field + ".first", order.get(i).first, findings);
            RestoreCheck.rules(field + ".then", order.get(i).then, findings);
            findings.duration(field + ".timeout", order.get(i).timeout, SHORTEST);
        }
        Set<PossibleObject> objects = possibleObjects(order);
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

    private static Set<PossibleObject> possibleObjects(List<Dependency> order) {
        Set<String> kinds = new LinkedHashSet<>();
        Set<String> names = new LinkedHashSet<>(Set.of(ANY));
        for (Dependency dependency : order) {
            for (List<ObjectRule> rules : List.of(dependency.first, dependency.then)) {
                rules.stream().filter(rule -> rule.kinds != null).forEach(rule -> kinds.addAll(rule.kinds));
                rules.stream().filter(rule -> rule.names != null).forEach(rule -> names.addAll(rule.names));
            }
        }
        kinds.add(ANY);
        Set<PossibleObject> objects = new LinkedHashSet<>();
        kinds.forEach(kind -> names.forEach(name -> objects.add(new PossibleObject(kind, name))));
        return objects;
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
