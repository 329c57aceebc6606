package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsServer;
import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Immutability;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.DeletionSigner;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.TestStores;
import io.breakwater.store.Tombstone;
import io.breakwater.tls.TestAuthority;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How the store of a location is made from spec and Secret; no request is sent to the store. */
class StoresTest {
    private static final byte[] KEY = new byte[32];
    private static final byte[] ANOTHER = {
        1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8
    };

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.store.allowed-endpoints", "127.0.0.1"));
    private final BackupLocation location = new BackupLocation();

    @BeforeEach
    void make() {
        secret("bucket", Map.of("accessKeyId", "aWQ=", "secretAccessKey", "c2VjcmV0"));
        secret(LocationKeys.DEFAULT_SECRET, TestKeys.data(KEY));
        location.getMetadata().setNamespace(config.namespace());
        location.getMetadata().setName("bucket");
        location.getMetadata().setUid("bucket");
        location.getMetadata().setGeneration(1L);
        location.setSpec(new BackupLocationSpec());
        location.getSpec().s3 = new BackupLocationSpec.S3();
        location.getSpec().s3.bucket = "bucket";
        location.getSpec().s3.endpoint = "http://127.0.0.1:9";
        location.getSpec().s3.credentialsSecretRef = new NamedRef("bucket");
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void signsDeletionsOnlyInLocationsWithImmutability() {
        Stores stores = TestStores.of(client, config);
        assertThat(stores.open(location).removals()).isEmpty();

        location.getSpec().immutability = new Immutability();
        location.getSpec().immutability.mode = Immutability.Mode.Compliance;
        location.getSpec().immutability.period = "30d";
        location.getMetadata().setGeneration(2L);
        DeletionSigner removals = stores.open(location).removals().orElseThrow();

        ObjectInfo pack =
                new ObjectInfo(TestRegister.of("east", "shop").prefix() + "data/ab/abcd", 3, "etag", Instant.EPOCH);
        Tombstone dead = new Tombstone(1, pack.key(), 3, Tombstone.State.Dead, null, null, removals.sign(pack));
        assertThat(TestKeys.removals(KEY).isSigned(dead)).isTrue();
        assertThat(TestKeys.removals(ANOTHER).isSigned(dead)).isFalse();
    }

    @Test
    void readsNoCredentialsForAnUnknownAuthor() {
        moveLocationToShop();
        Stores stores = stores(config);
        assertThatThrownBy(() -> stores.open(location))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.AuthorLacksRight))
                .hasMessageContaining("edit it as a user with the right to get secrets/bucket in namespace shop");

