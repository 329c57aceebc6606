package io.breakwater.gateway;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.gateway.TokenReviewer.Caller;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A ticket ends with the Job that it was signed for, and no other pod can use it. */
class TicketOwnerCheckTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private long nanos;
    private final KubernetesClient client = new KubernetesClientBuilder()
            .withConfig(new ConfigBuilder(cluster.client().getConfiguration())
                    .withRequestRetryBackoffLimit(0)
                    .build())
            .build();
    private final TicketOwnerCheck check = new TicketOwnerCheck(client, () -> nanos);
    private final Job job = cluster.client().resource(job(false)).create();
    private final Pod pod =
            cluster.client().resource(pod("mover-x", uid(), true)).create();

    @AfterEach
    void close() {
        client.close();
        cluster.close();
    }

    @Test
    void admitsPodsOfARunningJob() {
        assertThatCode(this::use).doesNotThrowAnyException();
    }

    @Test
    void refusesPodsThatTheJobDoesNotControl() {
        cluster.add(pod("stray", "another uid", true), pod("guest", uid(), false));

        for (String name : new String[] {"stray", "guest"}) {
            Pod other =
                    cluster.client().pods().inNamespace("shop").withName(name).get();
            assertThatThrownBy(() -> check.check(
                            ticket(),
                            new Caller("user", name, other.getMetadata().getUid()),
                            true))
                    .hasMessageContaining("pod " + name + " may not use the ticket of Job shop/mover");
        }
        assertThatThrownBy(() -> check.check(ticket(), new Caller("user", "mover-x", "uid of an earlier pod"), true))
                .hasMessageContaining("may not use the ticket");
    }

    @Test
    void refusesTicketsAfterTheJob() {
        refuses("Complete", j -> j.getStatus().getConditions().getFirst().setType("Complete"));
        refuses("Failed", j -> j.getStatus().getConditions().getFirst().setType("Failed"));
        refuses("suspended", j -> j.getSpec().setSuspend(true));
    }

    @Test
    void refusesTicketsOfALaterJobOfTheSameName() {
        cluster.client().resource(job).delete();
        cluster.add(job(false));
        assertRefused("another uid");
    }

    @Test
    void refusesTokensOfAPodThatEnded() {
        cluster.client()
                .pods()
                .inNamespace("shop")
                .withName("mover-x")
                .edit(p -> new PodBuilder(p)
                        .withNewStatus()
                        .withPhase("Failed")
                        .endStatus()
                        .build());
        assertRefused("failed pod");
    }

    @Test
    void asksTheApiServerAgainAfterTenSeconds() {
        use();
        cluster.client().resource(job).delete();

        nanos += TicketOwnerCheck.FRESH.toNanos() - 1;
        assertThatCode(this::use).doesNotThrowAnyException();
        nanos += 1;
        assertRefused("deleted");
    }

    /** The operator stops a prune by deleting its Job. Its lock would prevent the next backups. */
    @Test
    void admitsThePodOfADeletedJobToUnlock() {
        use();
        cluster.client().resource(job).delete();
        nanos += TicketOwnerCheck.FRESH.toNanos() + 1;

        assertRefused("deleted");
        assertThatCode(this::unlock).doesNotThrowAnyException();

        cluster.client().resource(pod).delete();
        nanos += TicketOwnerCheck.FRESH.toNanos() + 1;
        assertThatThrownBy(this::unlock).hasMessageContaining("may not use the ticket");
    }

    @Test
    void outlastsAShortAbsenceOfTheApiServer() {
        use();
        cluster.close();

        nanos += TicketOwnerCheck.WITHOUT_API_SERVER.toNanos() - 1;
        assertThatCode(this::use).doesNotThrowAnyException();
        nanos += 1;
        assertThatThrownBy(this::use).isInstanceOf(KubernetesClientException.class);
    }

    private void refuses(String state, Consumer<Job> change) {
        Job changed = new JobBuilder(job(true)).build();
        change.accept(changed);
        cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace("shop")
                .withName("mover")
                .edit(j -> new JobBuilder(j)
                        .withSpec(changed.getSpec())
                        .withStatus(changed.getStatus())
                        .build());
        nanos += TicketOwnerCheck.FRESH.toNanos();
        assertRefused(state);
    }

    private void assertRefused(String state) {
        assertThatThrownBy(this::use).as(state).hasMessageContaining("may not use the ticket of Job shop/mover");
    }

    private void use() {
        check.check(ticket(), new Caller("user", "mover-x", pod.getMetadata().getUid()), false);
    }

    private void unlock() {
        check.check(ticket(), new Caller("user", "mover-x", pod.getMetadata().getUid()), true);
    }

    private Ticket ticket() {
        return TestGateway.draft("disk", Mode.READ, new Ticket.Owner(Ticket.Owner.JOB, "shop", "mover", uid()))
                .build();
    }

    private String uid() {
        return job.getMetadata().getUid();
    }

    private static Job job(boolean conditions) {
        JobBuilder job = new JobBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("mover")
                .endMetadata()
                .withNewSpec()
                .endSpec();
        return conditions
                ? job.withNewStatus()
                        .addNewCondition()
                        .withType("Suspended")
                        .withStatus("True")
                        .endCondition()
                        .endStatus()
                        .build()
                : job.build();
    }

    private static Pod pod(String name, String jobUid, boolean controlled) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(name)
                .addNewOwnerReference()
                .withApiVersion("batch/v1")
                .withKind("Job")
                .withName("mover")
                .withUid(jobUid)
                .withController(controlled)
                .endOwnerReference()
                .endMetadata()
                .build();
    }
}
