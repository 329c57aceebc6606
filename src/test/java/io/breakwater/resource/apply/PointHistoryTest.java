package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PointHistoryTest {
    private ApplyFixture scene;

    @BeforeEach
    void open() throws IOException {
        scene = new ApplyFixture();
        scene.server.serve("batch/v1", "CronJob", "cronjobs", true);
        scene.server.serve("batch/v1", "Job", "jobs", true);
        scene.server.serve("apps/v1", "StatefulSet", "statefulsets", true);
        scene.server.serve("apps/v1", "DaemonSet", "daemonsets", true);
        scene.server.serve("apps/v1", "ReplicaSet", "replicasets", true);
        scene.server.serve("v1", "Pod", "pods", true);
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void findsSchedulesEndedJobsAndAbsentWorkloads() throws IOException {
        scene.archive(
                "batch/v1",
                "CronJob",
                "cronjobs.batch",
                "invoices",
                "'status':{'lastScheduleTime':'2026-01-02T03:00:00Z'}");
        scene.archive("batch/v1", "CronJob", "cronjobs.batch", "never", "'status':{}");
        scene.archive(
                "batch/v1",
                "Job",
                "jobs.batch",
                "load",
                "'status':{'conditions':[{'type':'Complete','status':'True'}]}");
        scene.archive("batch/v1", "Job", "jobs.batch", "index", "'status':{'active':1}");
        scene.deployment("web", "'spec':{}");
        scene.server.put(ApplyFixture.APPS + "deployments", ApplyFixture.object("apps/v1", "Deployment", "web", ""));
        scene.server.put(ApplyFixture.APPS + "deployments", ApplyFixture.object("apps/v1", "Deployment", "old", ""));

        PointHistory history = new ResourceApply(scene.server.client()).history(scene.request());

        assertThat(history.schedules()).containsOnlyKeys("invoices").containsValue("2026-01-02T03:00:00Z");
        assertThat(history.endedJobs()).containsExactly("load");
        assertThat(history.absent()).containsExactly("Deployment/old");
    }
}
