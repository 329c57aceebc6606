package io.breakwater.fleet;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** The answers of the generated API server about its kinds. */
final class ServedDiscovery {
    private ServedDiscovery() {}

    /**
     * The answer for a path.
     *
     * @param core whether the path is below {@code /api}, not below {@code /apis}
     */
    static ObjectNode answer(boolean core, List<String> parts) {
        if (core && parts.size() == 1) {
            return GeneratedApiServer.object("{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}");
        }
        if (parts.size() == 1) {
            return groups();
        }
        String apiVersion = String.join("/", parts.subList(1, parts.size()));
        ObjectNode list = GeneratedApiServer.object("{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\"}")
                .put("groupVersion", apiVersion);
        ArrayNode resources = list.putArray("resources");
        ServedKind.ALL.stream()
                .filter(kind ->
                        kind.apiVersion().equals(apiVersion) || kind.group().equals(apiVersion))
                .sorted(Comparator.comparing(ServedKind::plural))
                .forEach(kind -> describe(kind, resources));
        if (resources.isEmpty()) {
            throw new GeneratedApiServer.Refusal(404, "NotFound", "there is no group " + apiVersion);
        }
        return list;
    }

    private static void describe(ServedKind kind, ArrayNode resources) {
        ObjectNode resource = resources
                .addObject()
                .put("name", kind.plural())
                .put("singularName", kind.kind().toLowerCase(Locale.ROOT))
                .put("kind", kind.kind())
                .put("namespaced", kind.namespaced());
        List.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
                .forEach(resource.putArray("verbs")::add);
        if (kind.hasStatus()) {
            resources
                    .addObject()
                    .put("name", kind.plural() + "/status")
                    .put("singularName", "")
                    .put("kind", kind.kind())
                    .put("namespaced", kind.namespaced())
                    .putArray("verbs")
                    .add("get")
                    .add("patch")
                    .add("update");
        }
    }

    private static ObjectNode groups() {
        ObjectNode list = GeneratedApiServer.object("{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\"}");
        ArrayNode groups = list.putArray("groups");
        ServedKind.ALL.stream()
                .filter(kind -> !kind.group().isEmpty())
                .map(kind -> List.of(kind.group(), kind.version(), kind.apiVersion()))
                .distinct()
                .forEach(names -> {
                    ObjectNode group = groups.addObject().put("name", names.get(0));
                    group.putArray("versions")
                            .addObject()
                            .put("groupVersion", names.get(2))
                            .put("version", names.get(1));
                    group.putObject("preferredVersion")
                            .put("groupVersion", names.get(2))
                            .put("version", names.get(1));
                });
        return list;
    }
}
