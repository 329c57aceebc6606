package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.Meters;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The requests of the real clients to a server that answers as a test decides. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class StoreCallMetersTest {
    private static final int NOT_FOUND = 404;
    private static final String BLOB = "{location=\"blob\",namespace=\"ops\",";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Meters meters = new Meters(registry, Clock.systemUTC());

    /** The statuses of the next answers; later ones are 404. */
    final ConcurrentLinkedQueue<Integer> answers = new ConcurrentLinkedQueue<>();

    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            Integer next = answers.poll();
            exchange.getResponseHeaders().set("x-ms-error-code", "BlobNotFound");
            exchange.sendResponseHeaders(next == null ? NOT_FOUND : next, -1);
            exchange.close();
        });
        server.start();
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace("ops")
                        .withName("account")
                        .addToLabels("breakwater.io/location-credentials", "true")
                        .endMetadata()
                        .withData(Map.of(
                                "accountKey", encoded(encoded("key")),
                                "accessKeyId", encoded("id"),
                                "secretAccessKey", encoded("secret")))
                        .build())
                .create();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"azureBlob", "s3"})
    void countsRequestsByLocationVerbAndResult(String vendor) {
        ObjectStore store = open(vendor);
        store.head("a");
        answers.add(503);
        store.head("b");
        attempt(() -> store.list("points/", o -> {}));
        attempt(() -> store.write("c", new byte[1], Precondition.NONE));
        attempt(() -> store.delete("d"));

        assertThat(registry.scrape())
                .contains("breakwater_store_calls_total" + BLOB + "result=\"Answered\",verb=\"head\",}")
                .contains("breakwater_store_calls_total" + BLOB + "result=\"Throttled\",verb=\"head\",} 1.0")
                .contains("breakwater_store_calls_total" + BLOB + "result=\"Answered\",verb=\"list\",} 1.0")
                .contains("breakwater_store_calls_total" + BLOB + "result=\"Answered\",verb=\"put\",} 1.0")
                .contains("breakwater_store_calls_total" + BLOB + "result=\"Answered\",verb=\"delete\",} 1.0")
                .contains("breakwater_store_call_duration_seconds_bucket" + BLOB + "verb=\"head\",le=\"+Inf\",}");
    }

    /** No key of an object is a label. */
    @Test
    void hasNoMoreSeriesAfterMoreObjects() {
        ObjectStore store = open("azureBlob");
        store.head("first");
        long before = registry.scrape().lines().count();
        for (int i = 0; i < 20; i++) {
            store.head("points/east/shop/" + i);
        }
        assertThat(registry.scrape().lines().count()).isEqualTo(before);
    }

    @Test
    void countsARequestWithoutAnAnswer() {
        ObjectStore store = open("s3");
        server.stop(0);
        assertThatThrownBy(() -> store.head("a")).isInstanceOf(BreakwaterException.class);
        assertThat(registry.scrape())
                .contains("breakwater_store_calls_total" + BLOB + "result=\"Failed\",verb=\"head\",}");
    }

    @Test
    void removesTheSeriesOfADeletedLocation() {
        open("s3").head("a");
        BackupLocation other = location("s3", l -> l.getMetadata().setName("other"));
        StoreCallMeters.remove(meters, other);
        assertThat(registry.scrape()).contains("breakwater_store_calls_total" + BLOB);
        StoreCallMeters.remove(meters, location("s3", l -> {}));
        assertThat(registry.scrape()).doesNotContain("breakwater_store");
    }

    private static void attempt(Runnable call) {
        try {
            call.run();
        } catch (BreakwaterException e) {
            // The answer of this server is not that of a store.
        }
    }

    ObjectStore open(String vendor) {
        BreakwaterConfig config =
                TestConfig.of(Map.of("breakwater.namespace", "ops", "breakwater.store.allowed-endpoints", "127.0.0.1"));
        return new Stores(
                        client,
                        config,
                        StampFixture.trusting(),
                        Clock.systemUTC(),
                        new LocationEndpoints(client, config, new StoreCallMeters(meters)))
                .open(location(vendor, l -> {}));
    }

    private BackupLocation location(String vendor, Consumer<BackupLocation> change) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("blob");
        location.getMetadata().setUid("uid");
        location.getMetadata().setGeneration(1L);
        location.setSpec(new BackupLocationSpec());
        String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
        if (vendor.equals("s3")) {
            location.getSpec().s3 = new BackupLocationSpec.S3();
            location.getSpec().s3.bucket = "bucket";
            location.getSpec().s3.endpoint = endpoint;
            location.getSpec().s3.credentialsSecretRef = new NamedRef("account");
        } else {
            location.getSpec().azureBlob = new BackupLocationSpec.AzureBlob();
            location.getSpec().azureBlob.account = "account";
            location.getSpec().azureBlob.container = "container";
            location.getSpec().azureBlob.endpoint = endpoint;
            location.getSpec().azureBlob.credentialsSecretRef = new NamedRef("account");
        }
        change.accept(location);
        return location;
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
