package io.breakwater.rotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.testing.ChildClasspath;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergeMasterKeysTest {
    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    @TempDir
    Path directory;

    private String messages;

    @Test
    void bothSecretsHaveAllKeysAndTheSameCurrentOneAfterwards() {
        Secret east = secret("east", 1, 2);
        Secret west = secret("west", 3, 2, 4);

        Secret forEast = merged(List.of("--into", "first"), east, west);
        Secret forWest = merged(List.of("--into", "second"), east, west);

        for (Secret after : List.of(forEast, forWest)) {
            assertThat(ring(after).ids()).containsExactlyInAnyOrder(id(1), id(2), id(3), id(4));
            assertThat(ring(after).current()).isEqualTo(id(1));
        }
        assertThat(merged(List.of("--into", "second"), forEast, forWest).getData())
                .as("the command can be repeated")
                .isEqualTo(forWest.getData());
        assertThat(messages).doesNotContain(ring(east).text(id(1)));
    }

    @Test
    void aReplacementFailsIfTheSecretChangedMeanwhileAndNamesNoOtherCluster() {
        Secret after = merged(List.of(), secret("east", 1), secret("west", 3));

        assertThat(after.getMetadata().getResourceVersion()).isEqualTo("west");
        assertThat(after.getMetadata().getUid()).isNull();
        assertThat(after.getMetadata().getManagedFields()).isNullOrEmpty();
        assertThat(after.getMetadata().getAnnotations()).containsOnlyKeys("owner-west");
        assertThat(after.getMetadata().getLabels()).containsOnlyKeys("label-east", "label-west");
        assertThat(after.getData()).containsEntry("note", "west");
    }

    @Test
    void aClusterWithoutSecretGetsTheKeysWithoutWhatBelongsToTheOtherCluster() {
        Secret after = merged(List.of(), secret("east", 1, 2));

        assertThat(ring(after).ids()).containsExactly(id(1), id(2));
        assertThat(after.getMetadata().getResourceVersion()).isNull();
        assertThat(after.getMetadata().getUid()).isNull();
        assertThat(after.getMetadata().getAnnotations()).isNullOrEmpty();
    }

    @Test
    void refusesOtherInputWithoutOutput() {
        String secret = YAML.asJson(secret("east", 1));
        for (String input : List.of(
                "",
                "{",
                "{\"kind\": \"ConfigMap\", \"data\": {}}",
                "{\"kind\": \"Secret\", \"data\": {\"masterKey\": \"c2VjcmV0\"}, \"metadata\": {}}",
                secret + secret + secret)) {
            assertThat(run(List.of(), input)).as(input).isEmpty();
            assertThat(messages).contains("cannot be merged").doesNotContain("c2VjcmV0");
        }
        assertThat(run(List.of("--into", "third"), secret)).isEmpty();
    }

    /** The script runs with a kubectl whose clusters are directories, and with the real command. */
    @Test
    void theScriptGivesBothClustersAllKeysAndChangesNothingAfterAnError() throws Exception {
        kubectl();
        store("east", secret("east", 1));
        store("west", secret("west", 3));
        assertThat(script("--from", "east", "--to", "west")).as(messages).isZero();
        for (String cluster : List.of("east", "west")) {
            assertThat(ring(stored(cluster)).ids()).as(cluster).containsExactly(id(1), id(3));
        }

        assertThat(script("--from", "east", "--to", "north")).as(messages).isZero();
        assertThat(ring(stored("north")).current()).isEqualTo(id(1));

        assertThat(script("--from", "south", "--to", "west")).isEqualTo(1);
        assertThat(messages).contains("does not exist in context south");
        Files.writeString(directory.resolve("west.json"), "{\"kind\": \"Secret\", \"data\": {}, \"metadata\": {}}");
        assertThat(script("--from", "east", "--to", "west")).isNotZero();
        assertThat(ring(stored("east")).ids()).containsExactly(id(1), id(3));
        assertThat(script("--from", "east", "--to", "east")).isEqualTo(2);
    }

    private int script(String... arguments) throws IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>(List.of("sh", "deploy/keys-copy"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().merge("PATH", directory + ":", (path, first) -> first + path);
        Process process = builder.start();
        messages = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return process.exitValue();
    }

    /** Stands in for the program of that name: contexts are files, and exec runs the command here. */
    private void kubectl() throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String script = """
            #!/bin/sh
            set -eu
            file=%s/$2.json
            case $3 in
              get) if [ -e "$file" ]; then cat "$file"; fi ;;
              exec) shift 11; exec '%s' -cp '%s' %s "$@" ;;
              replace) cat > "$file.new"; grep -q "resourceVersion.*$2" "$file.new"; mv "$file.new" "$file" ;;
              create) [ ! -e "$file" ]; cat > "$file.new"; mv "$file.new" "$file" ;;
            esac
            """.formatted(directory, java, ChildClasspath.text(), MergeMasterKeys.class.getName());
        Path file = directory.resolve("kubectl");
        Files.writeString(file, script);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private void store(String cluster, Secret secret) throws IOException {
        Files.writeString(directory.resolve(cluster + ".json"), YAML.asJson(secret));
    }

    private Secret stored(String cluster) throws IOException {
        return YAML.unmarshal(Files.readString(directory.resolve(cluster + ".json")), Secret.class);
    }

    private Secret merged(List<String> arguments, Secret... secrets) {
        String input =
                String.join("\n", Arrays.stream(secrets).map(YAML::asJson).toList());
        return YAML.unmarshal(run(arguments, input), Secret.class);
    }

    private String run(List<String> arguments, String input) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = MergeMasterKeys.run(
                arguments,
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        messages = err.toString(StandardCharsets.UTF_8);
        assertThat(code).as(messages).isEqualTo(out.size() == 0 ? 2 : 0);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static KeyRing ring(Secret secret) {
        return KeyRing.of(secret.getData());
    }

    private static String id(int key) {
        return TestKeys.id(key(key));
    }

    private static byte[] key(int seed) {
        byte[] key = new byte[KeyRing.BYTES];
        Arrays.fill(key, (byte) seed);
        return key;
    }

    private static Secret secret(String cluster, int... keys) {
        Map<String, String> data = new TreeMap<>(TestKeys.data(
                Arrays.stream(keys).mapToObj(MergeMasterKeysTest::key).toArray(byte[][]::new)));
        data.put("note", cluster);
        return new SecretBuilder()
                .withNewMetadata()
                .withNamespace("breakwater-system")
                .withName("breakwater-master-key")
                .withUid("uid-" + cluster)
                .withResourceVersion(cluster)
                .addToAnnotations("kubectl.kubernetes.io/last-applied-configuration", "{}")
                .addToAnnotations("owner-" + cluster, "x")
                .addToLabels("label-" + cluster, "x")
                .endMetadata()
                .withType("Opaque")
                .withData(data)
                .build();
    }
}
