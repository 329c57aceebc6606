package io.breakwater.observe;

import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;

/** What each process exports about itself, with the metrics of Java that Quarkus adds. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
public final class ProcessScrapes {
    private ProcessScrapes() {}

    public static String ofMemory() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (JvmGcMetrics collections = new JvmGcMetrics()) {
            collections.bindTo(registry);
            new JvmMemoryMetrics().bindTo(registry);
            new JvmThreadMetrics().bindTo(registry);
            System.gc();
            await().until(() -> registry.scrape().contains("jvm_gc_pause_seconds_sum"));
            ResidentMemory.export(new Meters(registry, Clock.systemUTC()), Path.of("/proc/self/status"));
            return registry.scrape();
        }
    }

    /** A controller that failed once, and then succeeded. */
    public static String ofController() {
        try (RunningController controller = new RunningController()) {
            controller.failures.set(1);
            controller.start();
            controller.create("one");
            await().until(() -> controller.scrape().contains("result=\"Completed\",} 1.0"));
            return controller.scrape();
        }
    }
}
