package io.breakwater.verify;

import io.breakwater.api.Api;
import io.breakwater.api.Restore;
import io.breakwater.api.Texts;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationStatus;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The deletion of sandboxes: how long it takes, and what blocks it. Finalizers of other controllers can block it for ever. Kubernetes
 * completes a deletion that has started without Breakwater, so after the usual time nothing waits for it. Uses only what the API
 * server and the operator write: the label of the namespace, its times and its conditions.
 */
final class SandboxDeletion {
    /** Time after which the deletion of a namespace is unusual. */
    static final Duration USUAL = Duration.ofMinutes(5);

    /** Time after which the cause is reported: pods end in less, unless they ask for a longer time. */
    private static final Duration NOTICEABLE = Duration.ofMinutes(1);

    private static final int LONGEST = 500;

    private final KubernetesClient client;
    private final String operatorNamespace;

    SandboxDeletion(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.operatorNamespace = config.namespace();
    }

    /**
     * A sandbox that exists.
     *
     * @param cause why it still exists
     * @param age time since its deletion started; negative if it has not started
     */
    record State(String cause, Duration age) {
        boolean isNoticeable() {
            return age.compareTo(NOTICEABLE) > 0;
        }

        /** Whether to wait for the deletion no longer. */
        boolean isOverdue() {
            return age.compareTo(USUAL) > 0;
        }
    }

    /** The sandbox of a Verification; empty if it does not exist. */
    Optional<State> state(Verification verification, Instant now) {
        VerificationStatus status = verification.getStatus();
        if (status == null || status.sandbox == null) {
            return Optional.empty();
        }
        Namespace namespace = client.namespaces().withName(status.sandbox).get();
        if (namespace == null || !isOf(verification, namespace)) {
            return Optional.empty();
        }
        String started = namespace.getMetadata().getDeletionTimestamp();
        return Optional.of(
                started == null
                        ? new State(notStarted(status.sandbox), Duration.ofSeconds(-1))
                        : new State(obstacles(namespace), Duration.between(Instant.parse(started), now)));
    }

    /** Whether a Verification that is over has a sandbox that later ones wait for. */
    boolean isAwaited(Verification verification, Instant now) {
        return state(verification, now).filter(s -> !s.isOverdue()).isPresent();
    }

    /** Whether a namespace is the sandbox of a Verification: the operator labels it with the uid. */
    static boolean isOf(Verification verification, Namespace namespace) {
        Map<String, String> labels = namespace.getMetadata().getLabels();
        return labels != null && verification.getMetadata().getUid().equals(labels.get(Api.SANDBOX));
    }

    private String notStarted(String name) {
        Restore restore = client.resources(Restore.class)
                .inNamespace(operatorNamespace)
                .withName(name)
                .get();
        return restore != null && restore.getMetadata().getDeletionTimestamp() != null
                ? "Restore " + operatorNamespace + "/" + name + " is being deleted first"
                : "its deletion has not started";
    }

    /** The conditions that are true while a namespace is being deleted describe its obstacles. */
    private static String obstacles(Namespace namespace) {
        Set<String> obstacles = new LinkedHashSet<>();
        if (namespace.getStatus() != null && namespace.getStatus().getConditions() != null) {
            namespace.getStatus().getConditions().stream()
                    .filter(c -> "True".equals(c.getStatus()))
                    .forEach(c -> obstacles.add(Texts.line(c.getMessage(), LONGEST)));
        }
        List<String> finalizers = namespace.getMetadata().getFinalizers();
        if (finalizers != null && !finalizers.isEmpty()) {
            obstacles.add("the namespace has finalizers " + Texts.line(Texts.first(finalizers, 5), LONGEST));
        }
        return obstacles.isEmpty() ? "Kubernetes reports no cause" : String.join("; ", obstacles);
    }
}
