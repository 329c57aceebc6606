package io.breakwater.trust;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Digests;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes and reads the stamp of an object: its author, signed with a key that only Breakwater can read. The stamp is the
 * annotation {@value Api#AUTHOR}: a UserInfo in JSON with the further field {@code signature}. The signature covers the author,
 * kind, namespace and name of the object, and the powers that the object asks for. So a stamp that a user wrote, or copied from
 * another object, is invalid. An object with a generated name is bound to the prefix of the name, since the API server
 * generates the name after admission.
 */
@ApplicationScoped
public class AuthorStamps {
    private static final String SIGNATURE = "signature";
    private static final String UNKNOWN = "{}";
    private static final int MAX_LENGTH = 64 * 1024;
    private static final ObjectMapper JSON = BoundedJson.mapper();

    private final StampKey key;

    AuthorStamps(StampKey key) {
        this.key = key;
    }

    /**
     * The value of the annotation.
     *
     * @param powers what the author must have rights for, such as the spec; null values do not count
     */
    public String stamp(Author author, HasMetadata object, Object powers) {
        ObjectNode stamp = author.userInfo();
        stamp.put(SIGNATURE, signature(author, object, name(object.getMetadata()), powers));
        return stamp.toString();
    }

    /** The value of the annotation for an object with {@link AuthorPowers}. */
    public String stamp(Author author, HasMetadata object) {
        return stamp(author, object, AuthorPowers.of(object));
    }

    /** The author of an object with {@link AuthorPowers}; empty when the stamp is missing or not valid. */
    public Optional<Author> author(HasMetadata object) {
        return read(object, AuthorPowers.of(object));
    }

    /**
     * Makes the author of an object also the author of another one that Breakwater creates from it. If the author is not known,
     * the other one gets an invalid stamp: it must not become the work of the operator. The powers of the other object must contain
     * the defaults that the API server would set, since the stamp is made before.
     */
    public void handOn(HasMetadata from, HasMetadata to) {
        Optional<Author> author = author(from);
        annotate(to, author.isPresent() ? stamp(author.get(), to) : UNKNOWN);
    }

    /** Makes a user the author of an object that Breakwater is about to create. */
    public void sign(Author author, HasMetadata object) {
        annotate(object, stamp(author, object));
    }

    private static void annotate(HasMetadata object, String value) {
        Map<String, String> annotations = object.getMetadata().getAnnotations();
        Map<String, String> all = annotations == null ? new HashMap<>() : new HashMap<>(annotations);
        all.put(Api.AUTHOR, value);
        object.getMetadata().setAnnotations(all);
    }

    /** Whether two objects of a kind have the same powers. */
    public static boolean haveSamePowers(HasMetadata one, HasMetadata other) {
        return canonical(AuthorPowers.of(one)).equals(canonical(AuthorPowers.of(other)));
    }

    /** The author of an object; empty when the stamp is missing, or is not valid for this object with these powers. */
    public Optional<Author> read(HasMetadata object, Object powers) {
        Map<String, String> annotations = object.getMetadata().getAnnotations();
        String value = annotations == null ? null : annotations.get(Api.AUTHOR);
        if (value == null || value.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        try {
            JsonNode stamp = JSON.readTree(value);
            Author author = Author.of(stamp);
            String given = stamp.path(SIGNATURE).asText("");
            return names(object.getMetadata()).stream()
                            .anyMatch(name -> Digests.areEqual(given, signature(author, object, name, powers)))
                    ? Optional.of(author)
                    : Optional.empty();
        } catch (JsonProcessingException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The stamps of adoptions, with the same key. */
    public AdoptionStamps adoptions() {
        return new AdoptionStamps(key);
    }

    /** A code of 32 hexadecimal digits that authenticates a text. */
    public String code(String text) {
        return Digests.hmacHex(key.bytes(), "code " + text).substring(0, 32);
    }

    private static List<String> names(ObjectMeta meta) {
        String prefix = meta.getGenerateName();
        boolean generated = prefix != null
                && !prefix.isEmpty()
                && meta.getName() != null
                && meta.getName().startsWith(prefix);
        return generated ? List.of(name(meta), prefix + "*") : List.of(name(meta));
    }

    /** The name, or the prefix of a name that the API server has yet to generate. */
    private static String name(ObjectMeta meta) {
        return meta.getName() == null || meta.getName().isEmpty() ? meta.getGenerateName() + "*" : meta.getName();
    }

    private String signature(Author author, HasMetadata object, String name, Object powers) {
        StringBuilder text = new StringBuilder();
        for (String part : List.of(
                object.getKind(),
                String.valueOf(object.getMetadata().getNamespace()),
                name,
                author.userInfo().toString(),
                canonical(powers))) {
            text.append(part.length()).append(':').append(part);
        }
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Digests.hmac(key.bytes(), text.toString().getBytes(StandardCharsets.UTF_8)));
    }

    /** JSON with sorted fields and without null and empty values, so that a new field of the API does not end a stamp. */
    static String canonical(Object powers) {
        return sorted(JSON.valueToTree(powers)).toString();
    }

    private static JsonNode sorted(JsonNode node) {
        if (node.isObject()) {
            ObjectNode fields = JSON.createObjectNode();
            node.properties().stream().sorted(Map.Entry.comparingByKey()).forEach(e -> {
                JsonNode value = sorted(e.getValue());
                if (!value.isNull() && !(value.isContainerNode() && value.isEmpty())) {
                    fields.set(e.getKey(), value);
                }
            });
            return fields;
        }
        if (node.isArray()) {
            ArrayNode items = JSON.createArrayNode();
            node.forEach(item -> items.add(sorted(item)));
            return items;
        }
        return node;
    }
}
