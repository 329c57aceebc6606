package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;

/**
 * Writes down who made a Restore, since a restore never does what its author could not. The API server's word counts, not
 * the client's; what was written at creation stays.
 */
final class AuthorStamp {
    private static final String ANNOTATIONS = "/metadata/annotations";

    private AuthorStamp() {}

    static AdmissionResponse review(AdmissionRequest review) {
        String author = review.isCreate()
                ? review.userInfo().toString()
                : author(review.oldObject()).asText(null);
        if (author == null) {
            return author(review.object()).isMissingNode()
                    ? AdmissionResponse.allow()
                    : AdmissionResponse.refuse("metadata.annotations: " + Api.AUTHOR
                            + " is written when a Restore is created, and not later; create another Restore");
        }
        return AdmissionResponse.patch(new JsonPatch(review.object())
                .put(ANNOTATIONS, Api.AUTHOR, author)
                .steps());
    }

    private static JsonNode author(JsonNode object) {
        return object.at(ANNOTATIONS).path(Api.AUTHOR);
    }
}
