package io.breakwater.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** How the generated API server creates, changes and deletes objects. */
final class ServedWrites {
    private final Clock clock;
    private final AtomicLong versions;

    ServedWrites(Clock clock, AtomicLong versions) {
        this.clock = clock;
        this.versions = versions;
    }

    static ObjectNode existing(GeneratedApiServer.Target target) {
        ObjectNode found = target.table().get(target.key());
        if (found == null) {
            throw new GeneratedApiServer.Refusal(
                    404, "NotFound", target.table().kind().plural() + " \"" + target.name() + "\" not found");
        }
        return found;
    }

    ObjectNode create(GeneratedApiServer.Target target, ObjectNode object) {
        ServedTable table = target.table();
        synchronized (table) {
            ObjectNode metadata = object.withObject("/metadata");
            long number = versions.incrementAndGet();
            if (!metadata.hasNonNull("name")) {
                metadata.put("name", metadata.path("generateName").asText() + number);
            }
            if (target.namespace() != null) {
                metadata.put("namespace", target.namespace());
            }
            String key = target.key(metadata.get("name").asText());
            if (table.get(key) != null) {
                throw new GeneratedApiServer.Refusal(
                        409, "AlreadyExists", table.kind().plural() + " " + key + " already exists");
            }
            if (!metadata.hasNonNull("uid")) {
                metadata.put("uid", "00000000-0000-4000-8000-%012d".formatted(number));
            }
            if (!metadata.hasNonNull("creationTimestamp")) {
                metadata.put(
                        "creationTimestamp",
                        clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
            }
            metadata.put("generation", 1);
            return table.put(key, object);
        }
    }

    /**
     * Updates, patches or applies.
     *
     * @param verb of the request
     * @param type of its content
     */
    ObjectNode change(GeneratedApiServer.Target target, String verb, String type, byte[] body) throws IOException {
        ServedTable table = target.table();
        synchronized (table) {
            ObjectNode old = table.get(target.key());
            JsonNode patch = ServedTable.JSON.readTree(body);
            if (old == null && verb.equals("apply") && target.subresource() == null) {
                return create(target, (ObjectNode) patch);
            }
            existing(target);
            requireSame(old, patch);
            return replace(target, old, changed(target, old.deepCopy(), verb, type, patch));
        }
    }

    private static void requireSame(ObjectNode old, JsonNode patch) {
        for (String field : List.of("resourceVersion", "uid")) {
            JsonNode wanted = patch.path("metadata").path(field);
            if (!wanted.isMissingNode() && !wanted.isNull() && !wanted.equals(old.at("/metadata/" + field))) {
                throw new GeneratedApiServer.Refusal(409, "Conflict", "the object has another " + field);
            }
        }
    }

    private static ObjectNode changed(
            GeneratedApiServer.Target target, ObjectNode object, String verb, String type, JsonNode patch) {
        boolean status = "status".equals(target.subresource());
        if (verb.equals("update")) {
            ObjectNode whole = status ? object : (ObjectNode) patch.deepCopy();
            JsonNode kept = status ? patch.get("status") : object.get("status");
            return kept == null || (!status && !target.table().kind().hasStatus()) ? whole : whole.set("status", kept);
        }
        if (verb.equals("apply")) {
            ObjectPatch.apply(object, patch);
            return object;
        }
        if (type.startsWith("application/json-patch")) {
            return ObjectPatch.operations(object, patch);
        }
        ObjectPatch.merge(object, patch);
        return object;
    }

    private static ObjectNode replace(GeneratedApiServer.Target target, ObjectNode old, ObjectNode changed) {
        ObjectNode metadata = (ObjectNode) changed.get("metadata");
        for (String field :
                List.of("uid", "creationTimestamp", "generation", "namespace", "name", "deletionTimestamp")) {
            JsonNode value = old.at("/metadata/" + field);
            if (!value.isMissingNode()) {
                metadata.set(field, value);
            }
        }
        metadata.set("resourceVersion", old.at("/metadata/resourceVersion"));
        if (!Objects.equals(old.get("spec"), changed.get("spec"))) {
            metadata.put("generation", old.at("/metadata/generation").asLong() + 1);
        }
        if (metadata.has("deletionTimestamp") && metadata.path("finalizers").isEmpty()) {
            target.table().remove(target.key());
            return changed;
        }
        return changed.equals(old) ? old : target.table().put(target.key(), changed);
    }

    ObjectNode delete(ServedTable table, String key) {
        synchronized (table) {
            ObjectNode object = table.get(key);
            if (object == null || object.at("/metadata").has("deletionTimestamp")) {
                return object;
            }
            if (object.at("/metadata/finalizers").isEmpty()) {
                table.remove(key);
                return object;
            }
            ((ObjectNode) object.get("metadata"))
                    .put("deletionTimestamp", clock.instant().toString());
            return table.put(key, object);
        }
    }
}
