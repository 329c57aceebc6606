package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The Secrets that a cluster creates for a ServiceAccount and adds to it: tokens, and on OpenShift credentials of the internal
 * registry. Those of the captured cluster are not valid elsewhere, and OpenShift creates none for an account that has some.
 */
final class AccountSecrets {
    /** Names the credentials that OpenShift created. */
    private static final String REFERENCE = "openshift.io/internal-registry-pull-secret-ref";

    private static final List<String> FIELDS = List.of("secrets", "imagePullSecrets");

    private AccountSecrets() {}

    /** Removes them from an account. */
    static void remove(ObjectNode account) {
        String name = account.path("metadata").path("name").asText();
        for (String field : FIELDS) {
            if (account.path(field) instanceof ArrayNode secrets) {
                for (Iterator<JsonNode> i = secrets.iterator(); i.hasNext(); ) {
                    if (isGenerated(name, i.next())) {
                        i.remove();
                    }
                }
                if (secrets.isEmpty()) {
                    account.remove(field);
                }
            }
        }
        if (account.path("metadata").path("annotations") instanceof ObjectNode annotations) {
            annotations.remove(REFERENCE);
            if (annotations.isEmpty()) {
                ((ObjectNode) account.path("metadata")).remove("annotations");
            }
        }
    }

    /** Adds those of the existing account to the one that replaces it. */
    static void addExisting(JsonNode live, ObjectNode wanted) {
        String name = wanted.path("metadata").path("name").asText();
        for (JsonNode secret : live.path("imagePullSecrets")) {
            if (isGenerated(name, secret)) {
                wanted.withArrayProperty("imagePullSecrets").add(secret);
            }
        }
        JsonNode reference = live.path("metadata").path("annotations").path(REFERENCE);
        if (reference.isTextual()) {
            wanted.withObjectProperty("metadata")
                    .withObjectProperty("annotations")
                    .set(REFERENCE, reference);
        }
    }

    private static boolean isGenerated(String account, JsonNode secret) {
        String name = secret.path("name").asText();
        return name.startsWith(account + "-token-")
                || name.matches(Pattern.quote(account + "-dockercfg-") + "[a-z0-9]{5}");
    }
}
