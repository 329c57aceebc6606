package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * The Secrets of a namespace that its BackupLocations name: credentials of stores, master keys, public keys of escrow. They open
 * the points themselves, so they are in no archive, and no restore writes them. Every field whose name ends with {@code SecretRef}
 * counts.
 */
public final class ReferencedSecrets {
    private static final String REFERENCE = "SecretRef";
    private static final String PLURAL = "backuplocations";
    private static final String LOCATIONS = PLURAL + "." + Api.GROUP;
    private static final int NOT_FOUND = 404;

    private final Set<String> names = new ConcurrentSkipListSet<>();

    /** No Secrets yet, for a caller that lists all locations of the namespace itself and gives each to {@link #add}. */
    public ReferencedSecrets() {}

    /**
     * Lists the locations of a namespace.
     *
     * @throws BreakwaterException ResourcesFailed, when they cannot be listed
     */
    public static ReferencedSecrets of(ApiServer server, String namespace) {
        ReferencedSecrets secrets = new ReferencedSecrets();
        secrets.read(server, namespace);
        return secrets;
    }

    /** Whether the objects of a kind are locations. */
    public static boolean areNamedBy(ApiKind kind) {
        return kind.qualified().equals(LOCATIONS);
    }

    /** Adds the Secrets that a location names. */
    public void add(JsonNode location) {
        collect(location.path("spec"), names);
    }

    /**
     * Lists the locations of a namespace, and adds the Secrets that they name.
     *
     * @throws BreakwaterException ResourcesFailed, when they cannot be listed
     */
    public void read(ApiServer server, String namespace) {
        String path =
                "/apis/" + Api.GROUP + "/" + Api.VERSION + "/namespaces/" + ApiKind.encoded(namespace) + "/" + PLURAL;
        try {
            new PagedList(server, PagedList.OBJECTS).each(path, "", this::add);
        } catch (ApiServer.Refused e) {
            if (e.answer().code() != NOT_FOUND) {
                throw BreakwaterException.retryable(
                        Reason.ResourcesFailed,
                        "BackupLocations of namespace " + namespace
                                + " cannot be listed, so their Secrets are unknown: " + e.getMessage(),
                        e);
            }
        }
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
