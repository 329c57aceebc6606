package io.breakwater.velero;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;

/**
 * Parses objects of an archive or a backup, whose content anyone may have written. A tree needs up to 60 bytes for each
 * byte of the text, so its size is limited by the number of its tokens.
 */
public final class ObjectJson {
    /** Bytes of one object. The API server accepts no larger request. */
    public static final int MAX_BYTES = 3 << 20;

    /** Tokens of one object. An object of etcd's default limit, 1.5 MiB, has fewer. */
    private static final int MAX_TOKENS = 1_000_000;

    private static final int MAX_DEPTH = 500;

    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxDocumentLength(MAX_BYTES)
                    .maxTokenCount(MAX_TOKENS)
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_BYTES)
                    .build())
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build());

    private ObjectJson() {}

    /** @throws IOException if it is not valid JSON, or is too large or too deep; its message can be shown */
    public static JsonNode parse(byte[] json) throws IOException {
        return JSON.readTree(json);
    }
}
