package io.breakwater.uninstall;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script deploy/uninstall, with a kubectl that records what it applies. */
class UninstallScriptTest {
    @TempDir
    Path directory;

    private String printed;

    @BeforeEach
    void kubectl() throws IOException {
        Path file = directory.resolve("kubectl");
        Files.writeString(file, """
            #!/bin/sh
            echo "$@" >> %1$s/calls
            case "$*" in
              *"get deployment"*image}) if [ -z "${GONE:-}" ]; then echo registry/breakwater:1; fi ;;
              *"get deployment"*) if [ -z "${GONE:-}" ]; then echo '[{"name":"registry"}]'; fi ;;
              *"apply -f -"*) cat > %1$s/applied ;;
              *"get job"*) echo "${RESULT:-Complete}" ;;
              *"logs"*) echo the report ;;
            esac
            """.formatted(directory));
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    @Test
    void reportsWithoutAConfirmationAndRemovesItsRightsAtTheEnd() throws Exception {
        assertThat(run(List.of(), "--context", "west")).as(printed).isZero();

        assertThat(printed).contains("the report");
        Job job = applied(Job.class);
        assertThat(job.getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getCommand())
                .containsExactly("uninstall");
        assertThat(job.getSpec().getTemplate().getSpec().getImagePullSecrets())
                .extracting(s -> s.getName())
                .containsExactly("registry");
        List<String> calls = Files.readAllLines(directory.resolve("calls"));
        assertThat(calls).allMatch(call -> call.startsWith("--context west "));
        assertThat(calls.getLast()).contains("delete clusterrolebinding,clusterrole breakwater-uninstall");
    }

    @Test
    void passesTheConfirmationAndTheNamespaces() throws Exception {
        assertThat(run(List.of(), "--confirm", "0a-1b", "--start-pods", "shop", "--start-pods", "blog"))
                .isZero();

        assertThat(applied(Job.class)
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getCommand())
                .containsExactly("uninstall", "--confirm", "0a-1b", "--start-pods", "shop", "--start-pods", "blog");
        assertThat(applied(ClusterRole.class).getRules().stream().flatMap(rule -> rule.getResources().stream()))
                .as("it reads no Secret, and changes no workload outside of its namespace")
                .doesNotContain("secrets", "deployments", "statefulsets");
    }

    @Test
    void failsIfTheJobFailsAndStillRemovesItsRights() throws Exception {
        assertThat(run(List.of("RESULT=Failed"))).isEqualTo(1);
        assertThat(printed).contains("the report");
        assertThat(Files.readAllLines(directory.resolve("calls")).getLast()).contains("delete clusterrolebinding");
    }

    @Test
    void needsTheImageWhenTheChartIsGone() throws Exception {
        assertThat(run(List.of("GONE=yes"))).isEqualTo(1);
        assertThat(printed).contains("name the image of Breakwater in --image");
        assertThat(run(List.of("GONE=yes"), "--image", "registry/breakwater@sha256:0a"))
                .isZero();
        assertThat(applied(Job.class)
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getImage())
                .isEqualTo("registry/breakwater@sha256:0a");
    }

    @Test
    void refusesArgumentsThatWouldChangeTheManifest() throws Exception {
        for (String value : List.of("a\"]\n", "$(id)", "a b", "")) {
            assertThat(run(List.of(), "--confirm", value)).as(value).isEqualTo(2);
        }
        assertThat(run(List.of(), "--start-pods", "shop")).isEqualTo(2);
        assertThat(directory.resolve("applied")).doesNotExist();
    }

    private int run(List<String> environment, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("sh", "deploy/uninstall"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().merge("PATH", directory + ":", (path, first) -> first + path);
        builder.environment().put("UNINSTALL_POLL_SECONDS", "0");
        environment.forEach(e -> builder.environment().put(e.split("=")[0], e.split("=")[1]));
        Process process = builder.start();
        printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return process.exitValue();
    }

    private <T extends HasMetadata> T applied(Class<T> kind) throws IOException {
        for (String document : Files.readString(directory.resolve("applied")).split("(?m)^---$")) {
            if (document.contains("\nkind: " + kind.getSimpleName() + "\n")) {
                return new KubernetesSerialization().unmarshal(document, kind);
            }
        }
        throw new AssertionError("no " + kind.getSimpleName());
    }
}
