package io.breakwater.gateway;

import io.breakwater.api.Digests;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Optional;

/**
 * Asks the API server for the owner of a ServiceAccount token. A positive answer is valid for a minute, by the hash of the
 * token, since a mover sends thousands of requests.
 */
@ApplicationScoped
class TokenReviewer {
    static final String AUDIENCE = "breakwater-gateway";

    private static final Duration FRESH = Duration.ofSeconds(60);
    private static final int TOKENS = 10_000;

    private final KubernetesClient client;
    private final TimedCache<String, String> users = new TimedCache<>(TOKENS);

    TokenReviewer(KubernetesClient client) {
        this.client = client;
    }

    /** User name of the owner of the token; empty when the token is not valid for the gateway. */
    Optional<String> user(String token) {
        return users.get(Digests.sha256Hex(token), FRESH, () -> review(token));
    }

    private Optional<String> review(String token) {
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
        boolean valid = Boolean.TRUE.equals(status.getAuthenticated())
                && status.getAudiences() != null
                && status.getAudiences().contains(AUDIENCE);
        return valid ? Optional.of(status.getUser().getUsername()) : Optional.empty();
    }
}
