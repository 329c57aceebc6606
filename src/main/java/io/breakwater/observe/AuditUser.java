package io.breakwater.observe;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The user who asked for an act.
 *
 * @param username empty when the user is not known
 * @param uid may be empty
 * @param groups those at the moment of the request
 */
public record AuditUser(String username, String uid, List<String> groups) {
    /** The user of an act that no object names a user for. */
    public static final AuditUser UNKNOWN = new AuditUser("", "", List.of());

    /** Copies the groups. */
    public AuditUser {
        groups = List.copyOf(groups);
    }

    /** Reads a UserInfo (authentication.k8s.io/v1). */
    public static AuditUser of(JsonNode userInfo) {
        List<String> groups = new ArrayList<>();
        userInfo.path("groups").forEach(group -> groups.add(group.asText()));
        return new AuditUser(
                userInfo.path("username").asText(""), userInfo.path("uid").asText(""), groups);
    }

    boolean isKnown() {
        return !username.isEmpty();
    }
}
