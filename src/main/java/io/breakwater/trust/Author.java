package io.breakwater.trust;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The user who asks for some work, as the API server identified the user in a request (authentication.k8s.io/v1 UserInfo).
 * The groups are those at the moment of that request.
 *
 * @param username never empty
 * @param uid may be empty
 * @param groups in the order of the request
 * @param extra further attributes, sorted by name
 */
public record Author(String username, String uid, List<String> groups, Map<String, List<String>> extra) {
    /** Copies the collections, so that an author never changes. */
    public Author {
        groups = List.copyOf(groups);
        extra = Map.copyOf(extra);
    }

    /**
     * Reads the JSON form of a UserInfo.
     *
     * @throws IllegalArgumentException when there is no user name
     */
    public static Author of(JsonNode userInfo) {
        String username = userInfo.path("username").asText("");
        if (username.isEmpty()) {
            throw new IllegalArgumentException("the user has no name");
        }
        Map<String, List<String>> extra = new TreeMap<>();
        userInfo.path("extra").properties().forEach(e -> extra.put(e.getKey(), texts(e.getValue())));
        return new Author(username, userInfo.path("uid").asText(""), texts(userInfo.path("groups")), extra);
    }

    /** The JSON form of a UserInfo, in a fixed order of the fields. */
    public ObjectNode userInfo() {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("username", username);
        if (!uid.isEmpty()) {
            json.put("uid", uid);
        }
        groups.forEach(json.putArray("groups")::add);
        if (!extra.isEmpty()) {
            ObjectNode all = json.putObject("extra");
            new TreeMap<>(extra).forEach((name, values) -> {
                ArrayNode array = all.putArray(name);
                values.forEach(array::add);
            });
        }
        return json;
    }

    private static List<String> texts(JsonNode array) {
        List<String> all = new ArrayList<>();
        array.forEach(t -> all.add(t.asText()));
        return all;
    }
}
