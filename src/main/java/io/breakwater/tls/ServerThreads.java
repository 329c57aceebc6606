package io.breakwater.tls;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;

/**
 * Virtual threads for the HTTP server of the JDK. Its dispatcher starts with the class loader of the JVM, which does not see
 * the libraries of the application. Request threads would inherit it, and could not create beans.
 */
public final class ServerThreads {
    private static final ThreadLocal<ThreadDeadline> HEADERS = new ThreadLocal<>();

    private ServerThreads() {}

    /**
     * An executor that runs each request on its own thread, with the class loader of the application. It rejects a request
     * above the limit; the server then closes the connection.
     *
     * @param most largest number of requests at the same time, including those whose headers are incomplete
     * @param headers time for the TLS handshake and the headers; the connection is closed afterwards, unless the handler has
     *     called {@link #headersRead}
     */
    public static Executor named(String prefix, int most, Duration headers) {
        ThreadFactory factory = Thread.ofVirtual().name(prefix, 0).factory();
        ClassLoader application = ServerThreads.class.getClassLoader();
        Semaphore free = new Semaphore(most);
        return task -> {
            if (!free.tryAcquire()) {
                throw new RejectedExecutionException("more than " + most + " requests at the same time");
            }
            Thread thread = factory.newThread(() -> {
                try (ThreadDeadline deadline = ThreadDeadline.start(headers)) {
                    HEADERS.set(deadline);
                    task.run();
                } finally {
                    free.release();
                }
            });
            thread.setContextClassLoader(application);
            thread.start();
        };
    }

    /** Ends the time limit for the headers. Each handler calls this first, and sets its own limits. */
    public static void headersRead() {
        ThreadDeadline deadline = HEADERS.get();
        if (deadline != null) {
            deadline.close();
        }
    }
}
