package io.breakwater.resource.capture;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** The values of a Secret, and the annotations that repeat them. */
final class SecretValues {
    /** The applied configuration contains the values that {@code kubectl apply} was given. */
    private static final String APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

    private SecretValues() {}

    /** The Secret without its values; changes the object. */
    static ObjectNode without(ObjectNode secret) {
        secret.remove(List.of("data", "stringData"));
        if (secret.path("metadata").path("annotations") instanceof ObjectNode annotations) {
            annotations.remove(APPLIED);
        }
        return secret;
    }
}
