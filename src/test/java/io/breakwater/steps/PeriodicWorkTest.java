package io.breakwater.steps;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PeriodicWorkTest {
    @Test
    void continuesAfterAFailedRoundUntilItStops() {
        AtomicInteger rounds = new AtomicInteger();
        PeriodicWork work = new PeriodicWork("test", Duration.ofMillis(1), () -> {
            if (rounds.incrementAndGet() == 1) {
                throw new IllegalStateException("the first round fails");
            }
        });
        work.stop();
        work.start();
        await().until(() -> rounds.get() > 2);
        work.stop();
        await().during(Duration.ofMillis(50)).until(() -> {
            int before = rounds.get();
            Thread.sleep(5);
            return rounds.get() == before;
        });
    }
}
