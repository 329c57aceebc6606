package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.FakeApiServer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AuthorReviewTest {
    private static final Author JANE = new Author("jane", "", List.of(), Map.of());
    private static final String HOOKS = "hooks: {pre: [{podSelector: {}, command: [x]}]}";
    private static final String BUCKET = "s3: {bucket: b, credentialsSecretRef: {name: keys}}";

    private final FakeApiServer server;
    private final AuthorStamps stamps = StampFixture.stamps();
    private final AuthorReview review;

    AuthorReviewTest() throws IOException {
        server = new FakeApiServer();
        review = StampFixture.review(server.client(), TestConfig.of(Map.of("breakwater.namespace", "ops")));
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void objectsToCommandsOfAnUnknownAuthor() {
        BackupPolicy policy = read(BackupPolicy.class, "shop", HOOKS);
        AuthorReview.Objection objection = review.of(policy).orElseThrow();
        assertThat(objection.unknown()).isTrue();
        assertThat(objection.message())
                .startsWith("the author of BackupPolicy shop/n is unknown")
                .endsWith("; edit it as a user with the right to create pods/exec in namespace shop");
        StampFixture.foreign().sign(JANE, policy);
        assertThat(review.of(policy)).isPresent();
    }

    @Test
    void objectsWhenTheAuthorHasLostTheRight() {
        BackupPolicy policy = read(BackupPolicy.class, "shop", HOOKS);
        stamps.sign(JANE, policy);
        assertThat(review.of(policy)).isEmpty();
        server.allow((verb, resource) -> false);
        AuthorReview.Objection objection = review.of(policy).orElseThrow();
        assertThat(objection.unknown()).isFalse();
        assertThat(objection.message())
                .startsWith("author jane of BackupPolicy shop/n lacks the right to create pods/exec in namespace shop");
    }

    @Test
    void objectsWhenThePowersChangedAfterTheStamp() {
        BackupPolicy policy = read(BackupPolicy.class, "shop", HOOKS);
        stamps.sign(JANE, policy);
        policy.getSpec().hooks.pre.getFirst().command = List.of("env");
        assertThat(review.of(policy)).isPresent();
    }

    @Test
    void objectsToABundleThatTheAuthorMayNotRead() {
        BackupLocation location = read(
                BackupLocation.class,
                "shop",
                "s3: {bucket: b, credentialsSecretRef: {name: keys}, caBundleSecretRef: {name: authorities}}");
        assertThat(review.of(location).orElseThrow().message()).contains("secrets/keys", "secrets/authorities");
    }

    @Test
    void anObjectWithoutPowersNeedsNoAuthorAndNoRequest() {
        assertThat(review.of(read(BackupPolicy.class, "shop", "suspend: true"))).isEmpty();
        assertThat(review.of(read(BackupPolicy.class, "ops", HOOKS))).isEmpty();
        assertThat(review.unknown(read(BackupLocation.class, "ops", BUCKET))).isEmpty();
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void aKnownAuthorOfALocationStaysKnown() {
        BackupLocation location = read(BackupLocation.class, "shop", BUCKET);
        assertThat(review.unknown(location)).isPresent();
        stamps.sign(JANE, location);
        server.allow((verb, resource) -> false);
        assertThat(review.unknown(location)).isEmpty();
        assertThat(review.of(location).orElseThrow().message()).contains("get secrets/keys");
    }

    @Test
    void doesNotGuessWhileTheApiServerDoesNotAnswer() {
        BackupPolicy policy = read(BackupPolicy.class, "shop", HOOKS);
        stamps.sign(JANE, policy);
        server.refuse((method, path) -> 403);
        assertThatThrownBy(() -> review.of(policy))
                .isInstanceOfSatisfying(
                        BreakwaterException.class,
                        e -> assertThat(e.isRetryable()).isTrue());
    }

    private static <T extends HasMetadata> T read(Class<T> type, String namespace, String spec) {
        return Serialization.unmarshal("metadata: {namespace: " + namespace + ", name: n}\nspec: {" + spec + "}", type);
    }
}
