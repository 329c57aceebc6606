package io.breakwater.database;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The hooks in Velero's annotations of a pod: {@code pre.hook.backup.velero.io/*}, {@code post.hook.backup.velero.io/*} and
 * {@code post.hook.restore.velero.io/*}. The defaults are Velero's: the first container, 30 seconds, a failure counts. The command
 * is a JSON array of strings, or one word.
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
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        if (annotations == null) {
            return Optional.empty();
        }
        return phase.prefixes.stream()
                .filter(prefix ->
                        !annotations.getOrDefault(prefix + "command", "").isBlank())
                .findFirst()
                .map(prefix -> call(pod, annotations, prefix, phase));
    }

    private static CaptureHooks.Call call(Pod pod, Map<String, String> annotations, String prefix, Phase phase) {
        String field =
                "annotation " + prefix + "command of pod " + pod.getMetadata().getName();
        String container = annotations.get(prefix + "container");
        return new CaptureHooks.Call(
                field,
                pod.getMetadata().getName(),
                container == null || container.isBlank()
                        ? pod.getSpec().getContainers().getFirst().getName()
                        : container,
                command(annotations.get(prefix + "command").strip(), field),
                PodExec.atMost(timeout(annotations.get(prefix + phase.timeout), prefix + phase.timeout, pod)),
                "Continue".equalsIgnoreCase(annotations.get(prefix + "on-error")));
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

    static Duration timeout(String text, String annotation, Pod pod) {
        if (text == null || text.isBlank()) {
            return CaptureHooks.DEFAULT_TIMEOUT;
        }
        try {
            return Durations.parse(text.strip());
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(
                    Reason.QuiesceFailed,
                    "annotation " + annotation + " of pod " + pod.getMetadata().getName() + ": '"
                            + Texts.cut(text, PodExec.NAME) + "' is not a duration such as 30s");
        }
    }
}
