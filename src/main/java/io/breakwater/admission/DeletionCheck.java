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
 * Refuses to delete RestorePoints that are held, and those whose data would be deleted before its lock ends. Refuses to delete
 * policies that a template manages, except by the operator. All objects of a terminating namespace may be deleted: the data
 * stays in any case, and a refusal would leave the namespace half deleted until the lock ends.
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

    AdmissionResponse review(AdmissionRequest request) {
        if (!request.isDelete()) {
            return AdmissionResponse.allow();
        }
        return switch (request.kind()) {
            case "RestorePoint" -> point(request);
            case "BackupPolicy" -> policy(request);
            default -> AdmissionResponse.allow();
        };
    }

    private AdmissionResponse policy(AdmissionRequest request) {
        BackupPolicy policy = client.getKubernetesSerialization().convertValue(request.oldObject(), BackupPolicy.class);
        boolean allowed = policy.managedBy().isEmpty()
                || request.isFrom(config.namespace())
                || isTerminating(request.namespace());
        return allowed
                ? AdmissionResponse.allow()
                : AdmissionResponse.refuse(new TemplateCheck(client, config.namespace()).deletionRefusal(policy));
    }

    private AdmissionResponse point(AdmissionRequest request) {
        RestorePoint point = client.getKubernetesSerialization().convertValue(request.oldObject(), RestorePoint.class);
        return PointLock.of(point, retention(point), clock.instant())
                .filter(lock -> lock.reason() == Reason.Held || deletesData(point))
                .filter(lock -> !isFromCatalogSync(request, point))
                .filter(lock -> !isTerminating(request.namespace()))
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

    private boolean deletesData(RestorePoint point) {
        return point.getSpec().deletionPolicy != DeletionPolicy.Retain
                && point.getStatus() != null
                && config.site().equals(point.getStatus().site);
    }

    /** Catalog sync deletes imported RestorePoints whose point was deleted. This never deletes data. */
    private boolean isFromCatalogSync(AdmissionRequest request, RestorePoint point) {
        return request.isFrom(config.namespace())
                && point.getSpec().trigger == Trigger.Imported
                && point.getSpec().deletionPolicy == DeletionPolicy.Retain;
    }

    private boolean isTerminating(String name) {
        Namespace namespace = client.namespaces().withName(name).get();
        return namespace != null && namespace.getMetadata().getDeletionTimestamp() != null;
    }
}
