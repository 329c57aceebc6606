package io.breakwater.observe;

import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.jboss.logging.Logger;

/**
 * Logs exceptions that end a thread. Without it the JDK prints them to standard error, where no filter escapes their
 * messages.
 */
@ApplicationScoped
class UncaughtErrorLog {
    private static final Logger LOG = Logger.getLogger(UncaughtErrorLog.class);

    void start(@Observes @Priority(1) StartupEvent event) {
        Thread.setDefaultUncaughtExceptionHandler(UncaughtErrorLog::log);
    }

    static void log(Thread thread, Throwable error) {
        LOG.errorf(error, "thread %s ended with an error", thread.getName());
    }
}
