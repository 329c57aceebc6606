package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.TestRepositories;
import io.breakwater.location.HandClock;
import io.breakwater.location.TestRegister;
import io.breakwater.steps.RunNames;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each cause that stops a mover is reported with the newest warning and a way out, and ends the wait. */
class MoverWarningsTest {
    private static final BreakwaterConfig CONFIG =
            TestConfig.of(Map.of("breakwater.site", "east", "breakwater.mover.image", "mover"));
    private static final MoverJobs.Request REQUEST = new MoverJobs.Request(
            "shop",
            "run",
            "id",
            new MoverTask.Fill("data", "/volumes/data", "ab".repeat(32)),
            new Repositories.Access(null, TestRegister.of("east", "shop"), Repositories.Mode.READ, Optional.empty()));
    private static final String NAME = RunNames.of("id");

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final HandClock clock = new HandClock();
    private final MoverJobs movers =
            new MoverJobs(cluster.client(), CONFIG, TestRepositories.with(() -> List.of("current")), clock);
    private int events;

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Admission refuses the pod of the Job, and only events of the Job report it. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "admission webhook \"validate.kyverno.svc-fail\" denied the request: policy Pod/shop/x for resource violation: require-ro-rootfs"
                        + "|exempt pods with label breakwater.io/component=mover",
                "admission webhook \"validation.gatekeeper.sh\" denied the request: [must-have-owner] you must provide labels: {\"owner\"}"
                        + "|exempt pods with label breakwater.io/component=mover",
                "Internal error occurred: failed calling webhook \"validate.kyverno.svc-fail\": context deadline exceeded|repair or remove this webhook",
                "pods \"x\" is forbidden: minimum cpu usage per Container is 100m, but request is 50m|change the LimitRange of the namespace, or the cpu",
                "pods \"x\" is forbidden: minimum memory usage per Container is 256Mi, but request is 64Mi|change the LimitRange of the namespace, or the memory",
                "pods \"x\" is forbidden: exceeded quota: team, requested: pods=1, used: pods=5, limited: pods=5|increase pods of ResourceQuota team",
                "pods \"x\" is forbidden: failed quota: team: must specify limits.cpu for: mover|create a LimitRange with defaults",
                "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true|annotation breakwater.io/privileged-movers=false"
            })
    void reportsWhyThePodIsRefused(String warning, String wayOut) {
        movers.poll(REQUEST);
        event(job(), "Warning", "FailedCreate", "an older warning");
        event(job(), "Warning", "FailedCreate", "Error creating: " + warning);
        event(job(), "Normal", "SuccessfulCreate", "Created pod");

        failsWith("FailedCreate: Error creating: " + warning, wayOut);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0/8 nodes are available: 2 node(s) had untolerated taint {CriticalAddonsOnly: true}, 6 node(s) had untolerated taint {kubernetes.azure.com/scalesetpriority: spot}"
                        + "|set spec.volumes.mover.tolerations of the policy",
                "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available"
                        + "|compare spec.volumes.mover.nodeSelector of the policy and the zone of the volume"
            })
    void reportsWhyNoNodeAcceptsThePod(String scheduler, String wayOut) {
        movers.poll(REQUEST);
        cluster.add(new PodBuilder(pod("Pending"))
                .editStatus()
                .addNewCondition()
                .withType("PodScheduled")
                .withStatus("False")
                .withReason("Unschedulable")
                .withMessage(scheduler)
                .endCondition()
                .endStatus()
                .build());

        failsWith(scheduler, wayOut);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ImagePullBackOff|Back-off pulling image \"registry/mover:9\": unauthorized",
                "ErrImageNeverPull|Container image \"registry/mover:9\" is not present with pull policy of Never",
                "ErrImagePull|x509: certificate signed by unknown authority"
            })
    void reportsWhyTheImageIsMissing(String reason, String kubelet) {
        movers.poll(REQUEST);
        cluster.add(new PodBuilder(pod("Pending"))
                .editStatus()
                .addNewContainerStatus()
                .withName("mover")
                .withNewState()
                .withNewWaiting(kubelet, reason)
                .endState()
                .endContainerStatus()
                .endStatus()
                .build());

        failsWith(reason + ": " + kubelet, "check Helm value mover.image, and its pullSecrets");
    }

    /** The scheduler found a node, and the volume does not come there. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "FailedAttachVolume|Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) postgres-1|wait until the other node releases the volume",
                "FailedMount|MountVolume.MountDevice failed for volume \"pvc-1\": mount failed: exit status 32|exit status 32"
            })
    void reportsWhyTheVolumeIsNotMounted(String reason, String kubelet, String wayOut) {
        movers.poll(REQUEST);
        HasMetadata pod = cluster.client()
                .resource(new PodBuilder(pod("Pending"))
                        .editStatus()
                        .addNewContainerStatus()
                        .withName("mover")
                        .withNewState()
                        .withNewWaiting(null, "ContainerCreating")
                        .endState()
                        .endContainerStatus()
                        .endStatus()
                        .build())
                .create();
        event(pod, "Warning", reason, kubelet);
        event(pod, "Normal", "Scheduled", "assigned to node");

        failsWith(reason + ": " + kubelet, wayOut);
    }

    /** The claim waits for the pod, so the pod has the cause. */
    @Test
    void reportsThePodAndNotAClaimThatWaitsForIt() {
        movers.poll(REQUEST);
        HasMetadata claim = cluster.client()
                .resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName("data")
                        .endMetadata()
                        .withNewSpec()
                        .withStorageClassName("local")
                        .endSpec()
                        .withNewStatus()
                        .withPhase("Pending")
                        .endStatus()
                        .build())
                .create();
        event(claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
        cluster.add(new PodBuilder(pod("Pending"))
                .editStatus()
                .addNewCondition()
                .withType("PodScheduled")
                .withStatus("False")
                .withMessage("0/3 nodes are available: 3 node(s) had untolerated taint {pool: apps}")
                .endCondition()
                .endStatus()
                .build());

        assertThat(message()).contains("untolerated taint {pool: apps}").doesNotContain("claim data is Pending");

        event(claim, "Warning", "ProvisioningFailed", "failed to provision volume with StorageClass \"local\"");
        assertThat(message()).contains("claim data is Pending (StorageClass local): ProvisioningFailed");
    }

    /** The kubelet does not report any more, so the pod stays Running, and the Job creates no other one. */
    @Test
    void endsTheWaitForAPodOnALostNode() {
        movers.poll(REQUEST);
        HasMetadata pod = cluster.client().resource(lost()).create();
        event(pod, "Normal", "Started", "Started container mover");
        event(pod, "Warning", "NodeNotReady", "Node is not ready");
        assertThat(message()).contains("is Running: NodeNotReady: Node is not ready; if the node does not return");
        clock.pass(CONFIG.mover().start().plusSeconds(1));
        assertThat(movers.poll(REQUEST)).as("the node may return").isInstanceOf(MoverJobs.State.Running.class);

        cluster.client().resource(pod).delete();
        failsWith("is Running and is being deleted: NodeNotReady: Node is not ready", "delete the pod with --force");
    }

    /** A node rejects or evicts a pod before the mover writes a message. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "OutOfmemory|Pod was rejected: Node didn't have enough resource: memory, requested: 134217728, used: 7450967334, capacity: 7463321600",
                "Evicted|The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 900Mi"
            })
    void reportsWhyTheNodeRejectedThePod(String reason, String kubelet) {
        cluster.add(failedJob("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
        cluster.add(new PodBuilder(pod("Failed"))
                .editStatus()
                .withReason(reason)
                .withMessage(kubelet)
                .endStatus()
                .build());

        assertThat(movers.poll(REQUEST))
                .isInstanceOfSatisfying(
                        MoverJobs.State.Failed.class,
                        f -> assertThat(f.message()).contains("failed: " + reason + ": " + kubelet));
    }

    @Test
    void reportsTheDeadlineOfAJobWithoutAPod() {
        cluster.add(failedJob("DeadlineExceeded", "Job was active longer than specified deadline"));

        assertThat(movers.poll(REQUEST))
                .isInstanceOfSatisfying(
                        MoverJobs.State.Failed.class,
                        f -> assertThat(f.message())
                                .contains("DeadlineExceeded: Job was active longer than specified deadline"));
    }

    /** The quota of objects refuses the Job itself. */
    @Test
    void reportsTheQuotaThatRefusesTheJob() {
        cluster.refuse(
                "POST",
                "/jobs",
                403,
                "jobs.batch \"x\" is forbidden: exceeded quota: jobs, requested:"
                        + " count/jobs.batch=1, used: count/jobs.batch=3, limited: count/jobs.batch=3");

        assertThatThrownBy(() -> movers.poll(REQUEST))
                .hasMessageContaining("could not create mover Job shop/")
                .hasMessageContaining("increase count/jobs.batch of ResourceQuota jobs")
                .message()
                .doesNotContain("Failure executing", "http://");
    }

    private void failsWith(String cause, String wayOut) {
        assertThat(message()).contains(cause).contains(wayOut);
        clock.pass(CONFIG.mover().start());
        assertThat(movers.poll(REQUEST)).isInstanceOf(MoverJobs.State.Running.class);
        clock.pass(Duration.ofSeconds(1));
        assertThat(movers.poll(REQUEST))
                .isInstanceOfSatisfying(
                        MoverJobs.State.Failed.class,
                        f -> assertThat(f.message())
                                .startsWith("no mover could start within 15m: ")
                                .contains(cause)
                                .contains(wayOut));
    }

    private String message() {
        return ((MoverJobs.State.Running) movers.poll(REQUEST)).message();
    }

    private Job job() {
        return cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace("shop")
                .withName(NAME)
                .get();
    }

    private static Job failedJob(String reason, String message) {
        return new JobBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(NAME)
                .endMetadata()
                .withNewStatus()
                .addNewCondition()
                .withType("Failed")
                .withStatus("True")
                .withReason(reason)
                .withMessage(message)
                .endCondition()
                .endStatus()
                .build();
    }

    private static Pod lost() {
        return new PodBuilder(pod("Running"))
                .editMetadata()
                .withFinalizers("batch.kubernetes.io/job-tracking")
                .endMetadata()
                .editStatus()
                .addNewCondition()
                .withType("Ready")
                .withStatus("False")
                .endCondition()
                .endStatus()
                .build();
    }

    private static Pod pod(String phase) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("pod")
                .addToLabels("batch.kubernetes.io/job-name", NAME)
                .addToLabels(Api.RUN, "run")
                .endMetadata()
                .withNewStatus()
                .withPhase(phase)
                .endStatus()
                .build();
    }

    /** Each event is newer than the ones before. */
    private void event(HasMetadata object, String type, String reason, String message) {
        events++;
        cluster.add(new EventBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("event-" + events)
                .endMetadata()
                .withNewInvolvedObject()
                .withName(object.getMetadata().getName())
                .withUid(object.getMetadata().getUid())
                .endInvolvedObject()
                .withType(type)
                .withReason(reason)
                .withMessage(message)
                .withLastTimestamp("2090-01-01T00:00:%02dZ".formatted(events))
                .build());
    }
}
