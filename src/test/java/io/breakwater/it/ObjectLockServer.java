package io.breakwater.it;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.NamedRef;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * An S3 server that enforces Object Lock (Versity's gateway) with one bucket; its program runs in the image of another
 * store.
 */
final class ObjectLockServer implements AutoCloseable {
    static final String BUCKET = "vault";

    private static final int PORT = 7070;
    private static final String ID = "vault";
    private static final String SECRET = "vault-of-the-tests";

    private final GenericContainer<?> server;

    private ObjectLockServer(GenericContainer<?> server) {
        this.server = server;
    }

    @SuppressWarnings("resource") // ObjectLockServer closes it
    static ObjectLockServer start(Network network) {
        Path program = Path.of(Rig.environment("BREAKWATER_VERSITYGW"));
        var server = new GenericContainer<>(DockerImageName.parse(Rig.environment("BREAKWATER_AZURITE_IMAGE")))
                .withNetwork(network)
                .withLabels(Rig.labels("vault"))
                .withEnv("ROOT_ACCESS_KEY_ID", ID)
                .withEnv("ROOT_SECRET_ACCESS_KEY", SECRET)
                .withCopyFileToContainer(MountableFile.forHostPath(program, 0755), "/usr/local/bin/versitygw")
                .withCommand(
                        "sh",
                        "-c",
                        "cd /data && mkdir objects versions facts && exec versitygw --port 0.0.0.0:" + PORT
                                + " --quiet posix --versioning-dir /data/versions --sidecar /data/facts /data/objects")
                .withExposedPorts(PORT)
                .waitingFor(Wait.forHttp("/")
                        .forPort(PORT)
                        .forStatusCodeMatching(code -> true)
                        .withStartupTimeout(Duration.ofMinutes(1)));
        server.start();
        var vault = new ObjectLockServer(server);
        try (S3Client client = vault.client()) {
            client.createBucket(r -> r.bucket(BUCKET).objectLockEnabledForBucket(true));
        }
        return vault;
    }

    /** The rights of an attacker with the store's credentials. */
    S3Client client() {
        return S3Client.builder()
                .endpointOverride(URI.create("http://%s:%d".formatted(server.getHost(), server.getMappedPort(PORT))))
                .region(Region.US_EAST_1)
                .forcePathStyle(true)
                .httpClient(UrlConnectionHttpClient.create())
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(ID, SECRET)))
                .build();
    }

    /** The location of the example, in the bucket of this server. */
    BackupLocation location() {
        BackupLocation location = Examples.read("backuplocation-immutable.yaml", BackupLocation.class);
        location.getMetadata().setNamespace(Rig.SYSTEM);
        location.getSpec().s3.bucket = BUCKET;
        location.getSpec().s3.region = null;
        location.getSpec().s3.endpoint = "http://%s:%d".formatted(Rig.address(server), PORT);
        location.getSpec().s3.credentialsSecretRef = new NamedRef(BUCKET);
        return location;
    }

    Secret credentials() {
        return new SecretBuilder()
                .withNewMetadata()
                .withNamespace(Rig.SYSTEM)
                .withName(BUCKET)
                .addToLabels("breakwater.io/location-credentials", "true")
                .endMetadata()
                .addToStringData("accessKeyId", ID)
                .addToStringData("secretAccessKey", SECRET)
                .build();
    }

    @Override
    public void close() {
        server.stop();
    }
}
