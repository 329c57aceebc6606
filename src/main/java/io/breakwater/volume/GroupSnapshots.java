package io.breakwater.volume;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
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
 * VolumeGroupSnapshots of the CSI snapshot API. A group snapshot takes the claims that a label selects, so the claims of a run
 * carry a label of that run's own while it is taken: no others can slip in. The snapshot controller makes a VolumeSnapshot for
 * each of them, and removes it with the group.
 */
@ApplicationScoped
public class GroupSnapshots {
    static final String GROUP = "groupsnapshot.storage.k8s.io";

    /** The newest first; what is used here is the same in all of them. */
    private static final List<String> VERSIONS = List.of("v1", "v1beta2", "v1beta1");

    private static final int UNPROCESSABLE = 422;

    private final KubernetesClient client;

    public GroupSnapshots(KubernetesClient client) {
        this.client = client;
    }

    /**
     * What a group snapshot says about itself.
     *
     * @param cutAt when the data was cut; null until it was
     * @param error what the driver complains about; null when it does not
     */
    public record State(Instant cutAt, String error) {}

    /** The version of the API that is served and known here; empty when there is none. */
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

    /** Lets a group snapshot of this name take the claims, once it is asked for. */
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
                        "PersistentVolumeClaim " + namespace + "/" + claim
                                + " could not be labelled for its group snapshot: " + e.getMessage(),
                        e);
            }
        }
    }

    /** Takes the marks of a run away from all claims. */
    public void unmark(String namespace, String uid) {
        String patch = "[{\"op\":\"remove\",\"path\":\"/metadata/labels/" + Api.CUT.replace("/", "~1") + uid + "\"}]";
        var claims = client.persistentVolumeClaims().inNamespace(namespace);
        for (PersistentVolumeClaim claim :
                claims.withLabel(Api.CUT + uid).list().getItems()) {
            try {
                claims.withName(claim.getMetadata().getName()).patch(PatchContext.of(PatchType.JSON), patch);
            } catch (KubernetesClientException e) {
                // The claim, or its label, went by itself.
                if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND && e.getCode() != UNPROCESSABLE) {
                    throw e;
                }
            }
        }
    }

    /** Asks for a group snapshot of the claims that were marked for it; one of that name that is there already counts. */
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
                                // Controllers up to 8.3 do not look at matchExpressions, and would take every claim.
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
                        "VolumeGroupSnapshot " + namespace + "/" + name + " was refused: " + e.getMessage(),
                        e);
            }
        }
    }

    /** Looks at a group snapshot; empty when it is not there. */
    public Optional<State> state(String version, String namespace, String name) {
        return Optional.ofNullable(client.genericKubernetesResources(context(version))
                        .inNamespace(namespace)
                        .withName(name)
                        .get())
                .map(g -> {
                    Map<?, ?> status = g.get("status") instanceof Map<?, ?> m ? m : Map.of();
                    Object error = status.get("error") instanceof Map<?, ?> e ? e.get("message") : null;
                    Object cut = status.get("creationTime");
                    return new State(
                            cut == null ? null : Instant.parse(cut.toString()),
                            error == null ? null : error.toString());
                });
    }

    /** Removes all group snapshots of a run, and their members with them; takes its marks away. */
    public void delete(String namespace, String run, String uid) {
        version().ifPresent(version -> {
            var all = client.genericKubernetesResources(context(version)).inNamespace(namespace);
            all.withLabel(Api.RUN, run)
                    .list()
                    .getItems()
                    .forEach(g -> all.withName(g.getMetadata().getName()).delete());
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
