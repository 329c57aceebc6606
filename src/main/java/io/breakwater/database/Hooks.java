package io.breakwater.database;

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

/** A policy's own commands around the moment at which the snapshots are cut. */
public final class Hooks {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

    private final Exec exec;
    private final String namespace;

    public Hooks(KubernetesClient client, String namespace) {
        this.exec = new Exec(client, namespace);
        this.namespace = namespace;
    }

    /**
     * Runs hooks in order, each in every pod that it selects.
     *
     * @return warnings of hooks that may fail
     * @throws BreakwaterException QuiesceFailed at the first one that may not
     */
    public List<String> run(String field, List<Hook> hooks) {
        List<String> warnings = new ArrayList<>();
        for (int i = 0; hooks != null && i < hooks.size(); i++) {
            try {
                run(field + "[" + i + "]", hooks.get(i));
            } catch (BreakwaterException e) {
                if (hooks.get(i).onError != OnError.Continue) {
                    throw e;
                }
                warnings.add(e.getMessage());
            }
        }
        return warnings;
    }

    /** Runs all hooks although some fail, as un-quiescing must; returns what went wrong. */
    public List<String> runAll(String field, List<Hook> hooks) {
        List<String> warnings = new ArrayList<>();
        for (int i = 0; hooks != null && i < hooks.size(); i++) {
            try {
                run(field + "[" + i + "]", hooks.get(i));
            } catch (BreakwaterException e) {
                warnings.add(e.getMessage());
            }
        }
        return warnings;
    }

    private void run(String field, Hook hook) {
        List<Pod> pods = exec.pods(hook.podSelector);
        if (pods.isEmpty()) {
            throw BreakwaterException.retryable(
                    Reason.QuiesceFailed, field + ".podSelector matches no running pod in namespace " + namespace);
        }
        for (Pod pod : pods) {
            String container = hook.container != null
                    ? hook.container
                    : pod.getSpec().getContainers().getFirst().getName();
            exec.run(
                    pod.getMetadata().getName(),
                    container,
                    hook.command,
                    Durations.parse(hook.timeout, DEFAULT_TIMEOUT));
        }
    }
}
