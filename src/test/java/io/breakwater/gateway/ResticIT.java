package io.breakwater.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.Quota;
import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.location.TestRegister;
import io.breakwater.store.FaultyProxy;
import io.breakwater.store.FaultyProxy.Fault;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.s3.S3Server;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * The restic of the movers, as it is released, through the gateway to a bucket. It comes from the image of the movers;
 * BREAKWATER_RESTIC can name another program.
 */
@Timeout(180)
class ResticIT {
    private static final int PLACES = 8;

    private static Path restic;
    private static S3Server server;

    @TempDir
    private Path directory;

    private FaultyProxy front;
    private TestGateway gateway;
    private BackupLocation location;
    private Path data;

    private record Ended(int code, String output) {}

    @BeforeAll
    static void prepare(@TempDir Path shared) throws Exception {
        String image = System.getenv("BREAKWATER_MOVER_IMAGE");
        String program = System.getenv("BREAKWATER_RESTIC");
        assumeTrue(image != null || program != null, "BREAKWATER_MOVER_IMAGE is not set: run dev/test");
        restic = program != null ? Path.of(program) : fromImage(image, shared.resolve("restic"));
        server = S3Server.start(shared);
    }

    private static Path fromImage(String image, Path file) throws IOException {
        String run = System.getenv().getOrDefault("BREAKWATER_RUN", "keep");
        try (GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(image))
                .withLabels(Map.of("io.breakwater.dev", "restic", "io.breakwater.dev.run", run))
                .withCommand("sleep", "300")) {
            container.start();
            container.copyFileFromContainer("/usr/bin/restic", file.toString());
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }

