package io.breakwater.admission;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Texts;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * The answer to a request: refused with a message, or allowed, with warnings that kubectl prints and changes as a JSON patch
 * (RFC 6902).
 *
 * @param refusal cause of the refusal; null when allowed
 */
record AdmissionResponse(String refusal, List<String> warnings, ArrayNode patch) {
    /** The reason in the answer to a refused request, as in metav1.Status. */
    static final String REASON = "Forbidden";

    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** The API server shortens longer warnings. */
    private static final int LONGEST_WARNING = 250;

    static AdmissionResponse allow() {
        return new AdmissionResponse(null, List.of(), JSON.createArrayNode());
    }

    static AdmissionResponse warn(List<String> warnings) {
        return new AdmissionResponse(null, List.copyOf(warnings), JSON.createArrayNode());
    }

    static AdmissionResponse patch(ArrayNode patch) {
        return new AdmissionResponse(null, List.of(), patch);
    }

    static AdmissionResponse refuse(String message) {
        return new AdmissionResponse(message, List.of(), JSON.createArrayNode());
    }

    boolean isAllowed() {
        return refusal == null;
    }

    /** The AdmissionReview to send back. */
    ObjectNode document(String uid) {
        ObjectNode document = JSON.createObjectNode();
        document.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
        ObjectNode response = document.putObject("response");
        response.put("uid", uid).put("allowed", isAllowed());
        if (!isAllowed()) {
            response.putObject("status").put("code", 403).put("reason", REASON).put("message", refusal);
        }
        if (!warnings.isEmpty()) {
            ArrayNode array = response.putArray("warnings");
            warnings.forEach(warning -> array.add(Texts.cut(warning, LONGEST_WARNING)));
        }
        if (!patch.isEmpty()) {
            byte[] bytes = patch.toString().getBytes(StandardCharsets.UTF_8);
            response.put("patchType", "JSONPatch")
                    .put("patch", Base64.getEncoder().encodeToString(bytes));
        }
        return document;
    }
}
