package io.breakwater.trust;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Digests;
import io.fabric8.kubernetes.api.model.Namespace;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Signs and verifies the annotation {@value Api#ADOPT} of a Namespace. The stamp is the annotation {@value Api#ADOPT_STAMP}. Its
 * signature covers name and uid of the Namespace, the value of the annotation, and the user. So a value that the webhook did not
 * review has no effect, and neither has a stamp that a user copied from another Namespace.
 *
 * <p>The webhook does not see the uid of a Namespace that is being created. Its stamp is valid only for a Namespace that the API
 * server created at about the time of the stamp.
 */
public final class AdoptionStamps {
    private static final Duration CREATION = Duration.ofMinutes(5);
    private static final String USER = "username";
    private static final String TIME = "time";
    private static final String SIGNATURE = "signature";
    private static final int MAX_LENGTH = 4096;
    private static final ObjectMapper JSON = BoundedJson.mapper();

    private final StampKey key;

    AdoptionStamps(StampKey key) {
        this.key = key;
    }

    /** The value of the stamp for a Namespace as it is, with or without a uid. */
    public String stamp(Namespace namespace, String user, Instant now) {
        return JSON.createObjectNode()
                .put(USER, user)
                .put(TIME, now.toString())
                .put(SIGNATURE, signature(namespace, uid(namespace), user, now.toString()))
                .toString();
    }

    /** The histories that a Namespace adopts by its annotation; none when the annotation is absent, or its stamp is not valid. */
    List<AdoptedHistory> of(Namespace namespace) {
        return value(namespace)
                .filter(text -> isValid(namespace))
                .flatMap(AdoptedHistory::parse)
                .orElse(List.of());
    }

    /** Whether a Namespace has the annotation, but the webhook did not review it. */
    public boolean isUnchecked(Namespace namespace) {
        return value(namespace).isPresent() && !isValid(namespace);
    }

    private boolean isValid(Namespace namespace) {
        String stamp = annotation(namespace, Api.ADOPT_STAMP).orElse("");
        if (stamp.isEmpty() || stamp.length() > MAX_LENGTH) {
            return false;
        }
        try {
            JsonNode tree = JSON.readTree(stamp);
            String user = tree.path(USER).asText();
            String time = tree.path(TIME).asText();
            String given = tree.path(SIGNATURE).asText();
            return Digests.areEqual(given, signature(namespace, uid(namespace), user, time))
                    || Digests.areEqual(given, signature(namespace, "", user, time)) && isCreatedAt(namespace, time);
        } catch (JsonProcessingException | DateTimeException e) {
            return false;
        }
    }

    private static boolean isCreatedAt(Namespace namespace, String time) {
        String created = namespace.getMetadata().getCreationTimestamp();
        return created != null
                && Duration.between(Instant.parse(time), Instant.parse(created))
                                .abs()
                                .compareTo(CREATION)
                        <= 0;
    }

    private String signature(Namespace namespace, String uid, String user, String time) {
        StringBuilder text = new StringBuilder("adoption ");
        for (String part : List.of(
                namespace.getMetadata().getName(),
                uid,
                user,
                time,
                value(namespace).orElse(""))) {
            text.append(part.length()).append(':').append(part);
        }
        return Digests.hmacHex(key.bytes(), text.toString());
    }

    private static String uid(Namespace namespace) {
        String uid = namespace.getMetadata().getUid();
        return uid == null ? "" : uid;
    }

    private static Optional<String> value(Namespace namespace) {
        return annotation(namespace, Api.ADOPT);
    }

    private static Optional<String> annotation(Namespace namespace, String name) {
        Map<String, String> annotations = namespace.getMetadata().getAnnotations();
        return annotations == null ? Optional.empty() : Optional.ofNullable(annotations.get(name));
    }
}
