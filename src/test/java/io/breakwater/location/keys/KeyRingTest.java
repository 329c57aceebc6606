package io.breakwater.location.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.store.CapturedNamespace;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The Secret with the master keys, as a user writes it. */
class KeyRingTest {
    private static final byte[] FIRST = new byte[32];
    private static final String REPOSITORY = "0123456789abcdef0123456789abcdef";
    private final Random random = new Random(16);

    /** Points and repositories of earlier versions must stay readable, so the derived keys never change. */
    @Test
    void derivesStableValuesFromAKey() {
        KeyRing ring = TestKeys.ring(FIRST);
        String id = ring.current();

        assertThat(id).isEqualTo("c30826728f21c20c");
        assertThat(HexFormat.of().formatHex(ring.catalogKey(id, new CapturedNamespace("east", "shop", "c", "n"))))
                .isEqualTo("6bfdc2cbcbf7002283c33b65b3e24cfa229972cdb6fd2d82b04df32caad86a28");
        assertThat(ring.repositoryPassword(id, REPOSITORY)).isEqualTo("Jyp9-mLuFStL0J7buQUTDkVS3hIOireAcOZRQMUJuMs");
    }

    @Test
    void usesTheUnsuffixedKeyAndFindsAllOthers() {
        for (int round = 0; round < 50; round++) {
            byte[][] keys = new byte[1 + random.nextInt(5)][32];
            Map<String, String> data = new HashMap<>();
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < keys.length; i++) {
                random.nextBytes(keys[i]);
                ids.add(KeyRing.id(keys[i]));
                data.put(
                        i == 0 ? "masterKey" : "masterKey.of-" + random.nextInt(1000) + "-" + i,
                        TestKeys.data(keys[i]).get("masterKey"));
            }
            data.put("unrelated", "bm90aGluZw==");

            KeyRing ring = KeyRing.of(data);

            assertThat(ring.current()).isEqualTo(ids.getFirst());
            assertThat(ring.ids()).containsExactlyInAnyOrderElementsOf(ids);
            Collections.shuffle(ids, random);
            List<String> passwords = ring.repositoryPasswords(ids.getFirst(), REPOSITORY);
            assertThat(passwords).hasSize(ids.size()).doesNotHaveDuplicates();
            assertThat(passwords.getFirst()).isEqualTo(ring.repositoryPassword(ids.getFirst(), REPOSITORY));
        }
    }

    @Test
    void countsADuplicateKeyOnce() {
        Map<String, String> data = new HashMap<>(TestKeys.data(FIRST));
        data.put("masterKey.again", data.get("masterKey"));

        assertThat(KeyRing.of(data).ids()).hasSize(1);
    }

    @Test
    void namesInvalidEntriesWithoutRevealingThem() {
        String secret = Base64.getEncoder().encodeToString("too-short".getBytes(StandardCharsets.US_ASCII));
        Map<String, String> data = new HashMap<>(TestKeys.data(FIRST));
        data.put("masterKey.old", secret);

        assertThatThrownBy(() -> KeyRing.of(data))
                .hasMessage("key masterKey.old is not 32 bytes in base64")
                .hasNoCause();
        assertThatThrownBy(() -> KeyRing.of(Map.of("masterKey.old", data.get("masterKey"))))
                .hasMessage("key masterKey is missing");
    }
}