    @AfterAll
    static void end() {
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void start() throws Exception {
        front = new FaultyProxy(server.endpoint());
        gateway = new TestGateway(directory, Map.of());
        var bucket = server.bucket();
        bucket.endpoint = front.endpoint();
        location = gateway.bucket("bucket", bucket);
        data = Files.createDirectories(directory.resolve("data"));
        Files.writeString(directory.resolve("ca.crt"), gateway.caPem);
        Files.writeString(directory.resolve("password"), "secret");
        byte[] large = new byte[20 << 20];
        new Random(1).nextBytes(large);
        Files.write(data.resolve("large"), large);
        Files.writeString(data.resolve("small"), "first");
    }

    @AfterEach
    void stop() {
        front.close();
        gateway.close();
    }

    @Test
    void createsFillsChecksPrunesAndRestoresARepository() throws Exception {
        good(run(Mode.APPEND, "init", "--repository-version", "2"));
        assertThat(run(Mode.APPEND, "init").code()).as("a second init").isNotZero();
        good(run(Mode.APPEND, "backup", data.toString()));
        Files.writeString(data.resolve("small"), "second");
        Files.delete(data.resolve("large"));
        good(run(Mode.APPEND, "backup", data.toString()));
        good(run(Mode.READ, "check", "--read-data"));
        long before = bytes();

        assertThat(run(Mode.APPEND, "forget", "--keep-last", "1", "--prune").code())
                .as("prune by a mover that may only append")
                .isNotZero();
        good(run(Mode.READ, "check"));
        good(run(Mode.MAINTAIN, "forget", "--keep-last", "1", "--prune"));
        assertThat(before - bytes()).isGreaterThan(19 << 20);
        good(run(Mode.READ, "check", "--read-data"));

        Path target = directory.resolve("restored");
        good(run(Mode.READ, "restore", "latest", "--target", target.toString()));
        Path restored = target.resolve(data.toString().substring(1));
        assertThat(restored.resolve("small")).hasContent("second");
        assertThat(restored.resolve("large")).doesNotExist();
    }

    /** The first few of many packs are uploaded at the same time, and pass. restic must not retry the others for minutes. */
    @Test
    void stopsBackupsOverQuotaButAllowsRestoreAndPrune() throws Exception {
        good(run(Mode.APPEND, "init"));
        good(run(Mode.APPEND, "backup", data.toString()));
        quota("metered", "25Mi");
        byte[] more = new byte[60 << 20];
        new Random(2).nextBytes(more);
        Files.write(data.resolve("more"), more);

        Ended refused = moverTo("metered", Mode.APPEND, "backup", data.toString(), "host", "pvc=data");
        assertThat(refused.code()).as(refused.output()).isEqualTo(40);
        assertThat(refused.output()).doesNotContain("retrying after");
        assertThat(directory.resolve("report")).content().contains("unexpected HTTP response (403)");
        assertThat(keys()).filteredOn(k -> k.contains("/snapshots/")).hasSize(1);
        long held = held();
        assertThat(held).isBetween(25L << 20, 75L << 20);

        Path target = directory.resolve("restored");
        good(run("metered", Mode.READ, "--no-lock", "restore", "latest", "--target", target.toString()));
        assertThat(target.resolve(data.toString().substring(1)).resolve("large"))
                .hasSameBinaryContentAs(data.resolve("large"));

        good(moverTo("metered", Mode.MAINTAIN, "prune", "10G"));
        assertThat(held - bytes()).as("freed bytes of packs without a snapshot").isGreaterThan(5 << 20);
        good(run(Mode.READ, "check", "--read-data"));

        Files.delete(data.resolve("more"));
        quota("roomy", "1Gi");
        good(moverTo("roomy", Mode.APPEND, "backup", data.toString(), "host", "pvc=data"));
    }

    /** The same bucket as a second location, with a quota. */
    private void quota(String name, String size) {
        location.getSpec().quota = new Quota();
        location.getSpec().quota.perNamespace = size;
        gateway.location(name, location.getSpec());
    }

    /** Number of bytes in the repository, including deleted objects. */
    private long held() {
        long[] sum = {0};
        gateway.stores().open(location).list("breakwater/repos/", o -> sum[0] += o.size());
        return sum[0];
    }

    @Test
    void completesABackupDespiteStoreFaults() throws Exception {
        good(run(Mode.APPEND, "init"));
        front.fault("PUT", "partNumber", 3, new Fault.Answer(503, Map.of("Retry-After", "1")));
        front.fault("POST", "uploadId", 1, new Fault.LoseAnswer());
        front.fault("PUT", "/snapshots/", 1, new Fault.LoseAnswer());
        front.fault("PUT", "/index/", 6, new Fault.Answer(500, Map.of()));
        good(run(Mode.APPEND, "backup", data.toString()));

        front.fault("GET", "/data/", 2, new Fault.CutAnswer(1000));
        good(run(Mode.READ, "check", "--read-data"));
    }

    @Test
    @Tag("long")
    void restoresFromAReadOnlyLocationWithoutALock() throws Exception {
        good(run(Mode.APPEND, "init"));
        good(run(Mode.APPEND, "backup", data.toString()));
        location.getSpec().accessMode = AccessMode.ReadOnly;
        gateway.location("borrowed", location.getSpec());
        Set<String> before = keys();

        Ended locked = run("borrowed", Mode.READ, "restore", "latest", "--target", "/nowhere");
        assertThat(locked.code()).isNotZero();
        assertThat(locked.output()).contains("403");

        Path target = directory.resolve("restored");
        good(run("borrowed", Mode.READ, "restore", "latest", "--no-lock", "--target", target.toString()));
        assertThat(target.resolve(data.toString().substring(1)).resolve("large"))
                .hasSameBinaryContentAs(data.resolve("large"));
        assertThat(keys()).isEqualTo(before);
    }

    /** The dump command of restic skips unreadable directories and succeeds, so movers verify packs in another way. */
    @Test
    void detectsAFlippedBitAnywhereInAPack() throws Exception {
        Path tree = Files.createDirectories(data.resolve("tree/of/directories"));
        for (Path p = tree; !p.equals(data); p = p.getParent()) {
            Files.writeString(p.resolve("note"), p.toString());
        }
        good(run(Mode.APPEND, "init"));
        good(run(Mode.APPEND, "backup", data.resolve("tree").toString()));
        Ended whole = mover("verify", "latest");
        assertThat(whole.code()).as(whole.output()).isZero();
        List<String> packs = keys().stream().filter(k -> k.contains("/data/")).toList();
        assertThat(packs).as("one pack of files, one of directories").hasSize(2);

        for (String pack : packs) {
            byte[] content = content(pack);
            for (int at : places(content)) {
                byte[] altered = content.clone();
                altered[at] ^= 1;
                store().write(pack, altered, Precondition.NONE);
                assertThat(mover("verify", "latest").code())
                        .as("byte %d of %s is altered", at, pack)
                        .isNotZero();
                assertThat(directory.resolve("report"))
                        .as("byte %d of %s is altered", at, pack)
                        .content()
                        .contains("ciphertext verification failed");
            }
            store().write(pack, content, Precondition.NONE);
        }
        good(mover("verify", "latest"));
    }

    /** A mover can be killed at any moment and run again: at every moment, a password opens the repository. */
    @Test
    @Tag("long")
    void rekeysARepositoryToANewMasterKey() throws Exception {
        String key = "0123456789abcdef";
        good(run(Mode.APPEND, "init"));
        good(run(Mode.APPEND, "backup", data.toString()));
        Files.move(directory.resolve("password"), directory.resolve("password.1"));
        Files.writeString(directory.resolve("password"), "new");
        Files.writeString(directory.resolve("password.2"), "even older");
        good(mover("verify", "latest"));

        good(mover(Mode.APPEND, "rekey", key));
        Set<String> both = keyFiles();
        assertThat(both).hasSize(2);
        good(mover(Mode.APPEND, "rekey", key));
        assertThat(keyFiles()).as("key files after a second run").isEqualTo(both);

        JsonNode report =
                new ObjectMapper().readTree(directory.resolve("report").toFile());
        String added = report.path("new").path(0).asText();
        String old = report.path("old").path(0).asText();
        assertThat(Set.of(added, old)).isEqualTo(both);
        assertThat(report.path("new")).hasSize(1);
        assertThat(report.path("old")).hasSize(1);
        assertThat(new String(content(TestRegister.of("east", "shop").prefix() + "keys/" + added), UTF_8))
                .contains("\"hostname\":\"" + RepositoryKeys.mark(key) + "\"");

        RepositoryKeys files = new RepositoryKeys(gateway.stores(), TestRegister.of(gateway.stores()));
        var repository = TestRegister.of("east", "shop");
        assertThat(files.remove(location, repository, added, old.replace(old.charAt(0), 'x')))
                .as("deletion without another key that opens the repository")
                .isFalse();
        assertThat(files.remove(location, repository, old, added)).isTrue();
        assertThat(files.files(location, repository)).containsOnlyKeys(added).containsValue(Optional.of(key));

        Files.delete(directory.resolve("password.1"));
        good(mover("verify", "latest"));
        Files.delete(directory.resolve("password.2"));
        good(mover("verify", "latest"));
        Files.writeString(directory.resolve("password"), "secret");
        Ended refused = mover("verify", "latest");
        assertThat(refused.code()).as(refused.output()).isEqualTo(12);
    }

    @Test
    void refusesToRekeyWithoutAValidPassword() throws Exception {
        good(run(Mode.APPEND, "init"));
        Set<String> before = keyFiles();
        Files.writeString(directory.resolve("password"), "new");
        Files.writeString(directory.resolve("password.1"), "wrong too");

        Ended ended = mover(Mode.APPEND, "rekey", "0123456789abcdef");

        assertThat(ended.code()).as(ended.output()).isEqualTo(12);
        assertThat(directory.resolve("report")).content().startsWith("exit 12:").contains("put back the one");
        assertThat(keyFiles()).isEqualTo(before);
    }

    /** Names of the key files of the repository, as restic sees them. */
    private Set<String> keyFiles() {
        Set<String> names = new TreeSet<>();
        TestRegister.visible(store(), "east", "shop")
                .list(
                        TestRegister.of("east", "shop").prefix() + "keys/",
                        o -> names.add(o.key().substring(o.key().lastIndexOf('/') + 1)));
        return names;
    }

    /** Positions in the blobs of a pack. The header follows them; restic does not read it if an index has the same data. */
    private static int[] places(byte[] pack) {
        int header = ByteBuffer.wrap(pack).order(ByteOrder.LITTLE_ENDIAN).getInt(pack.length - Integer.BYTES);
        int end = pack.length - Integer.BYTES - header;
        return IntStream.range(0, PLACES).map(i -> i * end / PLACES).toArray();
    }

    private byte[] content(String key) {
        return store().read(key).orElseThrow().content();
    }

    private Ended mover(String... arguments) throws Exception {
        return mover(Mode.READ, arguments);
    }

    private Ended mover(Mode mode, String... arguments) throws Exception {
        return moverTo("bucket", mode, arguments);
    }

    private Ended moverTo(String name, Mode mode, String... arguments) throws Exception {
        Files.writeString(directory.resolve("token"), "good");
        List<String> command = new ArrayList<>(List.of("sh", "images/breakwater-mover/mover"));
        command.addAll(Arrays.asList(arguments));
        return run(
                name,
                mode,
                command,
                Map.of(
                        "PATH", restic.getParent() + ":" + System.getenv("PATH"),
                        "TMPDIR", directory.toString(),
                        "RESTIC_PACK_SIZE", "4", // MiB, the smallest size, for many packs
                        "RESTIC_CACHE_DIR",
                                Files.createTempDirectory(directory, "cache").toString(),
                        "BREAKWATER_TOKEN_FILE", directory.resolve("token").toString(),
                        "BREAKWATER_REPORT_FILE", directory.resolve("report").toString()));
    }

    /** Number of bytes that restic sees; deleted objects stay under tombstones during the grace period. */
    private long bytes() {
        List<Long> sizes = new ArrayList<>();
        TestRegister.visible(store(), "east", "shop").list(TestRegister.SHOP, o -> sizes.add(o.size()));
        return sizes.stream().mapToLong(Long::longValue).sum();
    }

    private Set<String> keys() {
        Set<String> keys = new TreeSet<>();
        store().list("", o -> keys.add(o.key()));
        return keys;
    }

    private ObjectStore store() {
        return gateway.store(location);
    }

    private static void good(Ended ended) {
        assertThat(ended.code()).as(ended.output()).isZero();
    }

    /** A mover that only reads takes no lock: its ticket permits none. */
    private Ended run(Mode mode, String... arguments) throws Exception {
        List<String> all = new ArrayList<>(mode == Mode.READ ? List.of("--no-lock") : List.of());
        all.addAll(Arrays.asList(arguments));
        return run("bucket", mode, all.toArray(String[]::new));
    }

    private Ended run(String name, Mode mode, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(restic.toString(), "--no-cache", "--retry-lock", "10s"));
        command.addAll(Arrays.asList(arguments));
        return run(name, mode, command, Map.of());
    }

    private Ended run(String name, Mode mode, List<String> command, Map<String, String> environment) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        builder.environment()
                .putAll(Map.of(
                        "RESTIC_REPOSITORY", "rest:" + gateway.uri("/sys/" + name + "/" + TestRegister.SHOP_ID + "/"),
                        "RESTIC_REST_USERNAME", gateway.ticket(name, mode, null),
                        "RESTIC_REST_PASSWORD", "good",
                        "RESTIC_CACERT", directory.resolve("ca.crt").toString(),
                        "RESTIC_PASSWORD_FILE", directory.resolve("password").toString()));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Ended(process.waitFor(), output);
    }
}
