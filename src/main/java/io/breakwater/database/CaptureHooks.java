package io.breakwater.database;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BackupPolicySpec.OnError;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Commands before and after the snapshots of a capture: those of the policy, and those in Velero's annotations of pods. Hooks of
 * the policy run first before the snapshots, and last after them.
 */
public final class CaptureHooks {
    static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

    private final PodExec exec;
    private final String namespace;
    private final Optional<String> objection;

    public CaptureHooks(KubernetesClient client, String namespace) {
        this(new PodExec(client, namespace), namespace, Optional.empty());
    }

    private CaptureHooks(PodExec exec, String namespace, Optional<String> objection) {
        this.exec = exec;
        this.namespace = namespace;
        this.objection = objection;
    }

    /**
     * The same hooks where the author of the policy may not run commands: each hook of the policy fails, as its onError defines.
     * Hooks in annotations of pods run. A user who can write the annotation can also replace the image of the pod.
     */
    public CaptureHooks refusing(String cause) {
        return new CaptureHooks(exec, namespace, Optional.of(cause));
    }

    /**
     * One command in one container.
     *
     * @param field the field or annotation that requests it, for messages
     * @param mayFail whether the capture continues after a failure
     */
    record Call(String field, String pod, String container, List<String> command, Duration timeout, boolean mayFail) {}

    /**
     * Result of the hooks.
     *
     * @param calls number of commands that ran
     * @param warnings failures of commands that may fail
     */
    public record Done(int calls, List<String> warnings) {}

    /**
     * Runs the hooks before the snapshots, in order.
     *
     * @throws BreakwaterException QuiesceFailed at the first failure of a hook that must not fail
     */
    public Done before(List<Hook> hooks) {
        annotated(PodHookAnnotations.Phase.POST); // an invalid annotation must fail before any hook has paused a pod
        List<String> warnings = new ArrayList<>();
        List<Call> calls = hooksBefore(hooks, warnings);
        for (Call call : calls) {
            try {
                run(call);
            } catch (BreakwaterException e) {
                if (!call.mayFail) {
                    throw e;
                }
                warnings.add(e.getMessage());
            }
        }
        return new Done(calls.size(), warnings);
    }

    /** Runs the hooks after the snapshots. It runs all of them even if some fail, because they resume applications. */
    public Done after(List<Hook> hooks) {
        List<String> warnings = new ArrayList<>();
        List<Call> calls = hooksAfter(hooks, warnings);
        for (Call call : calls) {
            try {
                run(call);
            } catch (BreakwaterException e) {
                warnings.add(e.getMessage());
            }
        }
        return new Done(calls.size(), warnings);
    }

    /**
     * Starts watchdogs that run the hooks after the snapshots if this process ends before it does. Call it before
     * {@link #before}.
     *
     * @param window the longest time for the snapshots, without the hooks before them
     */
    public HookWatchdogs arm(BackupPolicySpec.Hooks hooks, Duration window) {
        List<Call> before = hooksBefore(hooks == null ? null : hooks.pre, new ArrayList<>());
        Duration limit = before.stream().map(Call::timeout).reduce(window, Duration::plus);
        return HookWatchdogs.arm(
                exec, hooksAfter(hooks == null ? null : hooks.post, new ArrayList<>()), limit, longest(before));
    }

    /** For how long after the end of another process its watchdogs may run hooks. */
    public Duration aftermath(BackupPolicySpec.Hooks hooks) {
        List<String> ignored = new ArrayList<>();
        return hooksAfter(hooks == null ? null : hooks.post, ignored).isEmpty()
                ? Duration.ZERO
                : longest(hooksBefore(hooks == null ? null : hooks.pre, ignored))
                        .plus(HookWatchdogs.MARGIN);
    }

    private static Duration longest(List<Call> calls) {
        return calls.stream().map(Call::timeout).max(Duration::compareTo).orElse(Duration.ZERO);
    }

    private List<Call> hooksBefore(List<Hook> hooks, List<String> warnings) {
        List<Call> calls = new ArrayList<>(policy("spec.hooks.pre", hooks, warnings));
        calls.addAll(annotated(PodHookAnnotations.Phase.PRE));
        return calls;
    }

    private List<Call> hooksAfter(List<Hook> hooks, List<String> warnings) {
        List<Call> calls = new ArrayList<>();
        List<Supplier<List<Call>>> sources = List.of(
                () -> annotated(PodHookAnnotations.Phase.POST), () -> policy("spec.hooks.post", hooks, warnings));
        for (Supplier<List<Call>> source : sources) {
            try {
                calls.addAll(source.get());
            } catch (BreakwaterException e) {
                warnings.add(e.getMessage());
            }
        }
        return calls;
    }

    private void run(Call call) {
        try {
            exec.run(call.pod, call.container, call.command, call.timeout);
        } catch (BreakwaterException e) {
            throw BreakwaterException.retryable(Reason.QuiesceFailed, call.field + ": " + e.getMessage(), e);
        }
    }

    private List<Call> annotated(PodHookAnnotations.Phase phase) {
        return exec.pods(null).stream()
                .flatMap(pod -> PodHookAnnotations.of(pod, phase).stream())
                .toList();
    }

    private List<Call> policy(String field, List<Hook> hooks, List<String> warnings) {
        List<Call> calls = new ArrayList<>();
        for (int i = 0; hooks != null && i < hooks.size(); i++) {
            String at = field + "[" + i + "]";
            Hook hook = hooks.get(i);
            if (objection.isPresent()) {
                String refused = at + ": " + objection.get();
                if (hook.onError != OnError.Continue) {
                    throw BreakwaterException.permanent(Reason.AuthorLacksRight, refused);
                }
                warnings.add(refused);
                continue;
            }
            List<Pod> pods = exec.pods(hook.podSelector);
            if (pods.isEmpty()) {
                String missing = at + ".podSelector matches no running pod in namespace " + namespace;
                if (hook.onError != OnError.Continue) {
                    throw BreakwaterException.retryable(Reason.QuiesceFailed, missing);
                }
                warnings.add(missing);
            }
            pods.stream().map(pod -> call(at, hook, pod)).forEach(calls::add);
        }
        return calls;
    }

    private static Call call(String field, Hook hook, Pod pod) {
        return new Call(
                field,
                pod.getMetadata().getName(),
                hook.container != null
                        ? hook.container
                        : pod.getSpec().getContainers().getFirst().getName(),
                hook.command,
                PodExec.atMost(Durations.parse(hook.timeout, DEFAULT_TIMEOUT)),
                hook.onError == OnError.Continue);
    }
}
