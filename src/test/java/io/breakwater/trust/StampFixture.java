package io.breakwater.trust;

import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Optional;
import java.util.function.Supplier;

/** Stamps with a fixed key, without a cluster. */
public final class StampFixture {
    private StampFixture() {}

    public static AuthorStamps stamps() {
        return stamps((byte) 0);
    }

    /** The secret of the webhook with the key of {@link #stamps}. */
    public static WebhookSecret secret() {
        return new WebhookSecret(fixed((byte) 0));
    }

    /** Reviews with these stamps. */
    public static AuthorReview review(KubernetesClient client, BreakwaterConfig config) {
        return new AuthorReview(client, config, stamps());
    }

    /** Reviews that never object. */
    public static AuthorReview trusting() {
        return reviewing(Optional::empty);
    }

    /** Reviews with a given answer. */
    public static AuthorReview reviewing(Supplier<Optional<AuthorReview.Objection>> answer) {
        return new AuthorReview(null, null, null) {
            @Override
            public Optional<Objection> of(HasMetadata object) {
                return answer.get();
            }

            @Override
            public Optional<Objection> unknown(HasMetadata object) {
                return answer.get();
            }
        };
    }

    /** Stamps of another installation. */
    public static AuthorStamps foreign() {
        return stamps((byte) 1);
    }

    private static AuthorStamps stamps(byte first) {
        return new AuthorStamps(fixed(first));
    }

    private static StampKey fixed(byte first) {
        return new StampKey(null, null) {
            @Override
            byte[] bytes() {
                byte[] key = new byte[32];
                key[0] = first;
                return key;
            }
        };
    }
}
