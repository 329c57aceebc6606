package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BreakwaterExceptionTest {
    @Test
    void cutsMessagesThatAStatusCouldNotHave() {
        String name = "x".repeat(900_000);
        assertThat(BreakwaterException.permanent(Reason.Tampered, "archive entry " + name))
                .message()
                .startsWith("archive entry x")
                .hasSizeLessThanOrEqualTo(4000);
        assertThat(BreakwaterException.retryable(Reason.StoreUnavailable, "short"))
                .hasMessage("short");
    }
}
