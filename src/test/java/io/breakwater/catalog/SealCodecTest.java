package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A seal is worth its signature: nothing of it can be altered, moved, or forged. */
class SealCodecTest {
    private static final byte[] KEY = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.UTF_8);
    private static final PointDocument POINT = new PointDocument(
            1,
            "east",
            "shop",
            "p1",
            "uid-1",
            "shop",
            Trigger.Manual,
            3,
            "0.1.0",
            "2026-01-02T03:04:05Z",
            Consistency.Application,
            List.of(new PointDocument.Volume("data", "fast", "1Gi", "/volumes/data", "abc", 10, 5)),
            List.of(),
            "velero/backups/x/x.tar.gz",
            4,
            List.of(new PointDocument.StoredObject("velero/backups/x/x.tar.gz", 7, "00ff")),
            "1122334455667788",
            null,
            null);

    @Test
    void readsSignedSeals() {
        assertThat(SealCodec.verify(POINT.key(), SealCodec.sign(POINT, KEY), KEY))
                .isEqualTo(POINT);
    }

    @Test
    void refusesUnknownFieldsAddedAfterSigning() {
        String signed = text(SealCodec.sign(POINT, KEY));
        byte[] extended = signed.replaceFirst("\\{", "{ \"later\" : 1,").getBytes(StandardCharsets.UTF_8);

        refuses(POINT.key(), extended, KEY);
    }

    @Test
    void everyChangedCharacterOfTheContentIsFound() {
        String signed = text(SealCodec.sign(POINT, KEY));
        for (String part : List.of("p1", "\"epoch\" : 3", "/volumes/data", "00ff", "2026-01-02", "Application")) {
            assertThat(signed).contains(part);
            String altered = signed.replace(part, part.substring(0, part.length() - 1) + "9");
            refuses(POINT.key(), altered.getBytes(StandardCharsets.UTF_8), KEY);
        }
    }

    @Test
    void refusesSealsOfAnotherPoint() {
        refuses(new PointKey("east", "shop", "p2"), SealCodec.sign(POINT, KEY), KEY);
    }

    @Test
    void refusesSealsByAnotherKey() {
        refuses(POINT.key(), SealCodec.sign(POINT, "another".getBytes(StandardCharsets.UTF_8)), KEY);
    }

    @Test
    void refusesMalformedSeals() {
        for (String rubbish : List.of("", "[]", "null", "{}", "{\"hmac\":\"zz\"}", "{\"hmac\":")) {
            refuses(POINT.key(), rubbish.getBytes(StandardCharsets.UTF_8), KEY);
        }
    }

    private static void refuses(PointKey where, byte[] content, byte[] key) {
        assertThatThrownBy(() -> SealCodec.verify(where, content, key))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.Tampered);
                    assertThat(e.isRetryable()).isFalse();
                })
                .hasMessageContaining(where.sealKey());
    }

    private static String text(byte[] content) {
        return new String(content, StandardCharsets.UTF_8);
    }
}
