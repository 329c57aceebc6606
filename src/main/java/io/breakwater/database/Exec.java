package io.breakwater.database;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.PodResource;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Commands in an application's pods. */
final class Exec {
    private final KubernetesClient client;
    private final String namespace;

    Exec(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    /** The running pods that a selector matches. */
    List<Pod> pods(LabelSelector selector) {
        return client.pods().inNamespace(namespace).withLabelSelector(selector).list().getItems().stream()
                .filter(p -> "Running".equals(p.getStatus().getPhase()))
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .toList();
    }

    /** The pod, and the container to speak to in it. */
    PodResource pod(String pod) {
        return client.pods().inNamespace(namespace).withName(pod);
    }

    /**
     * Runs a command to its end.
     *
     * @throws BreakwaterException QuiesceFailed when it fails or takes too long
     */
    void run(String pod, String container, List<String> command, Duration timeout) {
        String what = "command " + command.getFirst() + " in pod " + namespace + "/" + pod + ", container " + container;
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (ExecWatch watch = pod(pod).inContainer(container)
                .writingOutput(output)
                .writingError(output)
                .exec(command.toArray(String[]::new))) {
            CompletableFuture<Integer> exit = watch.exitCode();
            Integer code = exit.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (code == null || code != 0) {
                throw BreakwaterException.retryable(
                        Reason.QuiesceFailed, what + " ended with exit code " + code + ": " + tail(output));
            }
        } catch (TimeoutException e) {
            throw BreakwaterException.retryable(
                    Reason.QuiesceFailed, what + " took longer than its timeout of " + timeout.toSeconds() + "s", e);
        } catch (ExecutionException | KubernetesClientException e) {
            throw BreakwaterException.retryable(Reason.QuiesceFailed, what + " could not be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BreakwaterException.retryable(Reason.QuiesceFailed, what + " was interrupted", e);
        }
    }

    private static String tail(ByteArrayOutputStream output) {
        String text = output.toString(StandardCharsets.UTF_8).strip();
        return text.length() > 500 ? "…" + text.substring(text.length() - 500) : text;
    }
}
