package io.breakwater.database;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
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
public final class PodExec {
    /** Length of output in messages. */
    private static final int OUTPUT = 500;

    private final KubernetesClient client;
    private final String namespace;

    public PodExec(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    /** The running pods that a selector matches; without a selector all of the namespace. */
    public List<Pod> pods(LabelSelector selector) {
        var all = client.pods().inNamespace(namespace);
        return (selector == null ? all : all.withLabelSelector(selector))
                .list().getItems().stream()
                        .filter(p -> "Running".equals(p.getStatus().getPhase()))
                        .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                        .toList();
    }

    /** The pod with this name. */
    PodResource pod(String pod) {
        return client.pods().inNamespace(namespace).withName(pod);
    }

    /**
     * Result of a command.
     *
     * @param output both output streams, in order of arrival
     */
    public record Ended(int code, String output) {}

    /**
     * Runs a command and waits for its end.
     *
     * @throws BreakwaterException QuiesceFailed if it fails or takes too long
     */
    void run(String pod, String container, List<String> command, Duration timeout) {
        Ended ended = call(pod, container, command, timeout, Reason.QuiesceFailed);
        if (ended.code != 0) {
            throw BreakwaterException.retryable(
                    Reason.QuiesceFailed,
                    what(pod, container, command) + " ended with exit code " + ended.code + ": "
                            + Texts.tail(ended.output.strip(), OUTPUT));
        }
    }

    /**
     * Runs a command and returns its result, whether it succeeds or not.
     *
     * @param reason reason of the exception if the command cannot run or takes too long
     */
    public Ended call(String pod, String container, List<String> command, Duration timeout, Reason reason) {
        String what = what(pod, container, command);
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (ExecWatch watch = pod(pod).inContainer(container)
                .writingOutput(output)
                .writingError(output)
                .exec(command.toArray(String[]::new))) {
            CompletableFuture<Integer> exit = watch.exitCode();
            Integer code = exit.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return new Ended(code == null ? -1 : code, output.toString(StandardCharsets.UTF_8));
        } catch (TimeoutException e) {
            throw BreakwaterException.retryable(
                    reason, what + " took longer than its timeout of " + timeout.toSeconds() + "s", e);
        } catch (ExecutionException | KubernetesClientException e) {
            throw BreakwaterException.retryable(reason, what + " could not be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BreakwaterException.retryable(reason, what + " was interrupted", e);
        }
    }

    private String what(String pod, String container, List<String> command) {
        return "command " + command.getFirst() + " in pod " + namespace + "/" + pod + ", container " + container;
    }
}
