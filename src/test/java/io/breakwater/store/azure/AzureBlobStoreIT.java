package io.breakwater.store.azure;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStoreContract;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

class AzureBlobStoreIT extends ObjectStoreContract {
    private static final int PORT = 10_000;
    private static final String ACCOUNT = "contract";
    private static final String KEY = Base64.getEncoder().encodeToString(new byte[64]);

    private static GenericContainer<?> server;
    private AzureBlobStore store;

    @BeforeAll
    static void start() {
        String image = System.getenv("BREAKWATER_AZURITE_IMAGE");
        assumeTrue(image != null, "BREAKWATER_AZURITE_IMAGE is not set: run dev/test");
        String run = System.getenv().getOrDefault("BREAKWATER_RUN", "keep");
        server = new GenericContainer<>(DockerImageName.parse(image))
                .withLabels(Map.of("io.breakwater.dev", "azurite", "io.breakwater.dev.run", run))
                .withEnv("AZURITE_ACCOUNTS", ACCOUNT + ":" + KEY)
                .withCommand(
                        "azurite-blob", "-l", "/data", "--blobHost", "0.0.0.0", "--skipApiVersionCheck", "--silent")
                .withExposedPorts(PORT);
        server.start();
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.stop();
        }
    }

    @BeforeEach
    void open() {
        store = AzureBlobStore.open(spec(), KEY, null, null);
        store.prepare();
        store.prepare();
    }

    private static AzureBlob spec() {
        AzureBlob spec = new AzureBlob();
        spec.account = ACCOUNT;
        spec.container = "c" + UUID.randomUUID().toString().replace("-", "");
        spec.prefix = "below/this";
        spec.endpoint = "http://127.0.0.1:" + server.getMappedPort(PORT) + "/" + ACCOUNT;
        return spec;
    }

    @Override
    public ObjectStore store() {
        return store;
    }

    @Test
    void reportsAWrongKeyAsPermanentFailure() {
        byte[] other = new byte[64];
        other[0] = 1;
        ObjectStore stranger = AzureBlobStore.open(spec(), Base64.getEncoder().encodeToString(other), null, null);

        assertThatThrownBy(() -> stranger.write("x", new byte[1], Precondition.NONE))
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.CredentialsRejected && !e.isRetryable());
    }

    @Test
    void aMissingContainerIsNamed() {
        AzureBlob spec = spec();
        ObjectStore nowhere = AzureBlobStore.open(spec, KEY, null, null);

        assertThatThrownBy(() -> nowhere.read("x"))
                .isInstanceOf(BreakwaterException.class)
                .hasMessageContaining(spec.container)
                .hasMessageContaining("create the container");
    }
}
