package io.breakwater.admission;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.Retention;
import io.breakwater.api.PointLock;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.Optional;

/**
 * Refuses to delete RestorePoints that are held, and those whose data would go before the date until which it is locked;
 * and policies that a template keeps, to anyone but the operator. A namespace that goes as a whole takes its objects along: data stays then in any case, and a refusal would leave the
 * namespace half deleted for as long as the lock lasts.
 */
final class DeletionCheck {
    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final Clock clock;

    DeletionCheck(KubernetesClient client, BreakwaterConfig config, Clock clock) {
        this.client = client;
        this.config = config;
        this.clock = clock;
    }

    AdmissionResponse review(AdmissionRequest review) {
        if (!review.isDelete()) {
            return AdmissionResponse.allow();
        }
        return switch (review.kind()) {
            case "RestorePoint" -> point(review);
            case "BackupPolicy" -> policy(review);
            default -> AdmissionResponse.allow();
        };
    }

    private AdmissionResponse policy(AdmissionRequest review) {
        BackupPolicy policy = client.getKubernetesSerialization().convertValue(review.oldObject(), BackupPolicy.class);
        boolean free = policy.keptBy().isEmpty() || review.isFrom(config.namespace()) || isGoing(review.namespace());
        return free
                ? AdmissionResponse.allow()
                : AdmissionResponse.refuse(new TemplateCheck(client, config.namespace()).removal(policy));
    }

    private AdmissionResponse point(AdmissionRequest review) {
        RestorePoint point = client.getKubernetesSerialization().convertValue(review.oldObject(), RestorePoint.class);
        return PointLock.of(point, retention(point), clock.instant())
                .filter(lock -> lock.reason() == Reason.Held || isDataAtStake(point))
                .filter(lock -> !isCatalog(review, point))
                .filter(lock -> !isGoing(review.namespace()))
                .map(lock -> AdmissionResponse.refuse(lock.message()))
                .orElseGet(AdmissionResponse::allow);
    }

    private Retention retention(RestorePoint point) {
        return Optional.ofNullable(point.getSpec().policyRef)
                .map(ref -> client.resources(BackupPolicy.class)
                        .inNamespace(point.getMetadata().getNamespace())
                        .withName(ref.name)
                        .get())
                .map(policy -> policy.getSpec().retention)
                .orElse(null);
    }

    private boolean isDataAtStake(RestorePoint point) {
        return point.getSpec().deletionPolicy != DeletionPolicy.Retain
                && point.getStatus() != null
                && config.site().equals(point.getStatus().site);
    }

    /** Catalog sync takes back what it showed, once there is nothing left to show; that never removes data. */
    private boolean isCatalog(AdmissionRequest review, RestorePoint point) {
        return review.isFrom(config.namespace())
                && point.getSpec().trigger == Trigger.Imported
                && point.getSpec().deletionPolicy == DeletionPolicy.Retain;
    }

    private boolean isGoing(String name) {
        Namespace namespace = client.namespaces().withName(name).get();
        return namespace != null && namespace.getMetadata().getDeletionTimestamp() != null;
    }
}
