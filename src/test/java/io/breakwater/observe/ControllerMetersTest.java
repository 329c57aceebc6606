package io.breakwater.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.javaoperatorsdk.operator.processing.event.Event;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the Java Operator SDK reports about a controller of its own, which runs here. */
class ControllerMetersTest {
    private final RunningController controller = new RunningController();

    @AfterEach
    void stop() {
        controller.close();
    }

    @Test
    void registersAllSeriesBeforeTheFirstRun() {
        controller.start();

        assertThat(controller.scrape())
                .contains("breakwater_reconciles_total{controller=\"examples\",result=\"Completed\",} 0.0")
                .contains("breakwater_reconciles_total{controller=\"examples\",result=\"Failed\",} 0.0")
                .contains("breakwater_reconcile_retries_total{controller=\"examples\",} 0.0")
                .contains("breakwater_reconcile_queue{controller=\"examples\",state=\"waiting\",} 0.0")
                .contains("breakwater_reconcile_queue{controller=\"examples\",state=\"working\",} 0.0");
    }

    @Test
    void countsRunsErrorsRetriesAndTime() {
        controller.failures.set(2);
        controller.start();
        controller.create("one");

        awaitSeries("breakwater_reconciles_total{controller=\"examples\",result=\"Completed\",} 1.0");
        awaitSeries("breakwater_reconciles_total{controller=\"examples\",result=\"Failed\",} 2.0");
        awaitSeries("breakwater_reconcile_retries_total{controller=\"examples\",} 2.0");
        awaitSeries("breakwater_reconcile_duration_seconds_count{controller=\"examples\",} 3.0");
        awaitSeries("breakwater_reconcile_duration_seconds_bucket{controller=\"examples\",le=\"+Inf\",} 3.0");
        assertThat(controller.scrape())
                .contains("breakwater_reconcile_duration_seconds_bucket{controller=\"examples\",le=\"30.0\",} 3.0");
    }

    @Test
    void showsWhatWaitsAndWhatWorks() {
        CountDownLatch go = new CountDownLatch(1);
        controller.wait = go;
        controller.start(2);
        for (String name : new String[] {"one", "two", "three", "four", "five"}) {
            controller.create(name);
        }

        awaitSeries("breakwater_reconcile_queue{controller=\"examples\",state=\"working\",} 2.0");
        awaitSeries("breakwater_reconcile_queue{controller=\"examples\",state=\"waiting\",} 3.0");

        go.countDown();
        awaitSeries("breakwater_reconciles_total{controller=\"examples\",result=\"Completed\",} 5.0");
        awaitSeries("breakwater_reconcile_queue{controller=\"examples\",state=\"working\",} 0.0");
        awaitSeries("breakwater_reconcile_queue{controller=\"examples\",state=\"waiting\",} 0.0");
    }

    /** The SDK submits a run for an object that is gone from its cache, ends it, and never starts it. */
    @Test
    void countsNoWaitForObjectsThatAreGone() {
        Map<String, Object> metadata = Map.of("controller.name", "examples");
        ControllerMeters meters = controller.meters;
        meters.reconciliationSubmitted(null, null, metadata);
        meters.reconciliationFinished(null, null, metadata);
        meters.reconciliationSubmitted(new ConfigMap(), null, metadata);
        meters.reconciliationStarted(new ConfigMap(), metadata);
        meters.reconciliationFinished(new ConfigMap(), null, metadata);

        assertThat(controller.scrape())
                .contains("breakwater_reconcile_queue{controller=\"examples\",state=\"waiting\",} 0.0")
                .contains("breakwater_reconcile_queue{controller=\"examples\",state=\"working\",} 0.0");
    }

    /** A label with an object would be a series for each object. */
    @Test
    void hasNoLabelButTheController() {
        controller.start();
        controller.create("one");
        controller.create("two");
        controller.meters.eventReceived(
                new Event(new ResourceID("one", "shop")), Map.of("controller.name", "examples"));
        awaitSeries("breakwater_reconciles_total{controller=\"examples\",result=\"Completed\",} 2.0");

        assertThat(controller.scrape()).doesNotContain("shop").doesNotContain("one\"");
    }

    private void awaitSeries(String line) {
        await().untilAsserted(() -> assertThat(controller.scrape()).contains(line));
    }
}
