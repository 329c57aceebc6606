package io.breakwater.gateway;

import io.breakwater.api.Digests;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Asks the API server for the owner of a ServiceAccount token. A positive answer is valid for a minute and a negative one for
 * ten seconds, by the hash of the token, since a mover sends thousands of requests.
 */
@ApplicationScoped
class TokenReviewer {
    static final String AUDIENCE = "breakwater-gateway";

    static final String POD_NAME = "authentication.kubernetes.io/pod-name";
    static final String POD_UID = "authentication.kubernetes.io/pod-uid";

    private static final Duration FRESH = Duration.ofSeconds(60);
    private static final Duration REFUSED = Duration.ofSeconds(10);
    private static final int TOKENS = 10_000;

    private final KubernetesClient client;
    private final TimedCache<String, Caller> callers = new TimedCache<>(TOKENS);
    private final TimedCache<String, Boolean> refused = new TimedCache<>(TOKENS);

    TokenReviewer(KubernetesClient client) {
        this.client = client;
    }

    /**
     * The owner of a token.
     *
     * @param user user name of the ServiceAccount
     * @param pod name of the pod that the token belongs to
     * @param podUid uid of that pod
     */
    record Caller(String user, String pod, String podUid) {}

    /** The owner of the token; empty when the token is not valid for the gateway, or belongs to no pod. */
    Optional<Caller> caller(String token) {
        String id = Digests.sha256Hex(token);
        if (refused.get(id, REFUSED, Optional::empty).isPresent()) {
            return Optional.empty();
        }
        Optional<Caller> caller = callers.get(id, FRESH, () -> review(token));
        if (caller.isEmpty()) {
            refused.get(id, REFUSED, () -> Optional.of(true));
        }
        return caller;
    }

    private Optional<Caller> review(String token) {
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
        return valid ? of(status.getUser()) : Optional.empty();
    }

    private static Optional<Caller> of(UserInfo user) {
        Optional<String> pod = extra(user, POD_NAME);
        Optional<String> uid = extra(user, POD_UID);
        return pod.isPresent() && uid.isPresent()
                ? Optional.of(new Caller(user.getUsername(), pod.get(), uid.get()))
                : Optional.empty();
    }

    private static Optional<String> extra(UserInfo user, String key) {
        List<String> values =
                user.getExtra() == null ? List.of() : user.getExtra().getOrDefault(key, List.of());
        return values.size() == 1 ? Optional.of(values.getFirst()) : Optional.empty();
    }
}
