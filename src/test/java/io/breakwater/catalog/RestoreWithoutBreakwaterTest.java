package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.MemoryStore;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.velero.ArchiveWriter;
import io.breakwater.velero.ObjectKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of docs/restore-without-breakwater.md, on files that the product wrote. */
class RestoreWithoutBreakwaterTest {
    private static final PointKey POINT = PointKeys.of("east", "shop", "p");

    @TempDir
    Path files;

    private final MemoryStore store = new MemoryStore();
    private final byte[] master = random(7);
    private final byte[] newer = random(8);
    private byte[] seal;
    private String messages;

    @BeforeEach
    void writeFiles() throws IOException {
        PointDocument document = TestArchives.write(store, POINT, "uid", tarGz(), master);
        seal = TestPoints.seal(document, master);
        write("resources.enc", store.objects.get(document.archive()));
        write("point.json", seal);
        write("masterKey", key(master));
        write("newer", key(newer));
    }

    @Test
    void decryptsTheObjectsAsThePageSays() throws Exception {
        List<String> arguments = openArchive();
        assertThat(arguments).contains("--key-file", "--seal");

        write("resources.tar.gz", decrypt(arguments));

        assertThat(messages).contains("decrypted the archive of point east/shop/p", "seal and digest were verified");
        shell(block("tar -xzf")
                .lines()
                .filter(line -> !line.startsWith("kubectl"))
                .reduce("", (a, b) -> a + "\n" + b));
        assertThat(files.resolve("resources/configmaps/namespaces/shop/settings.json"))
                .content()
                .isEqualTo("{\"kind\":\"ConfigMap\"}");
    }

    @Test
    void decryptsWithoutTheSealAndWithTheKeyOfARotation() throws IOException {
        assertThat(decrypt(List.of("--key-file", file("masterKey"), file("resources.enc"))))
                .isEqualTo(tarGz());
        assertThat(messages).contains("no seal was given");

        BackupLocation location = new BackupLocation();
        location.setSpec(new BackupLocationSpec());
        new SealSignatures(location, store, TestKeys.ring(newer, master)).vouch(POINT, seal, TestKeys.id(newer));
        write("voucher.json", store.objects.get(SealSignatures.key(POINT, TestKeys.id(newer))));
        assertThat(decrypt(List.of(
                        "--key-file",
                        file("newer"),
                        "--seal",
                        file("point.json"),
                        "--voucher",
                        file("voucher.json"),
                        file("resources.enc"))))
                .isEqualTo(tarGz());
    }

    @Test
    void namesWhatPreventsTheDecryption() throws IOException {
        assertThat(decrypt(List.of("--key-file", file("newer"), file("resources.enc"))))
                .isEmpty();
        assertThat(messages).contains("it needs master key " + TestKeys.id(master));

        assertThat(decrypt(List.of("--key-file", file("newer"), "--seal", file("point.json"), file("resources.enc"))))
                .isEmpty();
        assertThat(messages).contains("was sealed with master key " + TestKeys.id(master));

        byte[] other = TestArchives.encrypted(POINT, "uid", tarGz(), master);
        write("other.enc", other);
        assertThat(decrypt(List.of("--key-file", file("masterKey"), "--seal", file("point.json"), file("other.enc"))))
                .isEmpty();
        assertThat(messages).contains("does not have the digest");

        byte[] altered = other.clone();
        altered[altered.length - 1] ^= 1;
        write("altered.enc", altered);
        decrypt(List.of("--key-file", file("masterKey"), file("altered.enc")));
        assertThat(messages).contains("cannot be decrypted");

        write("bad", "not a key".getBytes(StandardCharsets.UTF_8));
        for (List<String> arguments : List.of(
                List.of("--key-file", file("bad"), file("resources.enc")),
                List.of("--key-file", file("masterKey"), file("masterKey")),
                List.of("--key-file", file("masterKey"), "--seal", file("masterKey"), file("resources.enc")),
                List.of("--key-file", file("absent"), file("resources.enc")))) {
            assertThat(decrypt(arguments)).as("%s", arguments).isEmpty();
            assertThat(messages).contains("was not decrypted");
        }
        for (List<String> arguments : List.of(
                List.<String>of(),
                List.of("--key-file"),
                List.of(file("resources.enc")),
                List.of("--voucher", "v", "--key-file", "k", "f"),
                List.of("--other", "k", "f"))) {
            assertThat(decrypt(arguments)).as("%s", arguments).isEmpty();
            assertThat(messages).contains("open-archive --key-file");
        }
    }

    @Test
    void derivesThePasswordOfARepositoryByTheFormulaOfThePage() throws Exception {
        KeyRing ring = TestKeys.ring(master);

        String password = shell(block("password() {") + "\npassword " + TestRegister.SHOP_ID);

        assertThat(password.strip()).isEqualTo(ring.repositoryPassword(ring.current(), TestRegister.SHOP_ID));
    }

    /** The arguments of the page's command, with the files of the test. */
    private List<String> openArchive() throws IOException {
        String command = block("docker run").replace("\\\n", " ");
        String arguments = command.substring(command.indexOf("breakwater:0.1.0") + 16, command.indexOf(" > "));
        return Arrays.stream(arguments.strip().split("\\s+"))
                .map(a -> a.replace("/files/", files + "/"))
                .toList();
    }

    /** The block of commands that contains a text. */
    private static String block(String text) throws IOException {
        String page = Files.readString(Path.of("docs/restore-without-breakwater.md"));
        List<String> blocks = new ArrayList<>();
        String[] parts = page.split("```\n?");
        for (int i = 1; i < parts.length; i += 2) {
            blocks.add(parts[i]);
        }
        return blocks.stream().filter(b -> b.contains(text)).findFirst().orElseThrow();
    }

    private String shell(String script) throws Exception {
        Process process = new ProcessBuilder("bash", "-euo", "pipefail", "-c", script)
                .directory(files.toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    private byte[] decrypt(List<String> arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        int code = OpenArchive.run(arguments, out, new PrintStream(text, true, StandardCharsets.UTF_8));
        messages = text.toString(StandardCharsets.UTF_8);
        assertThat(code).as(messages).isEqualTo(messages.startsWith("decrypted") ? 0 : 2);
        return out.toByteArray();
    }

    private String file(String name) {
        return files.resolve(name).toString();
    }

    private void write(String name, byte[] content) throws IOException {
        Files.write(files.resolve(name), content);
    }

    private static byte[] key(byte[] master) {
        return Base64.getEncoder().encode(master);
    }

    private static byte[] random(long seed) {
        byte[] key = new byte[32];
        new Random(seed).nextBytes(key);
        return key;
    }

    private static byte[] tarGz() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, Instant.EPOCH)) {
            writer.add(
                    new ObjectKey("", "configmaps", "shop", "settings"),
                    "v1",
                    "ConfigMap",
                    "{\"kind\":\"ConfigMap\"}".getBytes(StandardCharsets.UTF_8));
            writer.finish();
        }
        return out.toByteArray();
    }
}
