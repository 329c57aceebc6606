package io.breakwater.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ServerThreadsTest {
    /** Starts threads as the dispatcher of the HTTP server of the JDK does. */
    @Test
    void usesTheApplicationClassLoaderInServerThreads() throws ExecutionException, InterruptedException {
        Thread self = Thread.currentThread();
        ClassLoader own = self.getContextClassLoader();
        self.setContextClassLoader(ClassLoader.getPlatformClassLoader());
        try {
            CompletableFuture<Thread> thread = new CompletableFuture<>();
            ServerThreads.named("test-", 1, Duration.ofSeconds(30))
                    .execute(() -> thread.complete(Thread.currentThread()));
            assertThat(thread.get().getContextClassLoader()).isSameAs(ServerThreads.class.getClassLoader());
            assertThat(thread.get().getName()).startsWith("test-");
        } finally {
            self.setContextClassLoader(own);
        }
    }

    @Test
    void rejectsRequestsAboveTheLimit() throws ExecutionException, InterruptedException {
        Executor threads = ServerThreads.named("test-", 1, Duration.ofSeconds(30));
        CountDownLatch end = new CountDownLatch(1);
        threads.execute(() -> await(end));
        assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> threads.execute(() -> {}));
        end.countDown();
        CompletableFuture<Void> later = new CompletableFuture<>();
        long start = System.nanoTime();
        while (!later.isDone() && System.nanoTime() - start < 10_000_000_000L) {
            try {
                threads.execute(() -> later.complete(null));
                later.get();
            } catch (RejectedExecutionException e) {
                Thread.onSpinWait();
            }
        }
        assertThat(later).isDone();
    }

    @Test
    void interruptsARequestWithoutCompleteHeaders() throws ExecutionException, InterruptedException {
        Executor threads = ServerThreads.named("test-", 2, Duration.ofMillis(100));
        CompletableFuture<Boolean> slow = new CompletableFuture<>();
        threads.execute(() -> slow.complete(await(new CountDownLatch(1))));
        assertThat(slow.get()).as("reached the end").isFalse();
        CompletableFuture<Boolean> complete = new CompletableFuture<>();
        threads.execute(() -> {
            ServerThreads.headersRead();
            complete.complete(await(new CountDownLatch(1), 500));
        });
        assertThat(complete.get()).as("ended by its own limit").isTrue();
    }

    private static boolean await(CountDownLatch latch) {
        return await(latch, 10_000);
    }

    /** Whether the wait ended without an interrupt. */
    private static boolean await(CountDownLatch latch, long millis) {
        try {
            boolean reached = latch.await(millis, TimeUnit.MILLISECONDS);
            return reached || millis < 10_000;
        } catch (InterruptedException e) {
            return false;
        }
    }
}
