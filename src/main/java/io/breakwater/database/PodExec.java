package io.breakwater.database;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.PodResource;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** Commands in an application's pods. */
public final class PodExec {
    /** Length of output in messages. */
    static final int OUTPUT = 500;

    /** Length of a command in messages. */
    static final int NAME = 100;

    private final KubernetesClient client;
    private final String namespace;

    public PodExec(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    /**
     * The running pods that a selector matches, and those that start and whose native sidecar of this name runs.
     *
     * @param selector null for all pods of the namespace
     * @param container null for the first container of each pod
     */
    public List<Pod> pods(LabelSelector selector, String container) {
        return pods(selector, pod -> ContainerLookup.takesCommands(pod, container));
    }

    /** All pods of the namespace that are not being deleted. */
    List<Pod> allPods() {
        return pods(null, pod -> true);
    }

    private List<Pod> pods(LabelSelector selector, Predicate<Pod> filter) {
        var all = client.pods().inNamespace(namespace);
        return (selector == null ? all : all.withLabelSelector(selector))
                .list().getItems().stream()
                        .filter(filter)
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
     * @param output both output streams, in order of arrival; only the start and the end if it is long
     * @param omitted number of bytes that are missing in the output
     */
    public record Ended(int code, String output, long omitted) {}

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
     * @param asked longest duration; {@link BackupPolicySpec#LONGEST_COMMAND} is the limit
     * @param reason reason of the exception if the command cannot run, takes too long or prints too much
     */
    public Ended call(String pod, String container, List<String> command, Duration asked, Reason reason) {
        String what = what(pod, container, command);
        Duration timeout = atMost(asked);
        BoundedOutput output = new BoundedOutput();
        try (ExecWatch watch = pod(pod).inContainer(container)
                .writingOutput(output)
                .writingError(output)
                .exec(command.toArray(String[]::new))) {
            CompletableFuture<Integer> exit = watch.exitCode();
            CompletableFuture.anyOf(exit, output.exceeded()).get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (output.exceeded().isDone()) {
                throw BreakwaterException.retryable(
                        reason,
                        what + " printed more than the limit of " + BoundedOutput.LIMIT
                                + " bytes, so its connection was closed; redirect its output to a file or to /dev/null");
            }
            Integer code = exit.get();
            return new Ended(code == null ? -1 : code, output.text(), output.omitted());
        } catch (TimeoutException e) {
            throw BreakwaterException.retryable(
                    reason, what + " took longer than its timeout of " + timeout.toSeconds() + "s", e);
        } catch (ExecutionException | KubernetesClientException e) {
            throw BreakwaterException.retryable(reason, what + " could not be run: " + ServerMessage.of(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BreakwaterException.retryable(reason, what + " was interrupted", e);
        }
    }

    /** A timeout that is not longer than the limit. */
    static Duration atMost(Duration timeout) {
        return timeout.compareTo(BackupPolicySpec.LONGEST_COMMAND) > 0 ? BackupPolicySpec.LONGEST_COMMAND : timeout;
    }

    private String what(String pod, String container, List<String> command) {
        return "command " + Texts.cut(command.getFirst(), NAME) + " in pod " + namespace + "/" + pod + ", container "
                + container;
    }
}