        AuthorStamps stamps = StampFixture.stamps();
        stamps.sign(new Author("jane", "", List.of(), Map.of()), location);
        assertThat(stores.open(location))
                .as("whatever rights the author has now")
                .isNotNull();
        location.getSpec().s3.endpoint = "http://127.0.0.1:8";
        location.getMetadata().setGeneration(2L);
        assertThatThrownBy(() -> stores.open(location)).hasMessageContaining("is unknown");
    }

    @Test
    void signsWithTheLastKeyUntilAProbeAcceptsAnotherOne() {
        HandClock time = new HandClock();
        Stores stores = new Stores(
                client, config, StampFixture.review(client, config), time, new LocationEndpoints(client, config));
        String first = KeyRing.of(TestKeys.data(KEY)).current();
        location.setStatus(new BackupLocationStatus());
        location.getStatus().keyId = first;
        assertThat(stores.open(location).documents().currentKey()).isEqualTo(first);

        masterKey(ANOTHER);
        time.pass(Duration.ofMinutes(1));
        location.getMetadata().setGeneration(2L);
        assertThat(stores.open(location).documents().currentKey()).isEqualTo(first);
        stores.forget(location);
        assertThat(stores.open(location).documents().holds(first)).isTrue();

        location.getStatus().keyId = KeyRing.of(TestKeys.data(ANOTHER)).current();
        time.pass(Duration.ofMinutes(1));
        assertThat(stores.open(location).documents().currentKey()).isNotEqualTo(first);
    }

    private void masterKey(byte[] key) {
        client.secrets()
                .inNamespace(config.namespace())
                .withName(LocationKeys.DEFAULT_SECRET)
                .edit(s -> new SecretBuilder(s).withData(TestKeys.data(key)).build());
    }

    @Test
    void readsNoSecretWithoutTheLabel() {
        client.secrets()
                .inNamespace(config.namespace())
                .withName("bucket")
                .edit(s -> new SecretBuilder(s)
                        .editMetadata()
                        .removeFromLabels(Api.LOCATION_CREDENTIALS)
                        .endMetadata()
                        .build());
        assertThatThrownBy(() -> TestStores.of(client, config).open(location))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.SecretNotFound))
                .hasMessageContaining("kubectl label secret bucket -n " + config.namespace()
                        + " breakwater.io/location-credentials=true");
    }

    @Test
    void usesNoMasterKeyOfANamedSecretWithoutTheLabel() {
        location.getSpec().encryption = new BackupLocationSpec.Encryption();
        location.getSpec().encryption.passwordSecretRef = new NamedRef("named");
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(config.namespace())
                        .withName("named")
                        .endMetadata()
                        .withData(TestKeys.data(KEY))
                        .build())
                .create();
        assertThatThrownBy(() -> TestKeys.of(client).ring(location))
                .hasMessageContaining("spec.encryption.passwordSecretRef: Secret ")
                .hasMessageContaining("kubectl label secret named");
    }

    @Test
    void refusesABundleThatCannotBeRead() {
        location.getSpec().s3.caBundleSecretRef = new NamedRef("private-ca");
        Stores stores = TestStores.of(client, config);
        assertThatThrownBy(() -> stores.open(location))
                .hasMessageContaining(
                        "spec.s3.caBundleSecretRef: Secret " + config.namespace() + "/private-ca does not");
        secret("private-ca", Map.of("ca.crt", "bm90IGEgY2VydGlmaWNhdGU="));
        assertThatThrownBy(() -> stores.open(location))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.InvalidCaBundle))
                .hasMessageContaining("spec.s3.caBundleSecretRef: Secret " + config.namespace()
                        + "/private-ca has a value of ca.crt that cannot be used")
                .hasMessageContaining("no certificate in PEM");
        client.secrets()
                .inNamespace(config.namespace())
                .withName("private-ca")
                .edit(s -> new SecretBuilder(s)
                        .editMetadata()
                        .withLabels(Map.of())
                        .endMetadata()
                        .build());
        assertThatThrownBy(() -> stores.open(location))
                .hasMessageContaining("spec.s3.caBundleSecretRef")
                .hasMessageContaining("kubectl label secret private-ca");
    }

    /** The server has a certificate of the new authority only. */
    @Test
    void usesARotatedBundle() throws IOException {
        TestAuthority next = new TestAuthority();
        HttpsServer server = next.serve("127.0.0.1");
        try {
            secret("private-ca", Map.of("ca.crt", new TestAuthority().base64()));
            location.getSpec().s3.endpoint =
                    "https://127.0.0.1:" + server.getAddress().getPort();
            location.getSpec().s3.caBundleSecretRef = new NamedRef("private-ca");
            HandClock time = new HandClock();
            Stores stores = new Stores(
                    client, config, StampFixture.review(client, config), time, new LocationEndpoints(client, config));
            assertThatThrownBy(() -> stores.open(location).read("x")).hasMessageContaining("no encrypted connection");

            client.secrets()
                    .inNamespace(config.namespace())
                    .withName("private-ca")
                    .edit(s -> new SecretBuilder(s)
                            .withData(Map.of("ca.crt", next.base64()))
                            .build());
            time.pass(Duration.ofSeconds(11));
            assertThatThrownBy(() -> stores.open(location).read("x")).hasMessageContaining("403");
        } finally {
            server.stop(0);
        }
    }

    private void moveLocationToShop() {
        location.getMetadata().setNamespace("shop");
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName("bucket")
                        .addToLabels(Api.LOCATION_CREDENTIALS, "true")
                        .endMetadata()
                        .withData(Map.of("accessKeyId", "aWQ=", "secretAccessKey", "c2VjcmV0"))
                        .build())
                .create();
    }

    /** A separate gateway has no key to check stamps with. */
    @Test
    void theGatewayDoesNotNeedTheKeyOfTheStamps() {
        moveLocationToShop();
        assertThat(stores(TestConfig.of(Map.of(
                                "breakwater.role", "gateway", "breakwater.store.allowed-endpoints", "127.0.0.1")))
                        .open(location))
                .isNotNull();
    }

    private Stores stores(BreakwaterConfig of) {
        return new Stores(
                client, of, StampFixture.review(client, of), Clock.systemUTC(), new LocationEndpoints(client, of));
    }

    private void secret(String name, Map<String, String> data) {
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(config.namespace())
                        .withName(name)
                        .addToLabels(Api.LOCATION_CREDENTIALS, "true")
                        .endMetadata()
                        .withData(data)
                        .build())
                .create();
    }
}
