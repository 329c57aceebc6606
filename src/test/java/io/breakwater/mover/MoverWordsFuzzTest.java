package io.breakwater.mover;

import io.breakwater.testing.ParserFuzz;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A mover runs in a namespace of a tenant, and its log can contain anything. */
@Tag("slow")
@Tag("random")
class MoverWordsFuzzTest {
    @Test
    void readsProgress() {
        new ParserFuzz("progress of a mover")
                .sample("{\"message_type\":\"status\",\"seconds_elapsed\":3,\"percent_done\":0.5,\"total_bytes\":200,"
                        + "\"bytes_done\":100}\n{\"message_type\":\"summary\"}\nopen repository\n")
                .sample("{\"message_type\":\"status\",\"seconds_elapsed\":9,\"total_bytes\":7,\"bytes_restored\":5}\n")
                .longest(MoverPods.LAST_BYTES)
                .allocation(64L << 20)
                .run(log -> MoverProgress.of(new String(log, StandardCharsets.UTF_8))
                        .ifPresent(p -> MoverProgress.transfer(1000, List.of(p, p))));
    }
}
