package io.breakwater.policy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Policies that protect the same volumes. A policy protects its whole namespace, so two of them share every claim. */
@ApplicationScoped
class PolicyConflictCheck {
    private final KubernetesClient client;

    PolicyConflictCheck(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Throws when another policy has the say over the same volumes.
     *
     * @param ruled name of the policy that the namespace's FailoverPlan moves
     * @throws BreakwaterException PolicyConflict, naming both policies and the way out
     */
    void check(BackupPolicy policy, Optional<String> ruled) {
        String namespace = policy.getMetadata().getNamespace();
        List<BackupPolicy> all = client.resources(BackupPolicy.class).inNamespace(namespace).list().getItems().stream()
                .filter(p -> p.getSpec().isRivalOf(policy.getSpec()))
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

    /** What to say when another of the namespace's policies goes first; empty when this one does, or no volume is shared. */
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
                + claims.getFirst() + (claims.size() > 1 ? " and " + (claims.size() - 1) + " more" : "") + "; " + other
                + (ruled.equals(Optional.of(other)) ? " is the one that the FailoverPlan moves" : " is older")
                + ", so this one makes no RestorePoints by schedule. Delete one of the two, and put its databases,"
                + " hooks and copies into the other");
    }
}
