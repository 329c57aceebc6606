package io.breakwater.volume;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.fabric8.kubernetes.api.model.APIGroup;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.GroupVersionForDiscovery;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * VolumeGroupSnapshots of the CSI snapshot API. A label selects the claims of a group snapshot. Each run uses its own label, so
 * no other claim can join. The snapshot controller creates a VolumeSnapshot for each claim, and deletes it with the group.
 */
@ApplicationScoped
public class GroupSnapshots {
    static final String GROUP = "groupsnapshot.storage.k8s.io";

    /** Known versions, the newest first. The fields that this class uses are the same in all of them. */
    private static final List<String> VERSIONS = List.of("v1", "v1beta2", "v1beta1");

    private static final int UNPROCESSABLE = 422;

    private final KubernetesClient client;

    public GroupSnapshots(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Status of a group snapshot.
     *
     * @param cutAt when the snapshot was taken; null before that
     * @param error message of the driver; null without an error
     */
    public record State(Instant cutAt, String error) {}

    /** The newest known version that the API server serves; empty without one. */
    public Optional<String> version() {
        APIGroup group = client.getApiGroup(GROUP);
        Set<String> served = group == null
                ? Set.of()
                : group.getVersions().stream()
                        .map(GroupVersionForDiscovery::getVersion)
                        .collect(Collectors.toSet());
        return VERSIONS.stream().filter(served::contains).findFirst();
    }

    List<GenericKubernetesResource> classes(String version) {
        return client.genericKubernetesResources(context(version, "VolumeGroupSnapshotClass", false))
                .list()
                .getItems();
    }

    /** Labels the claims for a group snapshot of this name. */
    public void mark(String namespace, String uid, String name, Collection<String> claims) {
        String patch = "{\"metadata\":{\"labels\":{\"" + Api.CUT + uid + "\":\"" + name + "\"}}}";
        for (String claim : claims) {
            try {
                client.persistentVolumeClaims()
                        .inNamespace(namespace)
                        .withName(claim)
                        .patch(PatchContext.of(PatchType.JSON_MERGE), patch);
            } catch (KubernetesClientException e) {
                throw BreakwaterException.retryable(
                        Reason.SnapshotFailed,
                        "could not label PersistentVolumeClaim " + namespace + "/" + claim + " for its group snapshot: "
                                + ServerMessage.of(e),
                        e);
            }
        }
    }

    /** Removes the labels of a run from all claims. */
    public void unmark(String namespace, String uid) {
        String patch = "[{\"op\":\"remove\",\"path\":\"/metadata/labels/" + Api.CUT.replace("/", "~1") + uid + "\"}]";
        var claims = client.persistentVolumeClaims().inNamespace(namespace);
        for (PersistentVolumeClaim claim :
                claims.withLabel(Api.CUT + uid).list().getItems()) {
            try {
                claims.withName(claim.getMetadata().getName()).patch(PatchContext.of(PatchType.JSON), patch);
            } catch (KubernetesClientException e) {
                // The claim or its label no longer exists.
                if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND && e.getCode() != UNPROCESSABLE) {
                    throw e;
                }
            }
        }
    }

    /** Creates a group snapshot of the claims that are labelled for it, unless one with this name exists. */
    public void create(
            String version, String namespace, String uid, String name, String groupClass, Map<String, String> labels) {
        GenericKubernetesResource snapshot = new GenericKubernetesResourceBuilder()
                .withApiVersion(GROUP + "/" + version)
                .withKind("VolumeGroupSnapshot")
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .withLabels(labels)
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .addToAdditionalProperties(
                        "spec",
                        Map.of(
                                "volumeGroupSnapshotClassName",
                                groupClass,
                                "source",
                                // Controllers up to 8.3 ignore matchExpressions, and would select every claim.
                                Map.of("selector", Map.of("matchLabels", Map.of(Api.CUT + uid, name)))))
                .build();
        try {
            client.genericKubernetesResources(context(version))
                    .inNamespace(namespace)
                    .resource(snapshot)
                    .create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw BreakwaterException.retryable(
                        Reason.SnapshotFailed,
                        "could not create VolumeGroupSnapshot " + namespace + "/" + name + ": " + ServerMessage.of(e),
                        e);
            }
        }
    }

    /** Status of a group snapshot; empty if it does not exist. */
    public Optional<State> state(String version, String namespace, String name) {
        return Optional.ofNullable(client.genericKubernetesResources(context(version))
                        .inNamespace(namespace)
                        .withName(name)
                        .get())
                .map(g -> {
                    Map<?, ?> status = g.get("status") instanceof Map<?, ?> m ? m : Map.of();
                    Object error = status.get("error") instanceof Map<?, ?> e ? e.get("message") : null;
                    Object created = status.get("creationTime");
                    return new State(
                            created == null ? null : Instant.parse(created.toString()),
                            error == null ? null : error.toString());
                });
    }

    /**
     * Deletes all group snapshots of a run with their members, also those in the storage whose class retains them, and removes the
     * labels of the run.
     *
     * @param since start of the capture
     */
    public void delete(String namespace, String run, String uid, Instant since) {
        version().ifPresent(version -> {
            var all = client.genericKubernetesResources(context(version)).inNamespace(namespace);
            List<GenericKubernetesResource> found =
                    all.withLabel(Api.RUN, run).list().getItems();
            new ContentDeletion(client, since).prepareGroups(version, found);
            found.forEach(g -> all.withName(g.getMetadata().getName()).delete());
        });
        unmark(namespace, uid);
    }

    private static ResourceDefinitionContext context(String version) {
        return context(version, "VolumeGroupSnapshot", true);
    }

    private static ResourceDefinitionContext context(String version, String kind, boolean namespaced) {
        return Snapshots.context(GROUP, version, kind, namespaced);
    }
}
