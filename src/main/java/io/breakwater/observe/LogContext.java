package io.breakwater.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.MDC;

/**
 * What the log lines of a thread are about: an object, a run and a step. The format in {@code application.properties} prints
 * it. The Java Operator SDK fills the keys of the object before each reconcile; this class uses the same keys where the SDK does
 * not, and hands all of them to other threads. Closing restores the values from before.
 */
public final class LogContext implements AutoCloseable {
    private static final String OBJECT = "resource.";
    private static final String RUN = "run";
    private static final String STEP = "step";

    private final Map<String, String> before = new HashMap<>();

    private LogContext(Map<String, String> values) {
        values.forEach((key, value) -> {
            before.put(key, MDC.get(key));
            put(key, value);
        });
    }

    /** Lines of this thread are about the object. */
    public static LogContext of(HasMetadata object) {
        var meta = object.getMetadata();
        Map<String, String> values = new HashMap<>();
        values.put(OBJECT + "apiVersion", object.getApiVersion());
        values.put(OBJECT + "kind", object.getKind());
        values.put(OBJECT + "namespace", meta.getNamespace());
        values.put(OBJECT + "name", meta.getName());
        values.put(OBJECT + "uid", meta.getUid());
        values.put(OBJECT + "resourceVersion", meta.getResourceVersion());
        values.put(
                OBJECT + "generation",
                meta.getGeneration() == null ? null : meta.getGeneration().toString());
        return new LogContext(values);
    }

    /** Lines of this thread belong to a step of a run, in addition to the object that they are about. */
    public static LogContext of(String run, String step) {
        return new LogContext(Map.of(RUN, run, STEP, step));
    }

    /** The task, with the context of the thread that calls this method, for a thread that runs nothing else. */
    public static Runnable wrap(Runnable task) {
        Map<String, String> here = MDC.getCopyOfContextMap();
        return () -> {
            MDC.setContextMap(here == null ? Map.of() : here);
            task.run();
        };
    }

    @Override
    public void close() {
        before.forEach(LogContext::put);
    }

    private static void put(String key, String value) {
        if (value == null) {
            MDC.remove(key);
        } else {
            MDC.put(key, value);
        }
    }
}
