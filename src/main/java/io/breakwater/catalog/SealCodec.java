package io.breakwater.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs and checks {@code point.json}: HMAC-SHA-256 over the document without its field {@code hmac}, in compact JSON with
 * sorted keys, so that fields which this version does not know stay covered.
 */
public final class SealCodec {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();
    private static final String FIELD = "hmac";

    private SealCodec() {}

    /** The signed document, as it goes to the store. */
    static byte[] sign(PointDocument document, byte[] key) {
        ObjectNode tree = JSON.valueToTree(document);
        tree.put(FIELD, HexFormat.of().formatHex(hmac(tree, key)));
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a point document can always be written", e);
        }
    }

    /**
     * The document, if it is what the holder of the key signed.
     *
     * @throws BreakwaterException with reason Tampered otherwise
     */
    static PointDocument verify(PointKey where, byte[] content, byte[] key) {
        try {
            ObjectNode tree = (ObjectNode) JSON.readTree(content);
            JsonNode given = tree.remove(FIELD);
            if (given == null || !MessageDigest.isEqual(HexFormat.of().parseHex(given.asText()), hmac(tree, key))) {
                throw tampered(where, "its signature does not match");
            }
            return placed(where, JSON.treeToValue(tree, PointDocument.class));
        } catch (IOException | ClassCastException | IllegalArgumentException e) {
            throw tampered(where, "it is not a point document (" + e.getMessage() + ")");
        }
    }

    /** Which master key a seal says that it was signed with; empty when it does not say, or is none. */
    static Optional<String> keyId(byte[] content) {
        try {
            return Optional.ofNullable(JSON.readTree(content))
                    .map(tree -> tree.path("keyId").asText(null));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * The document of a seal that somebody else vouches for.
     *
     * @throws BreakwaterException with reason Tampered, when it is not the seal of that point
     */
    static PointDocument vouched(PointKey where, byte[] content) {
        try {
            return placed(where, JSON.readValue(content, PointDocument.class));
        } catch (IOException e) {
            throw tampered(where, "it is not a point document (" + e.getMessage() + ")");
        }
    }

    private static PointDocument placed(PointKey where, PointDocument document) {
        if (!document.key().equals(where)) {
            throw tampered(where, "it is the seal of " + document.key());
        }
        return document;
    }

    static BreakwaterException tampered(PointKey where, String how) {
        return BreakwaterException.permanent(
                Reason.Tampered,
                "point " + where + " must not be restored: " + where.sealKey() + ": " + how
                        + "; use another RestorePoint and find out who can write to the location");
    }

    /** SHA-256 in lower-case hexadecimal. */
    public static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A document in the one form that its signature is over. */
    static byte[] canonical(PointDocument document) {
        try {
            return JSON.writeValueAsBytes(sorted(JSON.valueToTree(document)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a point document can always be written", e);
        }
    }

    private static byte[] hmac(ObjectNode tree, byte[] key) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            String canonical = JSON.writeValueAsString(sorted(tree));
            return mac.doFinal(canonical.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException | JsonProcessingException e) {
            throw new IllegalStateException(e);
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
