package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.resource.FakeApiServer;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A Job without a pod reports the reason, which only its events have. */
class MoverPodsTest {
    private FakeApiServer cluster;
    private MoverPods pods;

    @BeforeEach
    void start() throws IOException {
        cluster = new FakeApiServer().serve("v1", "Pod", "pods", true).serve("v1", "Event", "events", true);
        pods = new MoverPods(cluster.client());
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void reportsWhyAJobHasNoPod() {
        assertThat(pods.describe(job(), null)).isEqualTo("no pod yet");
        event("other", "another", "Warning", "FailedCreate", "not of this Job");
        event("started", "job", "Normal", "SuccessfulCreate", "not a failure");
        assertThat(pods.describe(job(), null)).isEqualTo("no pod yet");

        event(
                "refused",
                "job",
                "Warning",
                "FailedCreate",
                "Error creating: pods are forbidden: violates PodSecurity restricted");
        assertThat(pods.describe(job(), null))
                .isEqualTo(
                        "the pod could not be created: FailedCreate: Error creating: pods are forbidden: violates PodSecurity"
                                + " restricted; movers run without root if the namespace has annotation"
                                + " breakwater.io/privileged-movers=false");
    }

    /** Users of the namespace can create events, too. */
    @Test
    void boundsTheTextOfAnEvent() {
        event("long", "job", "Warning", "FailedCreate", "x".repeat(1000));

        assertThat(pods.describe(job(), null)).endsWith("x…").hasSizeLessThan(450);
    }

    private static Job job() {
        return new JobBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("job")
                .withUid("uid-of-job")
                .endMetadata()
                .build();
    }

    private void event(String name, String job, String type, String reason, String message) {
        cluster.put("/api/v1/namespaces/shop/events", """
                {"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "%s"},
                 "involvedObject": {"kind": "Job", "name": "job", "uid": "uid-of-%s"}, "type": "%s", "reason": "%s",
                 "message": "%s"}
                """.formatted(name, job, type, reason, message));
    }
}
