package io.breakwater.rotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.TestKeys;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RotateMasterKeyTest {
    private static final KubernetesSerialization YAML = new KubernetesSerialization();
    private final byte[] old = {
        1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8
    };
    private String messages;

    @Test
    void addsANewKeyAndPreservesOlderOnes() {
        Secret once = rotated(secret());
        Secret twice = rotated(once);

        KeyRing ring = KeyRing.of(twice.getData());
        assertThat(ring.ids())
                .hasSize(3)
                .contains(KeyRing.id(old), KeyRing.of(once.getData()).current());
        assertThat(ring.current()).isNotIn(KeyRing.of(once.getData()).ids());
        assertThat(twice.getData()).containsKey("masterKey." + KeyRing.id(old));
        assertThat(messages).contains(ring.current()).contains(KeyRing.id(old));
        assertThat(messages).as("keys are for standard output only").doesNotContain(ring.text(ring.current()));
    }

    /** The Secret is applied to two clusters. */
    @Test
    void omitsClusterSpecificMetadata() {
        Secret after = rotated(secret());

        assertThat(after.getMetadata().getName()).isEqualTo("breakwater-master-key");
        assertThat(after.getMetadata().getNamespace()).isEqualTo("shop");
        assertThat(after.getMetadata().getLabels()).containsEntry("breakwater.io/exclude", "true");
        assertThat(after.getMetadata().getUid()).isNull();
        assertThat(after.getMetadata().getResourceVersion()).isNull();
        assertThat(after.getMetadata().getAnnotations()).isNullOrEmpty();
    }

    @Test
    void rejectsInputWithoutAMasterKey() {
        for (String input : List.of("", "kind: ConfigMap", "{", "apiVersion: v1\nkind: Secret\ndata: {a: Yg==}")) {
            assertThat(run(input)).as(input).isEmpty();
            assertThat(messages).as(input).contains("cannot be used");
        }
    }

    private Secret rotated(Secret before) {
        return YAML.unmarshal(run(YAML.asYaml(before)), Secret.class);
    }

    private String run(String input) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = RotateMasterKey.run(
                List.of(),
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        messages = err.toString(StandardCharsets.UTF_8);
        assertThat(code).as(messages).isEqualTo(out.size() == 0 ? 2 : 0);
        return out.toString(StandardCharsets.UTF_8);
    }

    private Secret secret() {
        return new SecretBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("breakwater-master-key")
                .withUid("uid")
                .withResourceVersion("7")
                .addToAnnotations("kubectl.kubernetes.io/last-applied-configuration", "{}")
                .addToLabels("breakwater.io/exclude", "true")
                .endMetadata()
                .withType("Opaque")
                .withData(TestKeys.data(old))
                .build();
    }
}
