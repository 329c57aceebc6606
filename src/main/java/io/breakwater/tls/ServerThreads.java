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
    private static final ThreadLocal<Request> CURRENT = new ThreadLocal<>();

    private ServerThreads() {}

    /** The request of a thread: its time for the headers, and what ends with it. */
    private static final class Request implements AutoCloseable {
        private final ThreadDeadline headers;
        private Runnable end = () -> {};

        Request(Duration headers) {
            this.headers = ThreadDeadline.start(headers);
        }

        @Override
        public void close() {
            headers.close();
            end.run();
        }
    }

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
                try (Request request = new Request(headers)) {
                    CURRENT.set(request);
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
        Request request = CURRENT.get();
        if (request != null) {
            request.headers.close();
        }
    }

    /** Enters a limit until the request of this thread ends; false if the key is at its limit. */
    static <K> boolean enter(ConcurrencyLimit<K> limit, K key) {
        Request request = CURRENT.get();
        if (request == null) {
            return true; // a thread of another executor, in tests
        }
        if (!limit.tryEnter(key)) {
            return false;
        }
        Runnable before = request.end;
        request.end = () -> {
            before.run();
            limit.leave(key);
        };
        return true;
    }
}
