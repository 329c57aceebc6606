package io.breakwater.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LabelledNamesTest {
    private final InMemoryApiServer server = new InMemoryApiServer();
    private long nanos = 1;
    private final LabelledNames<Pod> names =
            new LabelledNames<>(server.client().pods().inAnyNamespace().withLabel(Api.STANDBY), Pod::new, () -> nanos);

    @AfterEach
    void stop() {
        names.stop();
        server.close();
    }

    @Test
    void listsBeforeTheStart() {
        server.add(pod("held", true), pod("other", false));

        assertThat(names.names(ObjectMeta::getName)).containsExactly("held");
        assertThat(server.reads()).hasSize(1);
    }

    @Test
    void followsTheLabelWithoutRequests() {
        server.add(pod("held", true), pod("other", false));
        names.start();
        await().until(() -> isAnswered("held"));

        server.client().resource(pod("later", true)).create();
        await().until(() -> isAnswered("held", "later"));
        server.client().resource(pod("held", true)).delete();
        await().until(() -> isAnswered("later"));
    }

    /** The connection of a watch can lose its events without an end. */
    @Test
    void noticesWithinAMinuteWhatASilentWatchDoesNotReport() {
        server.add(pod("held", true));
        names.start();
        await().until(() -> isAnswered("held"));
        server.silenceWatches();
        server.add(pod("later", true));

        nanos += Duration.ofMinutes(1).toNanos() + 1;
        assertThat(names.names(ObjectMeta::getName)).containsExactlyInAnyOrder("held", "later");
        assertThat(names.names(ObjectMeta::getName)).as("while they differ").contains("later");
    }

    private boolean isAnswered(String... expected) {
        server.reads().clear();
        return names.names(ObjectMeta::getName).stream().sorted().toList().equals(List.of(expected))
                && server.reads().isEmpty();
    }

    private static Pod pod(String name, boolean held) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(name)
                .addToLabels(held ? Api.STANDBY : "app", "true")
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .build();
    }
}
