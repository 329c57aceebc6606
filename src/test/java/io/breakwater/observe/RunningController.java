package io.breakwater.observe;

import io.breakwater.admission.InMemoryApiServer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** The Java Operator SDK with one controller and the metrics of the operator, next to an API server in memory. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
public final class RunningController implements AutoCloseable {
    private static final int THREADS = 10;

    final AtomicInteger failures = new AtomicInteger();
    volatile CountDownLatch wait = new CountDownLatch(0);
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    final ControllerMeters meters = new ControllerMeters(new Meters(registry, Clock.systemUTC()));
    private Operator operator;

    /** Starts the controller. */
    public void start() {
        start(THREADS);
    }

    void start(int threads) {
        operator = new Operator(overrider -> overrider
                .withKubernetesClient(cluster.client())
                .withCloseClientOnStop(false)
                .withConcurrentReconciliationThreads(threads)
                .withMetrics(meters));
        operator.register(new Examples());
        operator.start();
    }

    /** Creates an object that the controller works on. */
    public void create(String name) {
        cluster.client()
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName(name)
                        .endMetadata()
                        .build())
                .create();
    }

    /** What Prometheus scrapes. */
    public String scrape() {
        return registry.scrape();
    }

    @Override
    public void close() {
        wait.countDown();
        if (operator != null) {
            operator.stop();
        }
        cluster.close();
    }

    /** Fails as often as the test requests. */
    @ControllerConfiguration(name = "examples")
    @GradualRetry(maxAttempts = 10, initialInterval = 1, intervalMultiplier = 1, maxInterval = 1)
    private final class Examples implements Reconciler<ConfigMap> {
        @Override
        public UpdateControl<ConfigMap> reconcile(ConfigMap object, Context<ConfigMap> context) throws Exception {
            wait.await();
            if (failures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                throw new IllegalStateException("failure of the test");
            }
            return UpdateControl.noUpdate();
        }
    }
}
