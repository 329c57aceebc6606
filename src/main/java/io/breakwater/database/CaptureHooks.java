package io.breakwater.database;

import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BackupPolicySpec.OnError;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Labels;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Commands before and after the snapshots of a capture: those of the policy, and those in Velero's annotations of pods. Hooks of
 * the policy run first before the snapshots, and last after them. The pods are listed before the watchdogs; if there is a
 * hook, again before the snapshots and after them. Not for use from several threads.
 */
public final class CaptureHooks {
    static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

    private static final int SHOWN = 5;

    private final PodExec exec;
    private final String namespace;
    private final Optional<String> objection;

    /** The pods of the namespace, from one list; null before it. */
    private List<Pod> listed;

    /** Whether there is or was a hook, so that the pods matter. */
    private boolean any;

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
     * @param warnings failures of hooks that may fail
     * @param failures failures of hooks that must not fail
     */
    public record Done(int calls, List<String> warnings, List<BreakwaterException> failures) {
        /**
         * Fails if a hook that must not fail has failed, or if the capture failed before the hooks.
         *
         * @param earlier why the capture failed; null if it did not
         */
        public void check(BreakwaterException earlier) {
            if (failures.isEmpty() && earlier == null) {
                return;
            }
            if (failures.isEmpty()) {
                throw earlier;
            }
            BreakwaterException first = earlier == null ? failures.getFirst() : earlier;
            String message = (earlier == null ? "" : earlier.getMessage() + "; ") + text();
            // A retry would pause the application again, and the hook that resumes it fails.
            throw earlier != null && earlier.isRetryable()
                    ? BreakwaterException.retryable(first.reason(), message, first)
                    : BreakwaterException.permanent(first.reason(), message, first);
        }

        /** All failures, of hooks that may fail and of others. */
        public List<String> problems() {
            return Stream.concat(warnings.stream(), failures.stream().map(BreakwaterException::getMessage))
                    .toList();
        }

        private String text() {
            return Texts.first(
                    failures.stream().map(BreakwaterException::getMessage).toList(), SHOWN);
        }
    }

    /**
     * Runs the hooks before the snapshots, in order.
     *
     * @throws BreakwaterException QuiesceFailed at the first failure of a hook that must not fail
     */
    public Done before(List<Hook> hooks) {
        if (any) {
            listed = null; // other pods may have become ready while the watchdogs were started
        }
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
        return new Done(calls.size(), warnings, List.of());
    }

    /** Runs the hooks after the snapshots. It runs all of them even if some fail, because they resume applications. */
    public Done after(List<Hook> hooks) {
        List<String> warnings = new ArrayList<>();
        List<BreakwaterException> failures = new ArrayList<>();
        if (any) {
            listAgain(warnings);
        }
        List<Call> calls = hooksAfter(hooks, warnings, failures);
        for (Call call : calls) {
            try {
                run(call);
            } catch (BreakwaterException e) {
                if (call.mayFail) {
                    warnings.add(e.getMessage());
                } else {
                    failures.add(e);
                }
            }
        }
        return new Done(calls.size(), warnings, failures);
    }

    /**
     * Starts watchdogs that run the hooks after the snapshots if this process ends before it does. Call it before
     * {@link #before}.
     *
     * @param window the longest time for the snapshots, without the hooks before them
     */
    public HookWatchdogs arm(BackupPolicySpec.Hooks hooks, Duration window) {
        listed = null; // after an interrupted attempt the list is old
        List<Call> before = hooksBefore(hooks == null ? null : hooks.pre, new ArrayList<>());
        Duration limit = before.stream().map(Call::timeout).reduce(window, Duration::plus);
        return HookWatchdogs.arm(
                exec,
                hooksAfter(hooks == null ? null : hooks.post, new ArrayList<>(), new ArrayList<>()),
                limit,
                longest(before));
    }

    /** For how long after the end of another process its watchdogs may run hooks. */
    public Duration aftermath(BackupPolicySpec.Hooks hooks) {
        List<String> ignored = new ArrayList<>();
        return hooksAfter(hooks == null ? null : hooks.post, ignored, new ArrayList<>())
                        .isEmpty()
                ? Duration.ZERO
                : longest(hooksBefore(hooks == null ? null : hooks.pre, ignored))
                        .plus(HookWatchdogs.MARGIN);
    }

