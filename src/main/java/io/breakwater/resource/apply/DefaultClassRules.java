package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.Discovery;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A restored class never becomes a second default of the cluster. If the cluster has a default, the class is created without the
 * mark. If it has none, and several classes of the archive have the mark, the newest one keeps it, as Kubernetes chooses it.
 */
final class DefaultClassRules {
    /** Name of an annotation such as {@code is-default-class}; {@code is-default-virt-class} is KubeVirt's. */
    private static final String ANNOTATION = "is-default-([a-z]+-)?class";

    private static final String PRIORITY = "priorityclasses.scheduling.k8s.io";
    private static final String GLOBAL = "globalDefault";

    /**
     * What only one class may be.
     *
     * @param driver of snapshots, which each have a default class; empty for other kinds
     */
    private record Mark(String kind, String name, String driver) {}

    /** A class as it is created, and the deviation from the captured one. */
    record Unmarked(JsonNode object, String warning) {}

    private final Map<Mark, String> holders = new HashMap<>();
    private final Map<ObjectKey, JsonNode> existing = new HashMap<>();
    private final ApplyRequest request;

    private DefaultClassRules(ApplyRequest request) {
        this.request = request;
    }

    /** Reads the defaults of the cluster, for the kinds of which the plan has a default class. */
    static DefaultClassRules of(ApiServer server, Discovery discovery, ApplyPlan plan) {
        DefaultClassRules rules = new DefaultClassRules(plan.request());
        Map<ObjectKey, JsonNode> captured = new HashMap<>();
        for (ApplyPlan.Entry entry : plan.wave(ApplyWave.CLUSTER)) {
            JsonNode object = plan.object(entry);
            if (!marks(entry.key().directory(), object).isEmpty()) {
                captured.put(entry.key(), object);
            }
        }
        Set<String> kinds = new HashSet<>();
        captured.keySet().forEach(key -> kinds.add(key.directory()));
        kinds.forEach(kind -> rules.read(server, discovery, kind));
        captured.entrySet().stream()
                .filter(e -> !rules.existing.containsKey(e.getKey()))
                .sorted(Comparator.comparing((Map.Entry<ObjectKey, JsonNode> e) -> created(e.getValue()))
                        .reversed()
                        .thenComparing(e -> e.getKey().name()))
                .forEach(e -> rules.hold(e.getKey(), e.getValue()));
        return rules;
    }

    private void read(ApiServer server, Discovery discovery, String kind) {
        discovery.preferred(kind).ifPresent(k -> {
            ApiServer.Answer answer = server.get(k.path(""));
            if (!answer.isOk()) {
                throw BreakwaterException.retryable(
                        Reason.ResourcesFailed, kind + " cannot be listed: " + answer.message());
            }
            for (JsonNode item : answer.body().path("items")) {
                ObjectKey key = k.key("", item.path("metadata").path("name").asText());
                existing.put(key, item);
                hold(key, item);
            }
        });
    }

    private void hold(ObjectKey key, JsonNode object) {
        marks(key.directory(), object).values().forEach(mark -> holders.putIfAbsent(mark, key.name()));
    }

    /**
     * The class without the marks that another class has; empty if nothing changes.
     *
     * @param path of the class in the API server
     */
    Optional<Unmarked> apply(ObjectKey key, JsonNode captured, String path) {
        JsonNode live = existing.get(key);
        if (live != null && !request.mark().isOn(live, path)) {
            return Optional.empty();
        }
        ObjectNode object = captured.deepCopy();
        List<String> lost = new ArrayList<>();
        String holder = "";
        for (Map.Entry<String, Mark> mark : marks(key.directory(), captured).entrySet()) {
            String other = holders.getOrDefault(mark.getValue(), key.name());
            if (!other.equals(key.name())) {
                holder = other;
                lost.add(mark.getKey());
                if (mark.getKey().equals(GLOBAL)) {
                    object.put(GLOBAL, false);
                } else {
                    ((ObjectNode) object.path("metadata").path("annotations")).remove(mark.getKey());
                }
            }
        }
        if (lost.isEmpty()) {
            return Optional.empty();
        }
        String kind = captured.path("kind").asText();
        return Optional.of(new Unmarked(
                object,
                kind + " " + key.name() + " is restored without its mark as default (" + String.join(", ", lost)
                        + "), because " + kind + " " + holder
                        + " is the default of this cluster; to change the default, set the mark by hand"));
    }

    /** The marks of a class, by the field or annotation that each is set with. */
    private static Map<String, Mark> marks(String kind, JsonNode object) {
        Map<String, Mark> marks = new HashMap<>();
        object.path("metadata").path("annotations").properties().forEach(a -> {
            String name = a.getKey().substring(a.getKey().indexOf('/') + 1);
            if (name.matches(ANNOTATION) && a.getValue().asText().equals("true")) {
                // The old annotation of StorageClasses has the same effect.
                String mark = a.getKey().replace(".beta.", ".");
                marks.put(a.getKey(), new Mark(kind, mark, object.path("driver").asText("")));
            }
        });
        if (kind.equals(PRIORITY) && object.path(GLOBAL).asBoolean()) {
            marks.put(GLOBAL, new Mark(kind, GLOBAL, ""));
        }
        return marks;
    }

    private static String created(JsonNode object) {
        return object.path("metadata").path("creationTimestamp").asText("");
    }
}
