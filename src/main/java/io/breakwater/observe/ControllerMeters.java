package io.breakwater.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.javaoperatorsdk.operator.processing.Controller;
import io.quarkus.arc.Unremovable;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The metrics of controllers, which the Java Operator SDK reports here. The only label is the name of the controller, so their number
 * does not depend on the number of objects.
 *
 * <p>This bean replaces that of the Quarkus extension. There, the configuration of the operator is created before Micrometer binds
 * its registry, so it gets an implementation that records nothing (quarkus-operator-sdk, issue 1385).
 */
@Unremovable
@ApplicationScoped
public class ControllerMeters implements Metrics {
    /** The objects that wait for a thread, and those that a thread works on. */
    private record Load(AtomicInteger waiting, AtomicInteger working) {}

    private final Meters meters;
    private final Map<String, Load> loads = new ConcurrentHashMap<>();

    /** Whether the run of this thread has started. The SDK also ends runs that it did not start: those of objects that are gone. */
    private final ThreadLocal<Boolean> started = ThreadLocal.withInitial(() -> false);

    public ControllerMeters(Meters meters) {
        this.meters = meters;
    }

    @Override
    public void controllerRegistered(Controller<? extends HasMetadata> controller) {
        load(controller.getConfiguration().getName());
    }

    @Override
    public void reconciliationSubmitted(HasMetadata resource, RetryInfo retry, Map<String, Object> metadata) {
        String controller = controller(metadata);
        load(controller).waiting.incrementAndGet();
        if (retry != null && retry.getAttemptCount() > 0) {
            meters.count(MeterName.RECONCILE_RETRIES, "controller", controller);
        }
    }

    @Override
    public void reconciliationStarted(HasMetadata resource, Map<String, Object> metadata) {
        Load load = load(controller(metadata));
        load.waiting.decrementAndGet();
        load.working.incrementAndGet();
        started.set(true);
    }

    @Override
    public void reconciliationFinished(HasMetadata resource, RetryInfo retry, Map<String, Object> metadata) {
        Load load = load(controller(metadata));
        (started.get() ? load.working : load.waiting).decrementAndGet();
        started.remove();
    }

    @Override
    public void reconciliationFailed(
            HasMetadata resource, RetryInfo retry, Exception exception, Map<String, Object> metadata) {
        count(controller(metadata), "Failed");
    }

    @Override
    public void reconciliationSucceeded(HasMetadata resource, Map<String, Object> metadata) {
        count(controller(metadata), "Completed");
    }

    @Override
    public <T> T timeControllerExecution(ControllerExecution<T> execution) throws Exception {
        long start = System.nanoTime();
        try {
            return execution.execute();
        } finally {
            meters.time(
                    MeterName.RECONCILE_DURATION,
                    Duration.ofNanos(System.nanoTime() - start),
                    "controller",
                    execution.controllerName());
        }
    }

    private void count(String controller, String result) {
        meters.count(MeterName.RECONCILES, "controller", controller, "result", result);
    }

    private Load load(String controller) {
        return loads.computeIfAbsent(controller, this::register);
    }

    /** Registers the metrics of a controller, so that the first event is an increase. */
    private Load register(String controller) {
        Load load = new Load(new AtomicInteger(), new AtomicInteger());
        meters.gauge(MeterName.RECONCILE_QUEUE, load.waiting::get, "controller", controller, "state", "waiting");
        meters.gauge(MeterName.RECONCILE_QUEUE, load.working::get, "controller", controller, "state", "working");
        for (String result : new String[] {"Completed", "Failed"}) {
            meters.start(MeterName.RECONCILES, "controller", controller, "result", result);
        }
        meters.start(MeterName.RECONCILE_RETRIES, "controller", controller);
        return load;
    }

    private static String controller(Map<String, Object> metadata) {
        return String.valueOf(metadata.get(Constants.CONTROLLER_NAME));
    }
}
