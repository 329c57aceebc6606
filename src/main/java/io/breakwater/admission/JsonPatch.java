package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;

/** Builds a JSON patch (RFC 6902) for one object. */
final class JsonPatch {
    private final JsonNode object;
    private final ArrayNode steps = BoundedJson.mapper().createArrayNode();

    JsonPatch(JsonNode object) {
        this.object = object;
    }

    /** Sets an entry of a map such as labels; creates the map if it is missing. */
    JsonPatch put(String pointer, String key, String value) {
        JsonNode map = object.at(pointer);
        if (!map.isObject()) {
            add(pointer).putObject("value").put(key, value);
        } else if (!value.equals(map.path(key).asText(null))) {
            add(pointer + "/" + escape(key)).put("value", value);
        }
        return this;
    }

    /** Removes an entry of a map, if it exists. */
    JsonPatch remove(String pointer, String key) {
        if (object.at(pointer).has(key)) {
            steps.addObject().put("op", "remove").put("path", pointer + "/" + escape(key));
        }
        return this;
    }

    /** Appends an object with one field to a list; creates the list if it is missing. */
    JsonPatch append(String pointer, String field, String value) {
        if (object.at(pointer).isArray()) {
            add(pointer + "/-").putObject("value").put(field, value);
        } else {
            add(pointer).putArray("value").addObject().put(field, value);
        }
        return this;
    }

    ArrayNode steps() {
        return steps;
    }

    private ObjectNode add(String path) {
        return steps.addObject().put("op", "add").put("path", path);
    }

    private static String escape(String key) {
        return key.replace("~", "~0").replace("/", "~1");
    }
}
