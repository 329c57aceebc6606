package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How roles and security constraints name the ServiceAccounts of a namespace: one account as a subject or as a user, and all of them
 * as a group.
 */
public final class AccountNames {
    private static final String GROUP = "system:serviceaccounts:";
    private static final String USER = "system:serviceaccount:";

    private AccountNames() {}

    /** Whether a subject of a binding is an account of the namespace, its user, or the group of all its accounts. */
    public static boolean isOf(JsonNode subject, String namespace) {
        String name = subject.path("name").asText();
        return switch (subject.path("kind").asText()) {
            case "ServiceAccount" -> subject.path("namespace").asText().equals(namespace);
            case "User", "Group" -> isOf(name, namespace);
            default -> false;
        };
    }

    /** The name of a user or group; if it is of accounts of the source namespace, that of the target namespace. */
    public static String moved(String name, String source, String target) {
        if (!isOf(name, source)) {
            return name;
        }
        String prefix = name.startsWith(GROUP) ? GROUP : USER;
        return prefix + target + name.substring((prefix + source).length());
    }

    private static boolean isOf(String name, String namespace) {
        return name.equals(GROUP + namespace) || name.startsWith(USER + namespace + ":");
    }
}
