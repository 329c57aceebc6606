package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.store.SiteSignature;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SiteKeyPairTest {
    private static final byte[] CONTENT = "content".getBytes(StandardCharsets.UTF_8);

    private final InMemoryApiServer api = new InMemoryApiServer();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.site", "east"));

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void allProcessesOfASiteHaveTheSameKey() {
        SiteKeyPair operator = new SiteKeyPair(api.client(), config);
        SiteKeyPair guard = new SiteKeyPair(api.client(), config);

        String signature = operator.sign(CONTENT);

        assertThat(SiteSignature.isValid(guard.publicKey(), CONTENT, signature)).isTrue();
        assertThat(SiteSignature.isValid(guard.publicKey(), new byte[1], signature))
                .isFalse();
        assertThat(secret().getMetadata().getLabels()).containsKey("breakwater.io/exclude");
    }

    @Test
    void signsWithoutTheApiServerOnceItHasTheKey() {
        SiteKeyPair key = new SiteKeyPair(api.client(), config);
        String published = key.publicKey();
        api.client().resource(secret()).delete();

        assertThat(SiteSignature.isValid(published, CONTENT, key.sign(CONTENT))).isTrue();
    }

    @Test
    void namesASecretWithoutAValidKey() {
        new SiteKeyPair(api.client(), config).publicKey();
        Secret broken = secret();
        broken.getData().put("private", "AAAA");
        api.client().resource(broken).update();

        assertThatThrownBy(() -> new SiteKeyPair(api.client(), config).sign(CONTENT))
                .hasMessageContaining(SiteKeyPair.SECRET)
                .matches(e -> ((BreakwaterException) e).reason() == Reason.SecretNotFound);
    }

    private Secret secret() {
        return api.client()
                .secrets()
                .inNamespace(config.namespace())
                .withName(SiteKeyPair.SECRET)
                .get();
    }
}
