package io.breakwater.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.database.PodHookAnnotations.Phase;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The annotations have the same meaning as for Velero. */
class PodHookAnnotationsTest {
    @Test
    void findsNoHookWithoutACommand() {
        assertThat(PodHookAnnotations.of(pod(Map.of()), Phase.PRE)).isEmpty();
        assertThat(PodHookAnnotations.of(pod(Map.of("pre.hook.backup.velero.io/container", "db")), Phase.PRE))
                .isEmpty();
        assertThat(PodHookAnnotations.of(pod(Map.of("post.hook.backup.velero.io/command", "sync")), Phase.PRE))
                .isEmpty();
    }

    @Test
    void appliesDefaultsOfHookAnnotations() {
        assertThat(PodHookAnnotations.of(
                        pod(Map.of("pre.hook.backup.velero.io/command", "/bin/freeze now")), Phase.PRE))
                .hasValueSatisfying(call -> {
                    assertThat(call.pod()).isEqualTo("db-0");
                    assertThat(call.container()).isEqualTo("first");
                    assertThat(call.command()).containsExactly("/bin/freeze now");
                    assertThat(call.timeout()).isEqualTo(Duration.ofSeconds(30));
                    assertThat(call.mayFail()).isFalse();
                });
    }

    @Test
    void readsEveryHookAnnotation() {
        Pod pod = pod(Map.of(
                "post.hook.backup.velero.io/command", "[\"/sbin/fsfreeze\", \"--unfreeze\", \"/var/a b\"]",
                "post.hook.backup.velero.io/container", "freezer",
                "post.hook.backup.velero.io/on-error", "Continue",
                "post.hook.backup.velero.io/timeout", "2m"));
        assertThat(PodHookAnnotations.of(pod, Phase.POST)).hasValueSatisfying(call -> {
            assertThat(call.command()).containsExactly("/sbin/fsfreeze", "--unfreeze", "/var/a b");
            assertThat(call.container()).isEqualTo("freezer");
            assertThat(call.timeout()).isEqualTo(Duration.ofMinutes(2));
            assertThat(call.mayFail()).isTrue();
        });
    }

    @Test
    void treatsUnprefixedAnnotationsAsPreHooks() {
        Pod pod = pod(Map.of("hook.backup.velero.io/command", "sync"));
        assertThat(PodHookAnnotations.of(pod, Phase.PRE)).isPresent();
        assertThat(PodHookAnnotations.of(pod, Phase.POST)).isEmpty();
    }

    @Test
    void readsTheExecTimeoutOfRestoreHooks() {
        Pod pod = pod(Map.of(
                "post.hook.restore.velero.io/command", "[\"migrate\"]",
                "post.hook.restore.velero.io/exec-timeout", "5m",
                "post.hook.restore.velero.io/timeout", "1s"));
        assertThat(PodHookAnnotations.of(pod, Phase.RESTORED))
                .hasValueSatisfying(call -> assertThat(call.timeout()).isEqualTo(Duration.ofMinutes(5)));
        assertThat(PodHookAnnotations.of(pod, Phase.POST)).isEmpty();
    }

    /** Velero reads them with Go, and zero as no value. */
    @ParameterizedTest
    @CsvSource({"0, 30", "0s, 30", "0m0s, 30", "'', 30", "1m30s, 90", "1.5m, 90", "500ms, 1", "90s, 90", "1d, 3600"})
    void readsTimeoutsLikeVelero(String text, int seconds) {
        Pod pod = pod(Map.of("pre.hook.backup.velero.io/command", "sync", "pre.hook.backup.velero.io/timeout", text));
        assertThat(PodHookAnnotations.of(pod, Phase.PRE))
                .hasValueSatisfying(call -> assertThat(call.timeout()).isEqualTo(Duration.ofSeconds(seconds)));
    }

    @Test
    void namesInvalidAnnotations() {
        assertThatThrownBy(() ->
                        PodHookAnnotations.of(pod(Map.of("pre.hook.backup.velero.io/command", "[\"sync\"")), Phase.PRE))
                .hasMessageContaining("annotation pre.hook.backup.velero.io/command of pod db-0 is not a JSON array");
        assertThatThrownBy(() -> PodHookAnnotations.of(
                        pod(Map.of(
                                "pre.hook.backup.velero.io/command", "sync",
                                "pre.hook.backup.velero.io/timeout", "soon")),
                        Phase.PRE))
                .hasMessageContaining("'soon' is not a duration");
    }

    private static Pod pod(Map<String, String> annotations) {
        return new PodBuilder()
                .withNewMetadata()
                .withName("db-0")
                .withAnnotations(annotations)
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("first")
                .endContainer()
                .addNewContainer()
                .withName("freezer")
                .endContainer()
                .endSpec()
                .build();
    }
}
