package io.breakwater.tls;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * Virtual threads for the HTTP server of the JDK. Its dispatcher starts with the class loader of the JVM, which does not see
 * the libraries of the application. Request threads would inherit it, and could not create beans.
 */
public final class ServerThreads {
    private ServerThreads() {}

    /** An executor that runs each request on its own thread, with the class loader of the application. */
    public static ExecutorService named(String prefix) {
        ThreadFactory factory = Thread.ofVirtual().name(prefix, 0).factory();
        ClassLoader application = ServerThreads.class.getClassLoader();
        return Executors.newThreadPerTaskExecutor(task -> {
            Thread thread = factory.newThread(task);
            thread.setContextClassLoader(application);
            return thread;
        });
    }
}
