package io.breakwater.migrate;

import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BackupPolicySpec.Hooks;
import io.breakwater.api.BackupPolicySpec.OnError;
import io.breakwater.api.Durations;
import io.breakwater.velero.model.Backup;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.ArrayList;
import java.util.List;

/** The hooks of a Backup that concern a namespace, as those of a policy. */
final class HookConversion {
    private static final int MOST = 16;

    private final String at;
    private final ConversionReport.Subject about;

    HookConversion(String at, ConversionReport.Subject about) {
        this.at = at + "hooks";
        this.about = about;
    }

    /** The hooks; null where there are none. */
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
        boolean pods = NamePatterns.takes(hook.includedResources, "pods")
                || NamePatterns.takes(hook.includedResources, "pod")
                || NamePatterns.takes(hook.includedResources, "po");
        return pods
                && NamePatterns.takes(hook.includedNamespaces, namespace)
                && !NamePatterns.names(hook.excludedNamespaces, namespace)
                && !NamePatterns.names(hook.excludedResources, "pods");
    }

    private void add(Backup.ResourceHook from, List<Backup.Hook> commands, List<Hook> to) {
        for (Backup.Hook command : commands == null ? List.<Backup.Hook>of() : commands) {
            if (command.exec == null || command.exec.command == null) {
                continue;
            }
            if (to.size() == MOST) {
                about.tell(at, "a policy has at most " + MOST + " hooks before and after; the others are left out");
                return;
            }
            Hook hook = new Hook();
            hook.podSelector = from.labelSelector == null ? new LabelSelector() : from.labelSelector;
            hook.container = command.exec.container;
            hook.command = command.exec.command;
            hook.onError = "Continue".equals(command.exec.onError) ? OnError.Continue : OnError.Fail;
            hook.timeout = GoDurations.parse(command.exec.timeout)
                    .map(Durations::format)
                    .orElse(null);
            to.add(hook);
            about.tell(
                    at + (from.name == null ? "" : " '" + from.name + "'"),
                    "all hooks before run before the first snapshot, all after it after the last, and at least one"
                            + " running pod must match; Velero runs them pod by pod");
        }
    }
}
