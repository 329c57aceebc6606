package io.breakwater.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * The JSON parser for small documents that someone else may have written: in a store, in an annotation, in the log of a pod, in a
 * request. A document over a limit is refused like one that is not JSON.
 */
public final class BoundedJson {
    /** Characters of a document. A tombstone contains a whole seal. */
    private static final int LONGEST = 2 << 20;

    /** Values and separators. A seal has about 20 for each volume. */
    private static final int MOST_TOKENS = 200_000;

    private static final int DEEPEST = 100;
    private static final int LONGEST_NAME = 4096;
    private static final int LONGEST_NUMBER = 100;

    private BoundedJson() {}

    /** A new parser. Names are neither interned nor cached, because a stranger chooses them. */
    public static ObjectMapper mapper() {
        return new ObjectMapper(JsonFactory.builder()
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxDocumentLength(LONGEST)
                        .maxStringLength(LONGEST)
                        .maxTokenCount(MOST_TOKENS)
                        .maxNestingDepth(DEEPEST)
                        .maxNameLength(LONGEST_NAME)
                        .maxNumberLength(LONGEST_NUMBER)
                        .build())
                .build());
    }
}
