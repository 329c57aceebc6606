package io.breakwater.tls;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * Virtual threads for the JDK's HTTP server. Its dispatcher starts with the class loader of the JVM, which does not see the
 * application's libraries, and hands it on to them: a bean that a request is the first to need could then never be made.
 */
public final class ServerThreads {
    private ServerThreads() {}

    /** An executor that gives every request a thread of its own, with the application's class loader. */
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
