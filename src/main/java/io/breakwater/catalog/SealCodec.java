package io.breakwater.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.PointKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Signs and verifies {@code point.json}: HMAC-SHA256 over the document without its field {@code hmac}, in compact JSON with sorted
 * keys. The signature also covers fields that this version does not know.
 */
public final class SealCodec {
    private static final ObjectMapper JSON =
            BoundedJson.mapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
    private static final String FIELD = "hmac";

    private SealCodec() {}

    /** The signed document, in the form of the store. */
    static byte[] sign(PointDocument document, byte[] key) {
        ObjectNode tree = JSON.valueToTree(document);
        tree.put(FIELD, HexFormat.of().formatHex(hmac(tree, key)));
        return written(tree);
    }

    /** The form of the store. Copies and RestorePoints identify a seal by its bytes, so no other form of them is valid. */
    private static byte[] written(JsonNode tree) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a point document can always be written", e);
        }
    }

    /**
     * The document of a seal that was signed with this key.
     *
     * @throws BreakwaterException with reason Tampered, when it was not
     */
    static PointDocument verify(PointKey where, byte[] content, byte[] key) {
        try {
            ObjectNode tree = (ObjectNode) JSON.readTree(content);
            JsonNode given = tree.remove(FIELD);
            if (given == null || !MessageDigest.isEqual(HexFormat.of().parseHex(given.asText()), hmac(tree, key))) {
                throw tampered(where, "its signature does not match");
            }
            if (!Arrays.equals(content, written(tree.deepCopy().set(FIELD, given)))) {
                throw tampered(where, "it is not in the form that was signed");
            }
            return placed(where, JSON.treeToValue(tree, PointDocument.class));
        } catch (IOException | ClassCastException | IllegalArgumentException e) {
            throw tampered(where, "it is not a valid point document (" + e.getMessage() + ")");
        }
    }

    /** Id of the master key that a seal names; empty when it names none, or is not a valid seal. */
    static Optional<String> keyId(byte[] content) {
        return text(content, "keyId");
    }

    /**
     * The point that a seal names. It is not verified.
     *
     * @throws IllegalArgumentException when it is not a seal
     */
    static PointKey place(byte[] content) {
        try {
            PointDocument document = JSON.readValue(content, PointDocument.class);
            if (document != null && isComplete(document)) {
                return document.key();
            }
        } catch (IOException e) {
            // reported below
        }
        throw new IllegalArgumentException("the seal is not a valid point document");
    }

    /** Uid of the RestorePoint that a seal names; empty when it names none, or is not a valid seal. It is not verified. */
    static Optional<String> uid(byte[] content) {
        return text(content, "uid");
    }

    private static Optional<String> text(byte[] content, String field) {
        try {
            return Optional.ofNullable(JSON.readTree(content))
                    .map(tree -> tree.path(field).asText(null));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * The document of a seal that another master key vouches for.
     *
     * @throws BreakwaterException with reason Tampered, when it is not the seal of that point
     */
    static PointDocument vouched(PointKey where, byte[] content) {
        try {
            return placed(where, JSON.readValue(content, PointDocument.class));
        } catch (IOException e) {
            throw tampered(where, "it is not a valid point document (" + e.getMessage() + ")");
        }
    }

    private static PointDocument placed(PointKey where, PointDocument document) {
        if (document == null || !isComplete(document)) {
            throw tampered(where, "it lacks a part of the point");
        }
        if (!document.key().equals(where)) {
            throw tampered(where, "it is the seal of " + document.key());
        }
        document.illegalVolume().ifPresent(why -> {
            throw tampered(where, why);
        });
        return document;
    }

    private static boolean isComplete(PointDocument document) {
        boolean isNamed = Stream.of(document.point(), document.uid()).allMatch(Objects::nonNull)
                && CapturedNamespace.of(Stream.of(
                                        document.site(),
                                        document.namespace(),
                                        document.cluster(),
                                        document.namespaceUid())
                                .map(part -> part == null ? "" : part)
                                .toList())
                        .isPresent();
        return isNamed
                && Stream.of(document.volumes(), document.databases(), document.objects())
                        .allMatch(list -> list != null && list.stream().allMatch(Objects::nonNull));
    }

    static BreakwaterException tampered(PointKey where, String how) {
        return BreakwaterException.permanent(
                Reason.Tampered,
                "point " + where + " cannot be restored: " + where.sealKey() + ": " + how
                        + "; use another RestorePoint and check who can write to the location");
    }

    /** A document in the form that its signature covers. */
    static byte[] canonical(PointDocument document) {
        try {
            return JSON.writeValueAsBytes(sorted(JSON.valueToTree(document)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a point document can always be written", e);
        }
    }

    private static byte[] hmac(ObjectNode tree, byte[] key) {
        try {
            String canonical = JSON.writeValueAsString(sorted(tree));
            return Digests.hmac(key, canonical.getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a point document can always be written", e);
        }
    }

    private static Object sorted(JsonNode node) {
        if (node.isObject()) {
            TreeMap<String, Object> map = new TreeMap<>();
            node.properties().forEach(e -> map.put(e.getKey(), sorted(e.getValue())));
            return map;
        }
        if (node.isArray()) {
            return node.valueStream().map(SealCodec::sorted).toList();
        }
        return node;
    }
}
