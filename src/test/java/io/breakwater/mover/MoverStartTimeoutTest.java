package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.MoverSettings;
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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Movers that cannot start fail with the cause, and movers that wait for others do not. */
class MoverStartTimeoutTest {
    private static final Duration LIMIT = Duration.ofMinutes(15);

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final HandClock clock = new HandClock();
    private final MoverJobs movers = new MoverJobs(
            cluster.client(),
            TestConfig.of(Map.of("breakwater.site", "east", "breakwater.mover.image", "mover")),
            TestRepositories.with(() -> List.of("current")),
            clock);

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Pod Security, a quota of pods, or an admission webhook refuse the pod. */
    @Test
    void failsWithTheRefusalOfThePod() {
        MoverJobs.Request request = request("run", "a");
        movers.poll(request);
        event(job(request), "Warning", "FailedCreate", "violates PodSecurity \"restricted:latest\"", 1);
        event(job(request), "Normal", "Resumed", "Job resumed", 2);

        pass(LIMIT);
        assertThat(message(movers.poll(request)))
                .contains("violates PodSecurity")
                .doesNotContain("Resumed");
        pass(Duration.ofSeconds(1));

        assertThat(movers.poll(request))
                .isInstanceOfSatisfying(
                        MoverJobs.State.Failed.class,
                        f -> assertThat(f.message())
                                .contains("no mover could start within 15m")
                                .contains("violates PodSecurity"));
    }

    /** The claim of the pod has the cause: the pod only reports that its claim is not bound. */
    @Test
    void reportsTheWarningOfTheClaimBeforeNewerNormalEvents() {
        MoverJobs.Request request = request("run", "a");
        movers.poll(request);
        pod(request, "Pending", "pod has unbound immediate PersistentVolumeClaims");
        var claim = new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("a")
                .endMetadata()
                .withNewSpec()
                .withStorageClassName("gone")
                .endSpec()
                .withNewStatus()
                .withPhase("Pending")
                .endStatus()
                .build();
        HasMetadata created = cluster.client().resource(claim).create();
        event(created, "Warning", "ProvisioningFailed", "storageclass \"gone\" not found", 1);
        event(created, "Normal", "ExternalProvisioning", "verify that the provisioner is running", 2);

        assertThat(message(movers.poll(request)))
                .contains("unbound immediate")
                .contains("claim a is Pending (StorageClass gone): ProvisioningFailed: storageclass \"gone\" not found")
                .doesNotContain("verify that");
    }

    /** longhorn and others report a volume that cannot be attached only as a warning of the pod. */
    @Test
    void reportsTheWarningOfAPodThatHasANode() {
        MoverJobs.Request request = request("run", "a");
        movers.poll(request);
        HasMetadata pod = pod(request, "Pending", null);
        event(pod, "Warning", "FailedMount", "MountVolume.SetUp failed for volume pvc-1", 1);
        event(pod, "Normal", "Scheduled", "assigned to node", 2);

        assertThat(message(movers.poll(request))).contains("FailedMount: MountVolume.SetUp failed");
    }

    @Test
    void reportsAnImageThatCannotBePulled() {
        MoverJobs.Request request = request("run", "a");
        movers.poll(request);
        cluster.add(new PodBuilder(podOf(request, "Pending"))
                .editStatus()
                .addNewContainerStatus()
                .withName("mover")
                .withNewState()
                .withNewWaiting("Back-off pulling image \"registry/mover:9\"", "ImagePullBackOff")
                .endState()
                .endContainerStatus()
                .endStatus()
                .build());

        assertThat(message(movers.poll(request)))
                .contains("ImagePullBackOff: Back-off pulling image \"registry/mover:9\"");
    }

    @Test
    void waitsWhileAnotherMoverOfTheRunWorks() {
        MoverJobs.Request waiting = request("run", "a");
        MoverJobs.Request working = request("run", "b");
        movers.poll(waiting);
        movers.poll(working);
        pod(waiting, "Pending", "0/3 nodes are available: node(s) had untolerated taint");
        pod(working, "Running", null);

        pass(Duration.ofHours(2));

        assertThat(movers.poll(waiting)).isInstanceOf(MoverJobs.State.Running.class);
    }

    /** The pods of the first volumes of a run stay until all are moved. */
    @Test
    void failsAfterOtherMoversOfTheRunHaveEnded() {
        MoverJobs.Request waiting = request("run", "a");
        movers.poll(waiting);
        pod(waiting, "Pending", "0/3 nodes are available: node(s) had untolerated taint");
        pod(request("run", "b"), "Succeeded", null);

        pass(LIMIT.plusSeconds(1));

        assertThat(movers.poll(waiting)).isInstanceOf(MoverJobs.State.Failed.class);
    }

