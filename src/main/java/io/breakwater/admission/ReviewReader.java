package io.breakwater.admission;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;

/**
 * Reads AdmissionReviews. The sender is not authenticated, so all sizes of a document have a limit. The limit for tokens
 * matters most: an empty object has two bytes in JSON, and about 80 in memory.
 */
final class ReviewReader {
    /** An update has the new and the stored object; etcd stores at most 1.5 MiB of each. */
    static final int LONGEST_BODY = 7 << 19;

    static final int MOST_TOKENS = 100_000;
    static final int DEEPEST = 200;
    private static final int LONGEST_NAME = 16 << 10;
    private static final int LONGEST_STRING = 2 << 20;

    /** The server closes the body, after it has read the rest. Names are neither interned nor cached, because the sender chooses them. */
    private final ObjectMapper json = new ObjectMapper(JsonFactory.builder()
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxDocumentLength(LONGEST_BODY)
                            .maxTokenCount(MOST_TOKENS)
                            .maxNestingDepth(DEEPEST)
                            .maxNameLength(LONGEST_NAME)
                            .maxStringLength(LONGEST_STRING)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /**
     * Reads one review; stops at the first byte above a limit.
     *
     * @throws IllegalArgumentException when the document is not a review, or exceeds a limit; the message contains no part of it
     * @throws IOException when the connection ends before the document does
     */
    AdmissionRequest read(InputStream body) throws IOException {
        try {
            return AdmissionRequest.of(json.readTree(body));
        } catch (StreamConstraintsException e) {
            throw new IllegalArgumentException(
                    "the AdmissionReview is too large: at most " + MOST_TOKENS + " JSON tokens, " + DEEPEST
                            + " levels, names of " + LONGEST_NAME + " and strings of " + LONGEST_STRING
                            + " characters are allowed",
                    e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "the body is not valid JSON: line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr(),
                    e);
        }
    }
}
