package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.testing.ParserFuzz;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Seals come from a store that others can write to. They are parsed before their signature is verified. */
@Tag("slow")
@Tag("random")
class SealFuzzTest {
    private static final byte[] KEY = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.UTF_8);
    private static final PointKey POINT = PointKeys.of("east", "shop", "p1");

    private static ParserFuzz fuzz(String name) {
        return new ParserFuzz(name)
                .sample(SealCodec.sign(TestPoints.withVolume(), KEY))
                .sample(SealCodec.sign(TestPoints.document(POINT), KEY))
                .allocation(128L << 20)
                .refusals(e -> e instanceof BreakwaterException b && b.reason() == Reason.Tampered);
    }

    @Test
    void refusesSealsThatAreNotSigned() {
        fuzz("signed seal").run(content -> {
            assertThat(SealCodec.verify(POINT, content, KEY).key()).isEqualTo(POINT);
            SealCodec.keyId(content);
        });
    }

    @Test
    void refusesSealsThatAreNotDocuments() {
        fuzz("vouched seal").run(content -> SealCodec.canonical(SealCodec.vouched(POINT, content)));
    }
}
