package io.breakwater.admission;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;

/** AdmissionReviews as the API server sends them, from objects in YAML. */
final class Reviews {
    static final String OPERATOR = "system:serviceaccount:breakwater-system:breakwater-operator";
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final ObjectMapper JSON = new ObjectMapper();

    private Reviews() {}

    static AdmissionRequest create(String user, String yaml) {
        return AdmissionRequest.of(document("CREATE", user, yaml(yaml), null));
    }

    static AdmissionRequest update(String user, String before, String after) {
        return AdmissionRequest.of(document("UPDATE", user, yaml(after), yaml(before)));
    }

    static AdmissionRequest delete(String user, String yaml) {
        return AdmissionRequest.of(document("DELETE", user, null, yaml(yaml)));
    }

    static ObjectNode document(String operation, String user, JsonNode object, JsonNode before) {
        ObjectNode document = JSON.createObjectNode();
        document.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
        ObjectNode request = document.putObject("request");
        request.put("uid", "705ab4f5-6393-11e8-b7cc-42010a800002").put("operation", operation);
        JsonNode named = object == null ? before : object;
        request.putObject("kind").put("kind", named.path("kind").asText());
        request.put("namespace", named.at("/metadata/namespace").asText());
        request.put("name", named.at("/metadata/name").asText());
        request.putObject("userInfo").put("username", user).putArray("groups").add("system:authenticated");
        request.set("object", object);
        request.set("oldObject", before);
        return document;
    }

    static JsonNode yaml(String yaml) {
        try {
            return YAML.readTree(yaml);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The object as the API server would store it. The JSON patch of the client library applies the patch. */
    static JsonNode patched(AdmissionRequest request, AdmissionResponse response) {
        try {
            String patch = response.document("u").at("/response/patch").asText("");
            if (patch.isEmpty()) {
                return request.object();
            }
            JsonNode steps = JSON.readTree(Base64.getDecoder().decode(patch));
            return io.fabric8.zjsonpatch.JsonPatch.apply(steps, request.object());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
