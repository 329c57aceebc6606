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
 * {@code spec.order} of a Restore. Which objects wait for which is known when the point is read; a circle of rules that name
 * kinds shows before. Rules with labels are not judged here, and those of names alone only among each other, since a name may
 * be that of several objects.
 */
final class OrderCheck {
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    /** Stands for an object that no rule names. */
    private static final String ANY = "*";

    private OrderCheck() {}

    /** An object that could be in the point. */
    private record Thing(String kind, String name) {
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
        Set<Thing> things = things(order);
        try {
            Stages.of(order.stream()
                    .map(d -> new Stages.Pair<>(taken(d.first, things), taken(d.then, things)))
                    .toList());
        } catch (Stages.Circle e) {
            findings.refuse(
                    e.pairs().stream().map(i -> "spec.order[" + i + "]").collect(Collectors.joining(" and ")),
                    "they wait for each other: " + e.getMessage() + "; take one of them out");
        }
    }

    private static Set<Thing> things(List<Dependency> order) {
        Set<String> kinds = new LinkedHashSet<>();
        Set<String> names = new LinkedHashSet<>(Set.of(ANY));
        for (Dependency d : order) {
            for (List<ObjectRule> side : List.of(d.first, d.then)) {
                side.stream().filter(r -> r.kinds != null).forEach(r -> kinds.addAll(r.kinds));
                side.stream().filter(r -> r.names != null).forEach(r -> names.addAll(r.names));
            }
        }
        kinds.add(ANY);
        Set<Thing> things = new LinkedHashSet<>();
        kinds.forEach(k -> names.forEach(n -> things.add(new Thing(k, n))));
        return things;
    }

    private static Set<Thing> taken(List<ObjectRule> rules, Set<Thing> things) {
        Set<Thing> taken = new HashSet<>();
        for (ObjectRule rule : rules) {
            things.stream()
                    .filter(t -> rule.labelSelector == null
                            && (rule.kinds == null ? t.kind.equals(ANY) : rule.kinds.contains(t.kind))
                            && (rule.names == null || rule.names.contains(t.name)))
                    .forEach(taken::add);
        }
        return taken;
    }
}
