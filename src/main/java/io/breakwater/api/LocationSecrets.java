package io.breakwater.api;

import io.fabric8.kubernetes.api.model.Secret;
import java.util.Map;
import java.util.Optional;

/**
 * Secrets that a location names. They carry a label, so that a user who may create locations, but may not read Secrets, cannot
 * send the values of any Secret of the namespace to a server.
 */
public final class LocationSecrets {
    private LocationSecrets() {}

    /** The reason why a location may not name this Secret; empty if it may. */
    public static Optional<String> objection(Secret secret) {
        Map<String, String> labels = secret.getMetadata().getLabels();
        if (labels != null && "true".equals(labels.get(Api.LOCATION_CREDENTIALS))) {
            return Optional.empty();
        }
        String name = secret.getMetadata().getName();
        String namespace = secret.getMetadata().getNamespace();
        return Optional.of("Secret " + namespace + "/" + name + " does not have the label " + Api.LOCATION_CREDENTIALS
                + "=true, so no location may use it; if it is meant for locations, run: kubectl label secret " + name
                + " -n " + namespace + " " + Api.LOCATION_CREDENTIALS + "=true");
    }
}
