package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;

/**
 * Records the author of a Restore, since a restore has only the permissions of its author. The author comes from the API server
 * and not from the client. The record of the creation is never changed.
 */
final class AuthorStamp {
    private static final String ANNOTATIONS = "/metadata/annotations";

    private AuthorStamp() {}

    static AdmissionResponse review(AdmissionRequest request) {
        String author = request.isCreate()
                ? request.userInfo().toString()
                : author(request.oldObject()).asText(null);
        if (author == null) {
            return author(request.object()).isMissingNode()
                    ? AdmissionResponse.allow()
                    : AdmissionResponse.refuse("metadata.annotations: " + Api.AUTHOR
                            + " is set when a Restore is created and cannot be added later; create another Restore");
        }
        return AdmissionResponse.patch(new JsonPatch(request.object())
                .put(ANNOTATIONS, Api.AUTHOR, author)
                .steps());
    }

    private static JsonNode author(JsonNode object) {
        return object.at(ANNOTATIONS).path(Api.AUTHOR);
    }
}
