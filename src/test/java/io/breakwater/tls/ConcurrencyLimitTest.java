package io.breakwater.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class ConcurrencyLimitTest {
    @Test
    void limitsEachKey() {
        ConcurrencyLimit<String> limit = new ConcurrencyLimit<>(2);

        assertThat(limit.tryEnter("a")).isTrue();
        assertThat(limit.tryEnter("a")).isTrue();
        assertThat(limit.tryEnter("a")).isFalse();
        assertThat(limit.tryEnter("b")).as("another key").isTrue();
        limit.leave("a");
        assertThat(limit.tryEnter("a")).isTrue();
        assertThat(limit.tryEnter("a")).isFalse();
    }

    @Test
    void releasesAKeyWithTheRequest() throws Exception {
        ConcurrencyLimit<String> limit = new ConcurrencyLimit<>(1);
        Executor threads = ServerThreads.named("test-", 8, Duration.ofSeconds(30));
        for (int i = 0; i < 3; i++) {
            CompletableFuture<Boolean> entered = new CompletableFuture<>();
            CompletableFuture<Thread> thread = new CompletableFuture<>();
            threads.execute(() -> {
                thread.complete(Thread.currentThread());
                entered.complete(ServerThreads.enter(limit, "a") && !ServerThreads.enter(limit, "a"));
            });
            assertThat(entered.get()).as("request %d", i).isTrue();
            thread.get().join();
        }
    }
}
