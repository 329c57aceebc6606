package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.BreakwaterException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StoreBulkheadTest {
    private static final Duration SHORT = Duration.ofMillis(200);

    private final CountDownLatch hangs = new CountDownLatch(1);

    @AfterEach
    void release() {
        hangs.countDown();
    }

    @Test
    void returnsTheAnswerOrTheErrorOfTheCall() {
        StoreBulkhead bulkhead = new StoreBulkhead("north");

        assertThat(bulkhead.call(() -> "answer")).isEqualTo("answer");
        assertThatThrownBy(() -> bulkhead.call(() -> {
                    throw new IllegalArgumentException("bad");
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bad");
    }

    @Test
    void runsCallsOnPlatformThreads() {
        assertThat(new StoreBulkhead("north").call(() -> Thread.currentThread().isVirtual()))
                .isFalse();
    }

    @Test
    void givesUpACallThatHangs() {
        StoreBulkhead bulkhead = new StoreBulkhead("north", 1, 1, SHORT);

        assertThatThrownBy(() -> bulkhead.call(this::hang))
                .isInstanceOfSatisfying(
                        BreakwaterException.class,
                        e -> assertThat(e.isRetryable()).isTrue())
                .hasMessageContaining("did not answer");
    }

    @Test
    void boundsTheCallsOfALocationThatHangsAndLeavesOthersAlone() throws InterruptedException {
        StoreBulkhead north = new StoreBulkhead("north", 2, 3, Duration.ofMinutes(1));
        List<Thread> callers = new ArrayList<>();
        List<Throwable> refused = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            callers.add(Thread.ofVirtual().start(() -> {
                try {
                    north.call(this::hang);
                } catch (BreakwaterException e) {
                    synchronized (refused) {
                        refused.add(e);
                    }
                }
            }));
        }

        assertThat(new StoreBulkhead("south").call(() -> "on time")).isEqualTo("on time");
        await().until(() -> {
            synchronized (refused) {
                return refused.size() == 15;
            }
        });
        hangs.countDown();
        for (Thread caller : callers) {
            caller.join();
        }
        assertThat(refused).hasSize(15).allMatch(e -> e.getMessage().contains("too many calls"));
    }

    /** Hangs like a socket, which does not end when its thread is interrupted. */
    private String hang() {
        while (true) {
            try {
                hangs.await();
                return "late";
            } catch (InterruptedException e) {
                // It hangs on.
            }
        }
    }
}
