package io.breakwater.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The generated API server behaves as a real one, as far as the client of the operator can see. */
class GeneratedApiServerTest {
    private static final Instant START = Instant.parse("2026-11-30T12:02:00Z");
    private static final String NAMESPACE = "app-100001";

    private final FleetClock clock = new FleetClock(START);
    private final GeneratedApiServer api = new GeneratedApiServer(clock);
    private final GeneratedStore store = new GeneratedStore(clock);
    private final KubernetesClient client = client(api.url());

    private static KubernetesClient client(String url) {
        Config config = new ConfigBuilder(Config.empty()).withMasterUrl(url).build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    @BeforeEach
    void addObjects() {
        new FleetObjects(3, 100, START, 1).addTo(api, List.of(store), FleetObjects.CLUSTER);
    }

    @AfterEach
    void stop() {
        client.close();
        api.close();
        store.close();
    }

    @Test
    void listsGeneratedPointsInPages() {
        List<String> names = new ArrayList<>();
        String next = null;
        do {
            var page = client.resources(RestorePoint.class)
                    .inAnyNamespace()
                    .list(new ListOptionsBuilder()
                            .withLimit(70L)
                            .withContinue(next)
                            .build());
            page.getItems()
                    .forEach(p -> names.add(p.getMetadata().getNamespace() + "/"
                            + p.getMetadata().getName()));
            next = page.getMetadata().getContinue();
        } while (next != null && !next.isEmpty());

        assertThat(names).hasSize(300).isSorted().doesNotHaveDuplicates();
        assertThat(api.counts().now()).containsEntry("list restorepoints", 5L);
    }

    @Test
    void readsAGeneratedPointAsTheOperatorDoes() {
        List<RestorePoint> points = client.resources(RestorePoint.class)
                .inNamespace(NAMESPACE)
                .list()
                .getItems();

        assertThat(points).hasSize(100).allMatch(RestorePoint::isSealed);
        RestorePoint newest = points.getLast();
        assertThat(newest.getMetadata().getName()).isEqualTo("hourly-20261130-120000");
        RestorePoint alone = client.resource(newest).get();
        assertThat(alone.getMetadata()).isEqualTo(newest.getMetadata());
        assertThat(alone.getStatus().archive).hasSize(3);
    }

    @Test
    void replacesAGeneratedPointByTheOneThatWasChanged() {
        RestorePoint point = first();

        new StatusWriter(client).update(point, RestorePointStatus.class, s -> {
            s.progress = "changed";
            s.digest = null;
        });

        RestorePoint read = client.resource(point).get();
        assertThat(read.getStatus().progress).isEqualTo("changed");
        assertThat(read.getStatus().digest).isNull();
        assertThat(client.resources(RestorePoint.class).inAnyNamespace().list().getItems())
                .hasSize(300);
    }

    @Test
    void deletesAPointWhenItsFinalizerIsRemoved() {
        RestorePoint point = first();

        client.resource(point).delete();
        assertThat(client.resource(point).get().isMarkedForDeletion()).isTrue();

        client.resource(point).edit(p -> {
            p.getMetadata().setFinalizers(List.of());
            return p;
        });
        assertThat(client.resource(point).get()).isNull();
        assertThat(client.resources(RestorePoint.class).inAnyNamespace().list().getItems())
                .hasSize(299);
    }

    @Test
    void refusesAnUpdateOfAnOlderVersion() {
        ConfigMap old =
                client.configMaps().inNamespace(NAMESPACE).withName("settings").get();
        client.resource(old)
                .edit(c -> new ConfigMapBuilder(c).addToData("a", "b").build());

        assertThatThrownBy(() -> client.resource(old).update())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        e -> assertThat(e.getCode()).isEqualTo(409));
    }

    @Test
    void sendsChangesToInformers() {
        try (SharedIndexInformer<RestorePoint> informer =
                client.resources(RestorePoint.class).inAnyNamespace().inform()) {
            assertThat(informer.getStore().list()).hasSize(300);

            FleetObjects.createPoint(api, 0, "manual");
            client.resource(first()).edit(p -> {
                p.getMetadata().setFinalizers(List.of());
                return p;
            });
            client.resource(first()).delete();

            await().until(() -> informer.getStore().getByKey("app-100000/manual") != null
                    && informer.getStore().list().size() == 300);
        }
    }

    @Test
    void answersWithMetadataAlone() throws IOException, InterruptedException {
        String accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        String body = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(
                                        URI.create(api.url() + "/apis/breakwater.io/v1alpha1/restorepoints?limit=1"))
                                .header("Accept", accept)
                                .build(),
                        BodyHandlers.ofString())
                .body();

        assertThat(body)
                .contains("\"kind\":\"PartialObjectMetadataList\"", "\"name\":\"hourly-20261126-090000\"")
                .contains("\"continue\":")
                .doesNotContain("\"spec\":", "\"status\":");
    }

    @Test
    void selectsByLabels() {
        assertThat(points("breakwater.io/policy=hourly")).isEqualTo(300);
        assertThat(points("breakwater.io/policy in (daily, weekly)")).isZero();
        assertThat(points("breakwater.io/policy,!other")).isEqualTo(300);
        assertThat(points("breakwater.io/policy!=hourly")).isZero();
    }

    private int points(String selector) {
        return client.resources(RestorePoint.class)
                .inAnyNamespace()
                .list(new ListOptionsBuilder().withLabelSelector(selector).build())
                .getItems()
                .size();
    }

    private RestorePoint first() {
        return client.resources(RestorePoint.class)
                .inAnyNamespace()
                .list()
                .getItems()
                .getFirst();
    }
}
