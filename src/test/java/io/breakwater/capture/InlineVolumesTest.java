package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicySpec.Source;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Data in volumes that are not claims is not in a point, and its owner must know that. */
class InlineVolumesTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void namesVolumesWithDataOfTheirOwn() {
        pod("web", "Running", "{}", """
            - {name: cache, emptyDir: {}}
            - {name: logs, hostPath: {path: /var/log/web}}
            - {name: share, nfs: {server: files.example.com, path: /srv}}
            - {name: config, configMap: {name: web}}
            - {name: data, persistentVolumeClaim: {claimName: data}}
            - {name: memory, emptyDir: {medium: Memory}}""");
        pod("db", "Running", "{}", "- {name: tmp, emptyDir: {}}");
        pod("job", "Succeeded", "{}", "- {name: old, hostPath: {path: /old}}");

        assertThat(warnings(null))
                .containsExactly(
                        "the content of 2 emptyDir volumes of pods is not in the point: db/tmp, web/cache",
                        "the content of 1 hostPath volume of pods is not in the point: web/logs",
                        "the content of 1 nfs volume of pods is not in the point: web/share");
    }

    @Test
    void respectsExclusions() {
        pod("web", "Running", "{backup.velero.io/backup-volumes-excludes: 'cache, logs'}", """
            - {name: cache, emptyDir: {}}
            - {name: logs, hostPath: {path: /var/log/web}}
            - {name: state, hostPath: {path: /state}}""");

        assertThat(warnings(null)).singleElement().asString().endsWith(": web/state");
        Source other = new Source();
        other.labelSelector =
                new LabelSelectorBuilder().addToMatchLabels("app", "other").build();
        assertThat(warnings(other)).isEmpty();
        Source listed = new Source();
        listed.include = List.of();
        assertThat(warnings(listed)).isEmpty();
    }

    /** Their data is there all the time, on the node or on the server. */
    @Test
    void namesVolumesOfWorkloadsWithoutPods() {
        String template = """
                template:
                  metadata: {labels: {app: %1$s}}
                  spec:
                    containers: []
                    volumes:
                    - {name: spool, hostPath: {path: /var/spool/%1$s}}
                    - {name: tmp, emptyDir: {}}
                """;
        cluster.add(Serialization.unmarshal("""
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: idle, namespace: shop, labels: {app: idle}}
                spec:
                  replicas: 0
                """ + template.formatted("idle").indent(2), Deployment.class));
        cluster.add(Serialization.unmarshal("""
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: busy, namespace: shop}
                spec:
                  replicas: 1
                """ + template.formatted("busy").indent(2), Deployment.class));
        cluster.add(Serialization.unmarshal("""
                apiVersion: batch/v1
                kind: CronJob
                metadata: {name: report, namespace: shop}
                spec:
                  jobTemplate:
                    spec:
                """ + template.formatted("report").indent(6), CronJob.class));

        assertThat(warnings(null))
                .containsExactly("the content of 2 hostPath volumes of pods is not in the point: CronJob report/spool,"
                        + " Deployment idle/spool");
        Source idle = new Source();
        idle.labelSelector =
                new LabelSelectorBuilder().addToMatchLabels("app", "idle").build();
        assertThat(warnings(idle)).singleElement().asString().endsWith(": Deployment idle/spool");
    }

    private List<String> warnings(Source source) {
        return InlineVolumes.warnings(cluster.client(), "shop", source);
    }

    private void pod(String name, String phase, String annotations, String volumes) {
        cluster.add(
                Serialization.unmarshal("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: shop, labels: {app: %s}, annotations: %s}
                status: {phase: %s}
                spec:
                  containers: []
                  volumes:
                %s
                """.formatted(name, name, annotations, phase, volumes.indent(2)), Pod.class));
    }
}
