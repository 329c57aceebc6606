package io.breakwater.resource.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.ObjectRule;
import io.breakwater.resource.FakeApiServer;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Claims, and so volumes, that a policy captures. */
class CaptureScopeTest {
    private final Source source = new Source();
    private FakeApiServer server;

    @BeforeEach
    void start() throws IOException {
        server = new FakeApiServer().serveUsual();
        server.serve("apps/v1", "DaemonSet", "daemonsets", true);
        server.serve("batch/v1", "CronJob", "cronjobs", true);
        server.put("/api/v1/namespaces/shop/pods", """
            {'metadata':{'name':'web-1','labels':{'app':'web'}},
             'spec':{'volumes':[{'name':'a','persistentVolumeClaim':{'claimName':'uploads'}},{'name':'b','emptyDir':{}}]}}\
            """);
        server.put("/api/v1/namespaces/shop/pods", """
            {'metadata':{'name':'db-1','labels':{'app':'db'}},
             'spec':{'volumes':[{'name':'a','persistentVolumeClaim':{'claimName':'pgdata'}}]}}\
            """);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void includesEveryClaimWithoutASource() {
        assertThat(CaptureScope.claims(server.client(), "shop", null).test(claim("pgdata", Map.of())))
                .isTrue();
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void selectsClaimsByOwnLabelsOrLabelsOfTheirPods() {
        source.labelSelector =
                new LabelSelectorBuilder().addToMatchLabels("app", "web").build();

        assertThat(taken(claim("uploads", Map.of()))).isTrue();
        assertThat(taken(claim("cache", Map.of("app", "web")))).isTrue();
        assertThat(taken(claim("pgdata", Map.of()))).isFalse();
    }

    /** The workload is captured by its label, so its data must be, too. */
    @Test
    void selectsClaimsOfWorkloadsThatHaveNoPods() {
        source.labelSelector =
                new LabelSelectorBuilder().addToMatchLabels("app", "idle").build();
        String idle = "'metadata':{'name':'idle','namespace':'shop','labels':{'app':'idle'}}";
        server.put(
                "/apis/apps/v1/namespaces/shop/deployments",
                "{" + idle + ",'spec':{'replicas':0,'template':" + mounting("files") + "}}");
        server.put(
                "/apis/batch/v1/namespaces/shop/cronjobs",
                "{" + idle + ",'spec':{'jobTemplate':{'spec':{'template':" + mounting("reports") + "}}}}");
        server.put(
                "/apis/apps/v1/namespaces/shop/statefulsets",
                "{" + idle + ",'spec':{'replicas':0,'template':" + mounting("shared")
                        + ",'volumeClaimTemplates':[{'metadata':{'name':'www'}}]}}");

        for (String name : List.of("files", "reports", "shared", "www-idle-0", "www-idle-12")) {
            assertThat(taken(claim(name, Map.of()))).as(name).isTrue();
        }
        for (String name : List.of("pgdata", "www-idle", "www-idle-x", "xwww-idle-0")) {
            assertThat(taken(claim(name, Map.of()))).as(name).isFalse();
        }
    }

    private static String mounting(String claim) {
        return "{'spec':{'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'" + claim + "'}}]}}";
    }

    @Test
    void includesAndExcludesClaimsByRules() {
        ObjectRule some = new ObjectRule();
        some.names = List.of("cache");
        source.exclude = List.of(some);
        assertThat(taken(claim("cache", Map.of()))).isFalse();
        assertThat(taken(claim("uploads", Map.of()))).isTrue();

        ObjectRule only = new ObjectRule();
        only.kinds = List.of("deployments.apps");
        source.include = List.of(only);
        assertThat(taken(claim("uploads", Map.of()))).isFalse();
    }

    private boolean taken(PersistentVolumeClaim claim) {
        Predicate<PersistentVolumeClaim> claims = CaptureScope.claims(server.client(), "shop", source);
        return claims.test(claim);
    }

    private static PersistentVolumeClaim claim(String name, Map<String, String> labels) {
        return new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(labels)
                .endMetadata()
                .build();
    }
}
