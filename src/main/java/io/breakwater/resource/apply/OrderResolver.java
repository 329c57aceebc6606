package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectRule;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.Dependency;
import io.breakwater.api.Stages;
import io.breakwater.resource.ObjectRules;
import io.breakwater.resource.workload.Readiness;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Dependencies between the objects of an archive, by {@code spec.order}. Not safe for use from several threads before
 * {@link #settle}.
 */
final class OrderResolver {
    /**
     * An object that others wait for.
     *
     * @param reports whether a condition reported its readiness when it was captured
     */
    record Waited(ObjectKey key, String apiVersion, String kind, boolean reports) {}

    private record Sides(Set<ObjectKey> first, Set<ObjectKey> then) {}

    private final List<Dependency> dependencies;
    private final List<Sides> sides = new ArrayList<>();
    private final Map<ObjectKey, Waited> waited = new LinkedHashMap<>();
    private final Map<ObjectKey, String> kinds = new LinkedHashMap<>();
    private Stages<ObjectKey> stages;
    private Map<ObjectKey, Integer> later = Map.of();

    OrderResolver(RestoreSpec spec) {
        this.dependencies = spec.order == null ? List.of() : spec.order;
        dependencies.forEach(d -> sides.add(new Sides(new LinkedHashSet<>(), new LinkedHashSet<>())));
    }

    boolean isEmpty() {
        return dependencies.isEmpty();
    }

    /** Adds an object that is restored, as it was captured. */
    void add(ObjectKey key, JsonNode captured) {
        for (int i = 0; i < sides.size(); i++) {
            if (match(dependencies.get(i).first, key, captured)) {
                sides.get(i).first.add(key);
                waited.put(
                        key,
                        new Waited(
                                key,
                                captured.path("apiVersion").asText(),
                                captured.path("kind").asText(),
                                Readiness.reports(captured)));
            } else if (match(dependencies.get(i).then, key, captured)) {
                sides.get(i).then.add(key);
                kinds.put(key, captured.path("kind").asText());
            }
        }
    }

    /** @throws BreakwaterException InvalidSpec if objects wait for each other */
    void settle() {
        try {
            stages = Stages.of(
                    sides.stream().map(s -> new Stages.Pair<>(s.first, s.then)).toList());
            later = stages.later();
        } catch (Stages.Cycle e) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    e.pairs().stream().map(i -> "spec.order[" + i + "]").collect(Collectors.joining(" and "))
                            + " form a cycle: " + e.getMessage() + "; remove one of them");
        }
    }

    /** The stage in which an object is restored. */
    int stage(ObjectKey key) {
        return later.getOrDefault(key, 0);
    }

    int last() {
        return later.values().stream().max(Integer::compare).orElse(0);
    }

    int size(int stage) {
        return (int) later.values().stream().filter(s -> s == stage).count();
    }

    /** Objects of a stage whose pods are held until then, such as {@code Deployment/web}. */
    List<String> held(int stage) {
        return later.entrySet().stream()
                .filter(e -> e.getValue() == stage)
                .map(e -> kinds.get(e.getKey()) + "/" + e.getKey().name())
                .sorted()
                .toList();
    }

    /** Objects that must be up before a stage, by the index of the dependency. */
    Map<Integer, List<Waited>> before(int stage) {
        Map<Integer, List<Waited>> before = new LinkedHashMap<>();
        for (int i = 0; i < sides.size(); i++) {
            if (stages.stageOfPair(i) == stage && !sides.get(i).then.isEmpty()) {
                before.put(i, sides.get(i).first.stream().map(waited::get).toList());
            }
        }
        return before;
    }

    String timeout(int dependency) {
        String timeout = dependencies.get(dependency).timeout;
        return timeout == null ? Dependency.DEFAULT_TIMEOUT : timeout;
    }

    /** Sides that match no restored object and have no effect. */
    List<String> unmatched() {
        List<String> unmatched = new ArrayList<>();
        for (int i = 0; i < sides.size(); i++) {
            String field = "spec.order[" + i + "]";
            if (sides.get(i).first.isEmpty()) {
                unmatched.add(field + ".first matches no object that is restored, so there is nothing to wait for");
            }
            if (sides.get(i).then.isEmpty()) {
                unmatched.add(field + ".then matches no object that is restored, so no object waits");
            }
        }
        return unmatched;
    }

    private static boolean match(List<ObjectRule> rules, ObjectKey key, JsonNode captured) {
        return rules.stream().anyMatch(r -> ObjectRules.match(r, key, captured));
    }
}
