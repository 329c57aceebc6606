package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

/** Movers that cannot start fail the restore; movers that wait for others do not. */
class MoverStartTimeoutTest {
    private static final List<String> PENDING = List.of("claim data is Pending: ProvisioningFailed: no such class");

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final MoverStartTimeout timeout = new MoverStartTimeout(Duration.ofMinutes(15), new Clock() {
        @Override
        public Instant instant() {
            return now.get();
        }

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            return this;
        }
    });
    private final RestoreRun run = run();

    @Test
    void failsWithTheReasonWhenNoMoverStarts() {
        timeout.waiting(run, PENDING);
        after(Duration.ofMinutes(15));
        timeout.waiting(run, PENDING);
        after(Duration.ofSeconds(1));
        assertThatThrownBy(() -> timeout.waiting(run, PENDING))
                .hasMessageContaining("no mover could start within 15m")
                .hasMessageContaining("ProvisioningFailed")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.MoverFailed && !e.isRetryable());
    }

    @Test
    void restartsTheTimeoutWhileOtherMoversRun() {
        timeout.waiting(run, PENDING);
        after(Duration.ofHours(2));
        timeout.progressed(run);
        after(Duration.ofMinutes(14));
        assertThatCode(() -> timeout.waiting(run, PENDING)).doesNotThrowAnyException();
    }

    private void after(Duration time) {
        now.set(now.get().plus(time));
    }

    private static RestoreRun run() {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName("r");
        restore.getMetadata().setUid("u");
        return new RestoreRun(restore, null, Clock.systemUTC(), () -> null, () -> {});
    }
}
