package io.breakwater.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.Test;

class ServerThreadsTest {
    /** Starts threads as the dispatcher of the HTTP server of the JDK does. */
    @Test
    void usesTheApplicationClassLoaderInServerThreads() throws ExecutionException, InterruptedException {
        Thread self = Thread.currentThread();
        ClassLoader own = self.getContextClassLoader();
        self.setContextClassLoader(ClassLoader.getPlatformClassLoader());
        try (ExecutorService threads = ServerThreads.named("test-")) {
            assertThat(threads.submit(() -> Thread.currentThread().getContextClassLoader())
                            .get())
                    .isSameAs(ServerThreads.class.getClassLoader());
            assertThat(threads.submit(() -> Thread.currentThread().getName()).get())
                    .startsWith("test-");
        } finally {
            self.setContextClassLoader(own);
        }
    }
}
