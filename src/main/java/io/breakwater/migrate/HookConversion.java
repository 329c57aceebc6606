package io.breakwater.migrate;

import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BackupPolicySpec.Hooks;
import io.breakwater.api.BackupPolicySpec.OnError;
import io.breakwater.api.Durations;
import io.breakwater.api.GoDurations;
import io.breakwater.velero.model.Backup;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The hooks of a Backup for a namespace, as hooks of a policy. */
final class HookConversion {
    private static final int MAX = 16;

    private final String at;
    private final ConversionReport.Subject about;

    HookConversion(String at, ConversionReport.Subject about) {
        this.at = at + "hooks";
        this.about = about;
    }

    /** The hooks; null if there are none. */
    Hooks of(Backup.Hooks hooks, String namespace) {
        Hooks all = new Hooks();
        all.pre = new ArrayList<>();
        all.post = new ArrayList<>();
        if (hooks != null && hooks.resources != null) {
            for (Backup.ResourceHook hook : hooks.resources) {
                if (concerns(hook, namespace)) {
                    add(hook, hook.pre, all.pre);
                    add(hook, hook.post, all.post);
                }
            }
        }
        all.pre = all.pre.isEmpty() ? null : all.pre;
        all.post = all.post.isEmpty() ? null : all.post;
        return all.pre == null && all.post == null ? null : all;
    }

    private boolean concerns(Backup.ResourceHook hook, String namespace) {
        boolean pods = NamePatterns.selects(hook.includedResources, "pods")
                || NamePatterns.selects(hook.includedResources, "pod")
                || NamePatterns.selects(hook.includedResources, "po");
        return pods
                && NamePatterns.selects(hook.includedNamespaces, namespace)
                && !NamePatterns.contains(hook.excludedNamespaces, namespace)
                && !NamePatterns.contains(hook.excludedResources, "pods");
    }

    private void add(Backup.ResourceHook from, List<Backup.Hook> commands, List<Hook> to) {
        for (Backup.Hook command : commands == null ? List.<Backup.Hook>of() : commands) {
            if (command.exec == null || command.exec.command == null) {
                continue;
            }
            if (to.size() == MAX) {
                about.add(
                        at,
                        "a policy has at most " + MAX
                                + " hooks before and after the snapshots; the others are skipped");
                return;
            }
            Hook hook = new Hook();
            hook.podSelector = from.labelSelector == null ? new LabelSelector() : from.labelSelector;
            hook.container = command.exec.container;
            hook.command = command.exec.command;
            hook.onError = "Continue".equals(command.exec.onError) ? OnError.Continue : OnError.Fail;
            hook.timeout = GoDurations.parse(command.exec.timeout)
                    .filter(Duration::isPositive) // Velero reads zero as its default, which is 30 s here as well
                    .map(Durations::format)
                    .orElse(null);
            to.add(hook);
            about.add(
                    at + (from.name == null ? "" : " '" + from.name + "'"),
                    "all pre hooks run before the first snapshot and all post hooks after the last one, and at least"
                            + " one running pod must match; Velero runs them pod by pod");
        }
    }
}