    private static Duration longest(List<Call> calls) {
        return calls.stream().map(Call::timeout).max(Duration::compareTo).orElse(Duration.ZERO);
    }

    private List<Call> hooksBefore(List<Hook> hooks, List<String> warnings) {
        List<Call> calls = new ArrayList<>();
        for (int i = 0; hooks != null && i < hooks.size(); i++) {
            calls.addAll(policy("spec.hooks.pre[" + i + "]", hooks.get(i), warnings));
        }
        calls.addAll(annotated(PodHookAnnotations.Phase.PRE));
        warnings.addAll(notRun(PodHookAnnotations.Phase.PRE));
        any |= !calls.isEmpty() || hooks != null && !hooks.isEmpty();
        return calls;
    }

    /** Commands of pods that do not run, such as one that waits for a node. There is nothing to pause in them. */
    private List<String> notRun(PodHookAnnotations.Phase phase) {
        return pods(pod -> !ContainerLookup.takesCommands(pod)
                        && !ContainerLookup.isInPhase(pod, "Succeeded")
                        && !ContainerLookup.isInPhase(pod, "Failed"))
                .filter(pod -> !ContainerLookup.isHeld(pod))
                .flatMap(pod -> PodHookAnnotations.field(pod, phase).stream())
                .map(field -> field + ": the pod does not run, so its command was not run")
                .toList();
    }

    /** A pod or hook without a valid call does not prevent the calls of the others. */
    private List<Call> hooksAfter(List<Hook> hooks, List<String> warnings, List<BreakwaterException> failures) {
        List<Supplier<List<Call>>> sources = new ArrayList<>();
        pods(ContainerLookup::takesCommands)
                .forEach(pod -> sources.add(() -> annotated(pod, PodHookAnnotations.Phase.POST)));
        for (int i = 0; hooks != null && i < hooks.size(); i++) {
            int index = i;
            sources.add(() -> policy("spec.hooks.post[" + index + "]", hooks.get(index), warnings));
        }
        List<Call> calls = new ArrayList<>();
        for (Supplier<List<Call>> source : sources) {
            try {
                calls.addAll(source.get());
            } catch (BreakwaterException e) {
                failures.add(e);
            }
        }
        warnings.addAll(notRun(PodHookAnnotations.Phase.POST));
        any |= !calls.isEmpty() || !failures.isEmpty() || hooks != null && !hooks.isEmpty();
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
        return pods(ContainerLookup::takesCommands)
                .flatMap(pod -> annotated(pod, phase).stream())
                .toList();
    }

    private Stream<Pod> pods(Predicate<Pod> filter) {
        if (listed == null) {
            listed = exec.allPods();
        }
        return listed.stream().filter(filter);
    }

    /** Lists the pods again. If that fails, the earlier list has the pods to resume. */
    private void listAgain(List<String> warnings) {
        try {
            listed = exec.allPods();
        } catch (RuntimeException e) {
            if (listed == null) {
                throw e;
            }
            warnings.add("could not list the pods of namespace " + namespace
                    + " after the snapshots, so the hooks ran in the pods that were listed before: "
                    + ServerMessage.of(e));
        }
    }

    private static List<Call> annotated(Pod pod, PodHookAnnotations.Phase phase) {
        return PodHookAnnotations.of(pod, phase).stream()
                .filter(call -> ContainerLookup.takesCommands(pod, call.container))
                .toList();
    }

    private List<Call> policy(String at, Hook hook, List<String> warnings) {
        if (objection.isPresent()) {
            String refused = at + ": " + objection.get();
            if (hook.onError != OnError.Continue) {
                throw BreakwaterException.permanent(Reason.AuthorLacksRight, refused);
            }
            warnings.add(refused);
            return List.of();
        }
        List<Pod> pods = pods(pod -> ContainerLookup.takesCommands(pod, hook.container))
                .filter(pod -> hook.podSelector == null
                        || Labels.match(hook.podSelector, pod.getMetadata().getLabels()))
                .toList();
        if (pods.isEmpty()) {
            String missing = at + ".podSelector matches no running pod in namespace " + namespace;
            if (hook.onError != OnError.Continue) {
                throw BreakwaterException.retryable(Reason.QuiesceFailed, missing);
            }
            warnings.add(missing);
        }
        return pods.stream().map(pod -> call(at, hook, pod)).toList();
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
