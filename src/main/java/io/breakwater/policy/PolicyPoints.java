package io.breakwater.policy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.ServerMessage;
import io.breakwater.api.Verification;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.points.PointIndex;
import io.breakwater.points.PolicyPointEvents;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The RestorePoints of policies in the cluster. */
@ApplicationScoped
class PolicyPoints {
    private final KubernetesClient client;
    private final PointIndex index;
    private final ObjectCache objects;
    private final BreakwaterConfig config;

    PolicyPoints(KubernetesClient client, PointIndex index, ObjectCache objects, BreakwaterConfig config) {
        this.client = client;
        this.index = index;
        this.objects = objects;
        this.config = config;
    }

    /** Wakes the policy of a point that changed. */
    PolicyPointEvents events() {
        return new PolicyPointEvents(index);
    }

    /** All points of a policy, scheduled or not, from the index. */
    List<RestorePoint> of(BackupPolicy policy) {
        return of(policy, index.in(policy.getMetadata().getNamespace()));
    }

    /** All points of a policy, as the API server has them now. What starts or deletes a point decides by these. */
    List<RestorePoint> read(BackupPolicy policy) {
        return of(policy, index.read(policy.getMetadata().getNamespace()));
    }

    private static List<RestorePoint> of(BackupPolicy policy, List<RestorePoint> points) {
        return points.stream()
                .filter(p -> policyOf(p).contains(policy.getMetadata().getName()))
                .toList();
    }

    /** Name of the policy that a point belongs to; empty if it names none. */
    static Set<String> policyOf(RestorePoint point) {
        NamedRef ref = point.getSpec().policyRef;
        return ref == null || ref.name == null ? Set.of() : Set.of(ref.name);
    }

    /**
     * Creates the point of a scheduled time.
     *
     * @return false if it existed already
     */
    boolean create(BackupPolicy policy, String name) {
        String namespace = policy.getMetadata().getNamespace();
        RestorePoint point = new RestorePoint();
        point.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(namespace)
                .addToLabels(Api.POLICY, policy.getMetadata().getName())
                .addToFinalizers(Api.FINALIZER) // or its controller would add it with one more request
                .build());
        RestorePointSpec spec = new RestorePointSpec();
        spec.policyRef = new NamedRef(policy.getMetadata().getName());
        spec.trigger = Trigger.Scheduled;
        spec.deletionPolicy = DeletionPolicy.Delete;
        point.setSpec(spec);
        try {
            index.wrote(client.resource(point).create());
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return false;
            }
            throw BreakwaterException.retryable(
                    e.getCode() == HttpURLConnection.HTTP_FORBIDDEN ? Reason.Forbidden : Reason.InternalError,
                    ObjectNames.of(point) + " was refused, will retry: " + ServerMessage.of(e),
                    e);
        }
    }

    /** All Verifications of a policy, scheduled or not. */
    List<Verification> verifications(BackupPolicy policy) {
        return objects.in(Verification.class, policy.getMetadata().getNamespace()).stream()
                .filter(v ->
                        v.getSpec().policyRef.name.equals(policy.getMetadata().getName()))
                .toList();
    }

    /**
     * Names of those points of a namespace that an unfinished Restore reads or may choose. Points are deleted after it, so the API
     * server answers. Only Restores of the namespace and of the operator's namespace can read its points.
     */
    Set<String> inUse(String namespace, List<RestorePoint> points) {
        List<Restore> restores = Stream.of(namespace, config.namespace())
                .distinct()
                .flatMap(from -> client.resources(Restore.class).inNamespace(from).list().getItems().stream())
                .toList();
        return points.stream()
                .map(p -> p.getMetadata().getName())
                .filter(name -> restores.stream().anyMatch(r -> r.reads(namespace, name, config.namespace())))
                .collect(Collectors.toSet());
    }

    /** Starts the deletion of a point; its finalizer deletes the data, also that of an imported point. */
    void delete(RestorePoint point) {
        if (point.getSpec().trigger == Trigger.Imported) {
            client.resources(RestorePoint.class)
                    .inNamespace(point.getMetadata().getNamespace())
                    .withName(point.getMetadata().getName())
                    .edit(p -> {
                        p.getSpec().deletionPolicy = DeletionPolicy.Delete;
                        return p;
                    });
        }
        client.resource(point).delete();
        index.deleted(point);
    }
}
