package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A run sees each change of its movers' pods at once. */
class MoverPodWatchTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final MoverPodWatch watch = new MoverPodWatch(cluster.client());
    private final AtomicInteger wakes = new AtomicInteger();

    @BeforeEach
    void open() {
        watch.add("shop", "run", wakes::incrementAndGet);
        watch.open();
    }

    @AfterEach
    void close() {
        watch.close();
        cluster.close();
    }

    @Test
    void wakesTheRunOfAPod() {
        Pod pod = pod("shop", "run", "mover");
        cluster.add(pod);
        await().untilAsserted(() -> assertThat(wakes).hasValue(1));

        cluster.client()
                .pods()
                .inNamespace("shop")
                .withName("pod-run")
                .edit(p -> new PodBuilder(p)
                        .withNewStatus()
                        .withPhase("Succeeded")
                        .endStatus()
                        .build());
        await().untilAsserted(() -> assertThat(wakes).hasValue(2));
    }

    @Test
    void wakesNoRunOfAnotherNamespaceAndNoneThatIsOver() {
        AtomicInteger last = new AtomicInteger();
        watch.add("last", "run", last::incrementAndGet);
        cluster.add(pod("other", "run", "mover"));
        cluster.add(pod("shop", "run", "application"));
        watch.remove("shop", "run");
        cluster.add(pod("shop", "run", "mover"));

        cluster.add(pod("last", "run", "mover"));
        await().untilAsserted(() -> assertThat(last).hasValue(1));
        assertThat(wakes).hasValue(0);
    }

    private static Pod pod(String namespace, String run, String component) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName((component.equals("mover") ? "pod-" : "app-") + run)
                .addToLabels(Api.RUN, run)
                .addToLabels(Api.COMPONENT, component)
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .withNewStatus()
                .endStatus()
                .build();
    }
}
