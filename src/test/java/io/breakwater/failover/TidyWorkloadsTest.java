package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlanSpec.CronJobs;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.RestoreStatus;
import io.breakwater.gate.GateRules;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What starts on the site that takes over is the application of the point. */
class TidyWorkloadsTest {
    @TempDir
    Path directory;

    private TwoSites sites;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory);
        sites.settled();
        sites.west.history = new RestoreStatus.History();
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    @Test
    void runsNoJobAgainThatHadEnded() {
        add("{apiVersion: batch/v1, kind: Job, metadata: {name: load}, spec: {template: {}}}");
        add("{apiVersion: batch/v1, kind: Job, metadata: {name: index}, spec: {template: {}}}");
        sites.west.history.endedJobs = List.of("load");
        takeOver();

        assertThat(job("load").getSpec().getSuspend()).isTrue();
        assertThat(job("index").getSpec().getSuspend()).isNull();
    }

    @Test
    void skipsScheduledTimesThatTheOtherSiteMayHaveServed() {
        cronJob("2020-01-01T03:00:00Z");
        Instant before = Instant.now().minusSeconds(1);
        takeOver();
        assertThat(Instant.parse(lastScheduled())).isAfterOrEqualTo(before.minusSeconds(1));
    }

    @Test
    void catchesUpFromTheLastTimeOfThePoint() {
        cronJob("2020-01-01T03:00:00Z");
        RestoreStatus.Schedule served = new RestoreStatus.Schedule();
        served.name = "invoices";
        served.lastScheduleTime = "2020-01-02T03:00:00Z";
        sites.west.history.cronJobs = List.of(served);
        sites.west.edit(s -> s.cronJobs = CronJobs.CatchUp);
        takeOver();
        assertThat(lastScheduled()).isEqualTo("2020-01-02T03:00:00Z");
    }

    @Test
    void holdsWorkloadsThatThePointDoesNotHave() {
        add(
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: old}, spec: {replicas: 0}, status: {observedGeneration: 1}}");
        heldPod("old-5d4f-x", "ReplicaSet", "old-5d4f");
        sites.west.history.absent = List.of("Deployment/old");
        takeOver();
        heldPod("old-5d4f-y", "ReplicaSet", "old-5d4f");
        sites.west.reconcile();

        assertThat(sites.west.gate.limit(TwoSites.NS, "absent/shop")).hasValue(List.of("Deployment/old"));
        assertThat(GateRules.isHeld(pod("old-5d4f-y"))).isTrue();
        assertThat(tidied()).contains("Deployment/old");
        sites.until("west is ready", () -> sites.west.status().holds(Condition.READY));
        assertThat(sites.west.status().condition(Condition.READY).orElseThrow().message)
                .contains("Deployment/old");

        sites.west
                .client()
                .apps()
                .deployments()
                .inNamespace(TwoSites.NS)
                .withName("old")
                .delete();
        sites.west.reconcile();
        assertThat(sites.west.gate.holders(TwoSites.NS)).isEmpty();
    }

    @Test
    void startsNoPodOfAnEarlierTemplate() {
        add(
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1}, status: {observedGeneration: 1}}");
        replicaSet("web-1", 1);
        replicaSet("web-2", 2);
        heldPod("web-1-x", "ReplicaSet", "web-1");
        heldPod("db-0", "StatefulSet", "db");
        takeOver();

        assertThat(pod("db-0")).as("its controller creates it again").isNull();
        assertThat(pod("web-1-x")).isNull();
        assertThat(replicas("web-1")).isZero();
        assertThat(replicas("web-2")).isEqualTo(1);
    }

    private void takeOver() {
        sites.west.edit(s -> s.activeSite = "west");
        sites.until(
                "west has tidied",
                () -> sites.west.lease().heldBy("west")
                        && sites.west.status().journal.stream()
                                .anyMatch(e -> e.step.equals("Tidy") && e.state == JournalEntry.State.Done));
    }

    private String tidied() {
        return sites.west.status().journal.stream()
                .filter(e -> e.step.equals("Tidy"))
                .findFirst()
                .orElseThrow()
                .message;
    }

    private void cronJob(String last) {
        add("{apiVersion: batch/v1, kind: CronJob, metadata: {name: invoices}, spec: {schedule: '*/10 * * * *'},"
                + " status: {lastScheduleTime: '" + last + "'}}");
    }

    private String lastScheduled() {
        return sites.west
                .client()
                .batch()
                .v1()
                .cronjobs()
                .inNamespace(TwoSites.NS)
                .withName("invoices")
                .get()
                .getStatus()
                .getLastScheduleTime();
    }

    private void replicaSet(String name, int revision) {
        add(
                "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: " + name
                        + ", annotations: {deployment.kubernetes.io/revision: '" + revision + "'}, ownerReferences:"
                        + " [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]}, spec: {replicas: 1}}");
    }

    private int replicas(String name) {
        return sites.west
                .client()
                .apps()
                .replicaSets()
                .inNamespace(TwoSites.NS)
                .withName(name)
                .get()
                .getSpec()
                .getReplicas();
    }

    private void heldPod(String name, String kind, String owner) {
        add("{apiVersion: v1, kind: Pod, metadata: {name: " + name + ", labels: {breakwater.io/standby: 'true'},"
                + " ownerReferences: [{apiVersion: apps/v1, kind: " + kind + ", name: " + owner
                + ", uid: u, controller: true}]}, spec: {schedulingGates: [{name: breakwater.io/standby}]}}");
    }

    private io.fabric8.kubernetes.api.model.Pod pod(String name) {
        return sites.west
                .client()
                .pods()
                .inNamespace(TwoSites.NS)
                .withName(name)
                .get();
    }

    private io.fabric8.kubernetes.api.model.batch.v1.Job job(String name) {
        return sites.west
                .client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(TwoSites.NS)
                .withName(name)
                .get();
    }

    private void add(String yaml) {
        HasMetadata object = Serialization.unmarshal("---\n" + yaml);
        object.getMetadata().setNamespace(TwoSites.NS);
        sites.west.api.add(object);
    }
}
