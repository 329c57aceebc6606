package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A question of the API server: the {@code request} of an AdmissionReview ({@code admission.k8s.io/v1}). Objects stay JSON
 * as they were sent, so that nothing we do not know gets lost.
 */
record AdmissionRequest(JsonNode request) {
    private static final String SERVICE_ACCOUNT = "system:serviceaccount:";

    /** @throws IllegalArgumentException when the document is no AdmissionReview with a request */
    static AdmissionRequest of(JsonNode document) {
        JsonNode request = document.path("request");
        if (!request.path("uid").isTextual()) {
            throw new IllegalArgumentException("the body is no AdmissionReview with a request");
        }
        return new AdmissionRequest(request);
    }

    String uid() {
        return request.path("uid").asText();
    }

    String kind() {
        return request.path("kind").path("kind").asText();
    }

    /** Kind, namespace and name, as log lines carry them. */
    String what() {
        return kind() + " " + namespace() + "/" + request.path("name").asText();
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

    /** The object as it would be stored; missing for a deletion. */
    JsonNode object() {
        return request.path("object");
    }

    /** The object as it is stored; missing for a creation. */
    JsonNode oldObject() {
        return request.path("oldObject");
    }

    /** Who asks, as the API server authenticated them. */
    JsonNode userInfo() {
        return request.path("userInfo");
    }

    String user() {
        return userInfo().path("username").asText();
    }

    /** Whether a ServiceAccount of this namespace asks. */
    boolean isFrom(String namespace) {
        return user().startsWith(SERVICE_ACCOUNT + namespace + ":");
    }
}
