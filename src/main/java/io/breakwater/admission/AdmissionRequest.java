package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.config.OwnAccounts;

/**
 * A request of the API server: the {@code request} of an AdmissionReview ({@code admission.k8s.io/v1}). Objects stay JSON as
 * they were sent, so that unknown fields are preserved.
 */
record AdmissionRequest(JsonNode request) {
    private static final int LONGEST_UID = 128;

    /** @throws IllegalArgumentException when the document is not an AdmissionReview with a request */
    static AdmissionRequest of(JsonNode document) {
        JsonNode request = document.path("request");
        JsonNode uid = request.path("uid");
        if (!uid.isTextual() || uid.textValue().length() > LONGEST_UID) {
            throw new IllegalArgumentException("the body is not an AdmissionReview with a request");
        }
        return new AdmissionRequest(request);
    }

    String uid() {
        return request.path("uid").asText();
    }

    String kind() {
        return request.path("kind").path("kind").asText();
    }

    /** Kind, namespace and name, for log lines. */
    String target() {
        return kind() + " " + namespace() + "/" + name();
    }

    /** The name of the object; empty while the API server has not generated it. */
    String name() {
        String name = request.path("name").asText();
        return name.isEmpty() ? object().at("/metadata/name").asText() : name;
    }

    /** Whether the API server stores nothing. */
    boolean isDryRun() {
        return request.path("dryRun").asBoolean();
    }

    /** The object with all that the API server has set: the new one, or the stored one of a deletion. */
    JsonNode stored() {
        return isDelete() ? oldObject() : object();
    }

    String namespace() {
        return request.path("namespace").asText();
    }

    boolean isCreate() {
        return "CREATE".equals(request.path("operation").asText());
    }

    boolean isDelete() {
        return "DELETE".equals(request.path("operation").asText());
    }

    /** The new object; missing for a deletion. */
    JsonNode object() {
        return request.path("object");
    }

    /** The stored object; missing for a creation. */
    JsonNode oldObject() {
        return request.path("oldObject");
    }

    /** The user, as the API server has authenticated them. */
    JsonNode userInfo() {
        return request.path("userInfo");
    }

    String user() {
        return userInfo().path("username").asText();
    }

    /** Whether the user is an account of Breakwater that writes objects, in the namespace of the installation. */
    boolean isFrom(String namespace) {
        return OwnAccounts.of(namespace).contains(user());
    }
}
