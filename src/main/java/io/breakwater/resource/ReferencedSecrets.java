package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The Secrets of a namespace that its BackupLocations name: credentials of stores, master keys, public keys of escrow. They open
 * the points themselves, so they are in no archive, and no restore writes them. Every field whose name ends with {@code SecretRef}
 * counts.
 */
public final class ReferencedSecrets {
    private static final String REFERENCE = "SecretRef";
    private static final int NOT_FOUND = 404;

    private final Set<String> names;

    private ReferencedSecrets(Set<String> names) {
        this.names = names;
    }

    /**
     * Lists the locations of a namespace.
     *
     * @throws BreakwaterException ResourcesFailed, when they cannot be listed
     */
    public static ReferencedSecrets of(ApiServer server, String namespace) {
        Set<String> names = new TreeSet<>();
        String path = "/apis/" + Api.GROUP + "/" + Api.VERSION + "/namespaces/" + ApiKind.encoded(namespace)
                + "/backuplocations";
        try {
            new PagedList(server, PagedList.OBJECTS).each(path, "", location -> collect(location.path("spec"), names));
        } catch (ApiServer.Refused e) {
            if (e.answer().code() != NOT_FOUND) {
                throw BreakwaterException.retryable(
                        Reason.ResourcesFailed,
                        "BackupLocations of namespace " + namespace
                                + " cannot be listed, so their Secrets are unknown: " + e.getMessage(),
                        e);
            }
        }
        return new ReferencedSecrets(names);
    }

    /** Whether an object is one of these Secrets. */
    public boolean has(ApiKind kind, String name) {
        return kind.qualified().equals("secrets") && names.contains(name);
    }

    private static void collect(JsonNode node, Set<String> names) {
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (field.getKey().endsWith(REFERENCE)) {
                names.add(field.getValue().path("name").asText());
            }
            collect(field.getValue(), names);
        }
    }
}
