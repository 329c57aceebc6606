package io.breakwater.gateway;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Asks the API server whose a ServiceAccount token is. A good answer counts for a minute, by the token's hash: a mover sends
 * thousands of requests.
 */
@ApplicationScoped
class TokenReviewer {
    static final String AUDIENCE = "breakwater-gateway";

    private static final Duration FRESH = Duration.ofSeconds(60);
    private static final int MOST = 10_000;

    private record Known(String user, long at) {}

    private final KubernetesClient client;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    TokenReviewer(KubernetesClient client) {
        this.client = client;
    }

    /** User name of the token's owner; empty when the token is not good for us. */
    Optional<String> user(String token) {
        String hash = hash(token);
        Known last = known.get(hash);
        if (last != null && System.nanoTime() - last.at < FRESH.toNanos()) {
            return Optional.of(last.user);
        }
        Optional<String> user = ask(token);
        if (known.size() > MOST) {
            known.clear();
        }
        user.ifPresentOrElse(u -> known.put(hash, new Known(u, System.nanoTime())), () -> known.remove(hash));
        return user;
    }

    private Optional<String> ask(String token) {
        TokenReview review = client.authentication()
                .v1()
                .tokenReviews()
                .create(new TokenReviewBuilder()
                        .withNewSpec()
                        .withToken(token)
                        .withAudiences(AUDIENCE)
                        .endSpec()
                        .build());
        TokenReviewStatus status = review.getStatus();
        boolean good = Boolean.TRUE.equals(status.getAuthenticated())
                && status.getAudiences() != null
                && status.getAudiences().contains(AUDIENCE);
        return good ? Optional.of(status.getUser().getUsername()) : Optional.empty();
    }

    private static String hash(String token) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha.digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
