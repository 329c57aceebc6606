package io.breakwater.database;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.GoDurations;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The hooks in Velero's annotations of a pod: {@code pre.hook.backup.velero.io/*}, {@code post.hook.backup.velero.io/*} and
 * {@code post.hook.restore.velero.io/*}. The defaults are Velero's: the first container, 30 seconds, a failure counts. A timeout of
 * zero means the default. The command is a JSON array of strings, or one word.
 */
final class PodHookAnnotations {
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** When a hook runs. For Velero, a prefix without {@code pre} or {@code post} means before the backup. */
    enum Phase {
        PRE(List.of("pre.hook.backup.velero.io/", "hook.backup.velero.io/"), "timeout"),
        POST(List.of("post.hook.backup.velero.io/"), "timeout"),
        RESTORED(List.of("post.hook.restore.velero.io/"), "exec-timeout");

        private final List<String> prefixes;
        private final String timeout;

        Phase(List<String> prefixes, String timeout) {
            this.prefixes = prefixes;
            this.timeout = timeout;
        }
    }

    private PodHookAnnotations() {}

    /**
     * The hook of the pod for a phase.
     *
     * @throws BreakwaterException QuiesceFailed for an invalid annotation
     */
    static Optional<CaptureHooks.Call> of(Pod pod, Phase phase) {
        return prefix(pod, phase).map(prefix -> call(pod, pod.getMetadata().getAnnotations(), prefix, phase));
    }

    /** The annotation with the command for a phase, for messages. */
    static Optional<String> field(Pod pod, Phase phase) {
        return prefix(pod, phase).map(prefix -> field(pod, prefix));
    }

    private static String field(Pod pod, String prefix) {
        return "annotation " + prefix + "command of pod " + pod.getMetadata().getName();
    }

    private static Optional<String> prefix(Pod pod, Phase phase) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        return annotations == null
                ? Optional.empty()
                : phase.prefixes.stream()
                        .filter(prefix -> !annotations
                                .getOrDefault(prefix + "command", "")
                                .isBlank())
                        .findFirst();
    }

    private static CaptureHooks.Call call(Pod pod, Map<String, String> annotations, String prefix, Phase phase) {
        String field = field(pod, prefix);
        String container = annotations.get(prefix + "container");
        return new CaptureHooks.Call(
                field,
                pod.getMetadata().getName(),
                container == null || container.isBlank()
                        ? pod.getSpec().getContainers().getFirst().getName()
                        : container,
                command(annotations.get(prefix + "command").strip(), field),
                PodExec.atMost(timeout(pod, prefix + phase.timeout, CaptureHooks.DEFAULT_TIMEOUT)),
                mayFail(annotations, prefix));
    }

    /** Whether a failure of the command does not count. */
    static boolean mayFail(Map<String, String> annotations, String prefix) {
        return "Continue".equalsIgnoreCase(annotations.get(prefix + "on-error"));
    }

    private static List<String> command(String text, String field) {
        if (!text.startsWith("[")) {
            return List.of(text);
        }
        try {
            return List.of(JSON.readValue(text, String[].class));
        } catch (JsonProcessingException | NullPointerException e) {
            throw BreakwaterException.permanent(
                    Reason.QuiesceFailed, field + " is not a JSON array of strings: " + Texts.cut(text, PodExec.NAME));
        }
    }

    /**
     * The duration in an annotation, in the format of Velero or of Breakwater.
     *
     * @param usual without the annotation, and for zero
     * @throws BreakwaterException QuiesceFailed for any other text
     */
    static Duration timeout(Pod pod, String annotation, Duration usual) {
        String text =
                pod.getMetadata().getAnnotations().getOrDefault(annotation, "").strip();
        if (text.isEmpty()) {
            return usual;
        }
        try {
            Duration asked = GoDurations.parse(text).orElseGet(() -> Durations.parse(text));
            return asked.isPositive() ? asked : usual;
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(
                    Reason.QuiesceFailed,
                    "annotation " + annotation + " of pod " + pod.getMetadata().getName() + ": '"
                            + Texts.cut(text, PodExec.NAME) + "' is not a duration such as 30s");
        }
    }
}
