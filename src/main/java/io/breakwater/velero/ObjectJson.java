package io.breakwater.velero;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Optional;

/**
 * Parses objects of an archive or a backup, whose content anyone may have written. A tree needs up to 60 bytes for each
 * byte of the text, so its size is limited by the number of its tokens.
 */
public final class ObjectJson {
    /** Bytes of one object. The API server accepts no larger request. */
    public static final int MAX_BYTES = 3 << 20;

    /** Tokens of one object. An object of etcd's default limit, 1.5 MiB, has fewer. */
    private static final int MAX_TOKENS = 1_000_000;

    /** Levels of one object. The lists of a capture are read with the same limit. */
    private static final int MAX_DEPTH = StreamReadConstraints.DEFAULT_MAX_DEPTH;

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

    /**
     * Parses an object.
     *
     * @throws StreamConstraintsException if it exceeds a limit; its original message can be shown
     * @throws IOException if it is not valid JSON
     */
    public static JsonNode parse(byte[] json) throws IOException {
        requireSize(json);
        return JSON.readTree(json);
    }

    /** The limit that an object exceeds, so that {@link #parse} would refuse it. */
    public static Optional<String> exceeded(byte[] json) {
        try {
            requireSize(json);
            readTokens(json);
            return Optional.empty();
        } catch (StreamConstraintsException e) {
            return Optional.of(e.getOriginalMessage());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static void requireSize(byte[] json) throws StreamConstraintsException {
        if (json.length > MAX_BYTES) {
            throw new StreamConstraintsException(
                    "it has " + json.length + " bytes, and the API server accepts at most " + MAX_BYTES);
        }
    }

    private static void readTokens(byte[] json) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            while (parser.nextToken() != null) {
                // until the end, or a limit
            }
        }
    }
}