    @Test
    void waitsForTheNodeThatAMoverOfAnotherRunUses() {
        MoverJobs.Request waiting = request("run", "a");
        MoverJobs.Request working = request("other", "b");
        movers.poll(waiting);
        movers.poll(working);
        HasMetadata pod = pod(waiting, "Pending", "0/3 nodes are available: 3 Insufficient cpu");
        pod(working, "Running", null);

        pass(Duration.ofHours(2));
        movers.poll(working);
        assertThat(movers.poll(waiting)).isInstanceOf(MoverJobs.State.Running.class);

        cluster.client().resource(pod).delete();
        pod(waiting, "Pending", "0/3 nodes are available: 3 node(s) had untolerated taint");
        pass(Duration.ofHours(2));
        movers.poll(working);
        assertThat(movers.poll(waiting))
                .as("no end of the other mover removes the taint")
                .isInstanceOf(MoverJobs.State.Failed.class);
    }

    /** The sidecar of a service mesh runs for ever, so the Job never ends. */
    @Test
    void endsWithTheMoverInAPodWithASidecar() {
        MoverJobs.Request request = request("run", "a");
        movers.poll(request);
        cluster.add(new PodBuilder(podOf(request, "Running"))
                .editStatus()
                .addNewContainerStatus()
                .withName("istio-proxy")
                .withNewState()
                .withNewRunning()
                .endRunning()
                .endState()
                .endContainerStatus()
                .addNewContainerStatus()
                .withName("mover")
                .withNewState()
                .withNewTerminated()
                .withExitCode(41)
                .withMessage("exit 41: no connection")
                .endTerminated()
                .endState()
                .endContainerStatus()
                .endStatus()
                .build());

        assertThat(movers.poll(request))
                .isInstanceOfSatisfying(
                        MoverJobs.State.Failed.class,
                        f -> assertThat(f.message()).contains("exit 41: no connection"));
    }

    /** A sidecar that ends with success before the mover has no result of the task. */
    @Test
    void takesNoResultFromAnotherContainer() {
        MoverJobs.Request request = request("run", "a");
        movers.poll(request);
        cluster.add(new PodBuilder(podOf(request, "Running"))
                .editStatus()
                .addNewContainerStatus()
                .withName("other")
                .withNewState()
                .withNewTerminated()
                .withExitCode(0)
                .withMessage("{\"snapshot_id\": \"forged\"}")
                .endTerminated()
                .endState()
                .endContainerStatus()
                .addNewContainerStatus()
                .withName("mover")
                .withNewState()
                .withNewRunning()
                .endRunning()
                .endState()
                .endContainerStatus()
                .endStatus()
                .build());

        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Running.class);
    }

    private static String message(MoverJobs.State state) {
        return ((MoverJobs.State.Running) state).message();
    }

    private void pass(Duration time) {
        clock.pass(time);
    }

    private static MoverJobs.Request request(String run, String claim) {
        return new MoverJobs.Request(
                "shop",
                run,
                claim,
                new MoverTask.Fill(claim, "/volumes/" + claim, "ab".repeat(32)),
                new Repositories.Access(
                        null, TestRegister.of("east", "shop"), Repositories.Mode.READ, Optional.empty()),
                new MoverSettings());
    }

    private Job job(MoverJobs.Request request) {
        return cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace("shop")
                .withName(RunNames.of(request.id()))
                .get();
    }

    private HasMetadata pod(MoverJobs.Request request, String phase, String unscheduled) {
        PodBuilder pod = new PodBuilder(podOf(request, phase));
        if (unscheduled != null) {
            pod.editStatus()
                    .addNewCondition()
                    .withType("PodScheduled")
                    .withStatus("False")
                    .withMessage(unscheduled)
                    .endCondition()
                    .endStatus();
        }
        return cluster.client().resource(pod.build()).create();
    }

    private static Pod podOf(MoverJobs.Request request, String phase) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("pod-" + request.id())
                .addToLabels("batch.kubernetes.io/job-name", RunNames.of(request.id()))
                .addToLabels(Api.RUN, request.run())
                .endMetadata()
                .withNewStatus()
                .withPhase(phase)
                .endStatus()
                .build();
    }

    private void event(HasMetadata object, String type, String reason, String message, int minute) {
        cluster.add(new EventBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(reason.toLowerCase() + "." + minute)
                .endMetadata()
                .withNewInvolvedObject()
                .withName(object.getMetadata().getName())
                .withUid(object.getMetadata().getUid())
                .endInvolvedObject()
                .withType(type)
                .withReason(reason)
                .withMessage(message)
                .withLastTimestamp("2090-01-01T00:0" + minute + ":00Z")
                .build());
    }
}
