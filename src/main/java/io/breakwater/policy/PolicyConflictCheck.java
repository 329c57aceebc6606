package io.breakwater.policy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Detects policies that protect the same volumes. A policy protects its complete namespace, so two of them share every
 * claim.
 */
@ApplicationScoped
class PolicyConflictCheck {
    private final KubernetesClient client;
    private final ObjectCache objects;

    PolicyConflictCheck(KubernetesClient client, ObjectCache objects) {
        this.client = client;
        this.objects = objects;
    }

    /**
     * Fails if another policy takes precedence for the same volumes.
     *
     * @param ruled name of the policy that the namespace's FailoverPlan moves
     * @throws BreakwaterException PolicyConflict, with both policies and the action that helps
     */
    void check(BackupPolicy policy, Optional<String> ruled) {
        String namespace = policy.getMetadata().getNamespace();
        List<BackupPolicy> all = objects.in(BackupPolicy.class, namespace).stream()
                .filter(p -> p.getSpec().conflictsWith(policy.getSpec()))
                .toList();
        if (all.size() < 2) {
            return;
        }
        List<String> claims = client
                .persistentVolumeClaims()
                .inNamespace(namespace)
                .withoutLabel(Api.EXCLUDE, "true")
                .list()
                .getItems()
                .stream()
                .filter(c -> c.getMetadata().getDeletionTimestamp() == null)
                .map((PersistentVolumeClaim c) -> c.getMetadata().getName())
                .sorted()
                .toList();
        conflict(policy, all, claims, ruled).ifPresent(message -> {
            throw BreakwaterException.permanent(Reason.PolicyConflict, message);
        });
    }

    /**
     * The message if another policy of the namespace takes precedence; empty if this one does, or if no volume is
     * shared.
     */
    static Optional<String> conflict(
            BackupPolicy policy, List<BackupPolicy> all, List<String> claims, Optional<String> ruled) {
        String name = policy.getMetadata().getName();
        Optional<BackupPolicy> first = all.stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null && !p.template())
                .min(Comparator.comparing((BackupPolicy p) ->
                                !ruled.equals(Optional.of(p.getMetadata().getName())))
                        .thenComparing(p -> p.getMetadata().getCreationTimestamp())
                        .thenComparing(p -> p.getMetadata().getName()));
        if (claims.isEmpty()
                || first.isEmpty()
                || first.get().getMetadata().getName().equals(name)) {
            return Optional.empty();
        }
        String other = first.get().getMetadata().getName();
        return Optional.of("BackupPolicy " + name + " and BackupPolicy " + other
                + " both protect PersistentVolumeClaim "
                + Texts.first(claims, 1) + "; " + other
                + (ruled.equals(Optional.of(other)) ? " is the one that the FailoverPlan moves" : " is older")
                + ", so this one creates no scheduled RestorePoints. Delete one of the two policies, and add its"
                + " databases, hooks and copies to the other");
    }
}
