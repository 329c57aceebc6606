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
import java.util.function.Supplier;

/**
 * Commands around the moment at which the snapshots are cut: those of the policy, and those that pods carry in Velero's
 * annotations. Before the cut the policy's come first, after it they come last.
 */
public final class CaptureHooks {
    static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

    private final PodExec exec;
    private final String namespace;

    public CaptureHooks(KubernetesClient client, String namespace) {
        this.exec = new PodExec(client, namespace);
        this.namespace = namespace;
    }

    /**
     * One command in one container.
     *
     * @param field where it was asked for, as messages name it
     * @param mayFail whether the point goes on without it
     */
    record Call(String field, String pod, String container, List<String> command, Duration timeout, boolean mayFail) {}

    /**
     * What was done.
     *
     * @param calls commands that were run
     * @param warnings of commands that may fail, and did
     */
    public record Done(int calls, List<String> warnings) {}

    /**
     * Runs the hooks before the cut, in order.
     *
     * @throws BreakwaterException QuiesceFailed at the first one that may not fail
     */
    public Done before(List<Hook> hooks) {
        annotated(PodHookAnnotations.Phase.POST); // what means nothing afterwards is found out before anybody is held
        List<String> warnings = new ArrayList<>();
        List<Call> calls = beforeCut(hooks, warnings);
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

    /** Runs the hooks after the cut: all of them although some fail, as un-quiescing must. */
    public Done after(List<Hook> hooks) {
        List<String> warnings = new ArrayList<>();
        List<Call> calls = afterCut(hooks, warnings);
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
     * Sees to it that the hooks after the cut run although this process ends before it; to be called before {@link #before}.
     *
     * @param window the longest that the cut may take besides the hooks before it
     */
    public HookWatchdogs arm(BackupPolicySpec.Hooks hooks, Duration window) {
        List<Call> before = beforeCut(hooks == null ? null : hooks.pre, new ArrayList<>());
        Duration limit = before.stream().map(Call::timeout).reduce(window, Duration::plus);
        return HookWatchdogs.arm(
                exec, afterCut(hooks == null ? null : hooks.post, new ArrayList<>()), limit, longest(before));
    }

    /** How long after the end of another process its {@link #arm} may still run hooks. */
    public Duration aftermath(BackupPolicySpec.Hooks hooks) {
        List<String> ignored = new ArrayList<>();
        return afterCut(hooks == null ? null : hooks.post, ignored).isEmpty()
                ? Duration.ZERO
                : longest(beforeCut(hooks == null ? null : hooks.pre, ignored)).plus(HookWatchdogs.MARGIN);
    }

    private static Duration longest(List<Call> calls) {
        return calls.stream().map(Call::timeout).max(Duration::compareTo).orElse(Duration.ZERO);
    }

    private List<Call> beforeCut(List<Hook> hooks, List<String> warnings) {
        List<Call> calls = new ArrayList<>(policy("spec.hooks.pre", hooks, warnings));
        calls.addAll(annotated(PodHookAnnotations.Phase.PRE));
        return calls;
    }

    private List<Call> afterCut(List<Hook> hooks, List<String> warnings) {
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
            List<Pod> pods = exec.pods(hook.podSelector);
            if (pods.isEmpty()) {
                String nobody = at + ".podSelector matches no running pod in namespace " + namespace;
                if (hook.onError != OnError.Continue) {
                    throw BreakwaterException.retryable(Reason.QuiesceFailed, nobody);
                }
                warnings.add(nobody);
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
                Durations.parse(hook.timeout, DEFAULT_TIMEOUT),
                hook.onError == OnError.Continue);
    }
}
