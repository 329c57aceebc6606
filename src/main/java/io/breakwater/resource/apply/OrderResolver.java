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

/** Which objects of an archive wait for which, by {@code spec.order}. For one thread, until {@link #settle}. */
final class OrderResolver {
    /**
     * An object that others wait for.
     *
     * @param reports whether it told of its readiness in a condition when it was captured
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

    /** Takes note of an object that is restored, as it was captured. */
    void add(ObjectKey key, JsonNode captured) {
        for (int i = 0; i < sides.size(); i++) {
            if (take(dependencies.get(i).first, key, captured)) {
                sides.get(i).first.add(key);
                waited.put(
                        key,
                        new Waited(
                                key,
                                captured.path("apiVersion").asText(),
                                captured.path("kind").asText(),
                                Readiness.reports(captured)));
            } else if (take(dependencies.get(i).then, key, captured)) {
                sides.get(i).then.add(key);
                kinds.put(key, captured.path("kind").asText());
            }
        }
    }

    /** @throws BreakwaterException InvalidSpec, when objects wait for each other */
    void settle() {
        try {
            stages = Stages.of(
                    sides.stream().map(s -> new Stages.Pair<>(s.first, s.then)).toList());
            later = stages.later();
        } catch (Stages.Circle e) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    e.pairs().stream().map(i -> "spec.order[" + i + "]").collect(Collectors.joining(" and "))
                            + " can never be met: " + e.getMessage() + "; take one of them out");
        }
    }

    /** In which stage an object is restored. */
    int stage(ObjectKey key) {
        return later.getOrDefault(key, 0);
    }

    int last() {
        return later.values().stream().max(Integer::compare).orElse(0);
    }

    int size(int stage) {
        return (int) later.values().stream().filter(s -> s == stage).count();
    }

    /** Objects of a stage whose pods are held back until then, as {@code Deployment/web}. */
    List<String> held(int stage) {
        return later.entrySet().stream()
                .filter(e -> e.getValue() == stage)
                .map(e -> kinds.get(e.getKey()) + "/" + e.getKey().name())
                .sorted()
                .toList();
    }

    /** What has to be up before a stage, by the index of the dependency that says so. */
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

    /** Sides that take nothing of what is restored, and so mean nothing. */
    List<String> idle() {
        List<String> idle = new ArrayList<>();
        for (int i = 0; i < sides.size(); i++) {
            String field = "spec.order[" + i + "]";
            if (sides.get(i).first.isEmpty()) {
                idle.add(field + ".first takes no object that is restored, so nothing is waited for");
            }
            if (sides.get(i).then.isEmpty()) {
                idle.add(field + ".then takes no object that is restored, so nothing waits");
            }
        }
        return idle;
    }

    private static boolean take(List<ObjectRule> rules, ObjectKey key, JsonNode captured) {
        return rules.stream().anyMatch(r -> ObjectRules.take(r, key, captured));
    }
}
