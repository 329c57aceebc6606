package io.breakwater.volume;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Listable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** VolumeSnapshots of the CSI snapshot API, {@code snapshot.storage.k8s.io/v1}. */
@ApplicationScoped
public class Snapshots {
    static final String GROUP = "snapshot.storage.k8s.io";
    static final ResourceDefinitionContext SNAPSHOT = context(GROUP, "v1", "VolumeSnapshot", true);
    private static final ResourceDefinitionContext CLASS = context(GROUP, "v1", "VolumeSnapshotClass", false);

    /** Annotation on a snapshot that no claim of its capture uses any more. */
    private static final String UNUSED = Api.GROUP + "/unused";

    private final KubernetesClient client;

    public Snapshots(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Status of a snapshot.
     *
     * @param cutAt when the snapshot was taken; null before that
     * @param ready whether volumes can be created from it
     * @param restoreSize smallest size of such a volume, a quantity; may be null
     * @param error message of the driver; null without an error
     */
    public record State(Instant cutAt, boolean ready, String restoreSize, String error) {}

    /** Creates a snapshot, unless one with this name exists. */
    public void create(String namespace, String name, String pvc, String snapshotClass, Map<String, String> labels) {
        Map<String, Object> spec =
                Map.of("volumeSnapshotClassName", snapshotClass, "source", Map.of("persistentVolumeClaimName", pvc));
        GenericKubernetesResource snapshot = draft(namespace, name, labels, spec);
        try {
            client.genericKubernetesResources(SNAPSHOT)
                    .inNamespace(namespace)
                    .resource(snapshot)
                    .create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw BreakwaterException.retryable(
                        Reason.SnapshotFailed,
                        "could not create VolumeSnapshot " + namespace + "/" + name + " of claim " + pvc + ": "
                                + ServerMessage.of(e),
                        e);
            }
        }
    }

    /** A VolumeSnapshot that archives exclude. */
    static GenericKubernetesResource draft(
            String namespace, String name, Map<String, String> labels, Map<String, Object> spec) {
        return new GenericKubernetesResourceBuilder()
                .withApiVersion(GROUP + "/v1")
                .withKind(SNAPSHOT.getKind())
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .withLabels(labels)
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .addToAdditionalProperties("spec", spec)
                .build();
    }

    /** Name of the VolumeSnapshotContent that a snapshot is bound to; empty if it is not bound or does not exist. */
    Optional<String> content(String namespace, String name) {
        return get(namespace, name)
                .flatMap(s -> Optional.ofNullable(map(s.get("status")).get("boundVolumeSnapshotContentName"))
                        .map(Object::toString));
    }

    private Optional<GenericKubernetesResource> get(String namespace, String name) {
        return Optional.ofNullable(client.genericKubernetesResources(SNAPSHOT)
                .inNamespace(namespace)
                .withName(name)
                .get());
    }

    /** Status of a snapshot; empty if it does not exist. */
    public Optional<State> state(String namespace, String name) {
        return get(namespace, name).map(Snapshots::state);
    }

    private static State state(GenericKubernetesResource s) {
        Map<?, ?> status = map(s.get("status"));
        Object error = status.get("error") instanceof Map<?, ?> e ? e.get("message") : null;
        Object created = status.get("creationTime");
        return new State(
                created == null ? null : Instant.parse(created.toString()),
                Boolean.TRUE.equals(status.get("readyToUse")),
                status.get("restoreSize") == null
                        ? null
                        : status.get("restoreSize").toString(),
                error == null ? null : error.toString());
    }

    /** The members of a group snapshot that exist already: VolumeSnapshots by the names of their claims. */
    public Map<String, String> members(String namespace, String group) {
        Map<String, String> members = new HashMap<>();
        for (GenericKubernetesResource s : client.genericKubernetesResources(SNAPSHOT)
                .inNamespace(namespace)
                .list()
                .getItems()) {
            Map<?, ?> source = map(map(s.get("spec")).get("source"));
            if (isMember(s, group) && source.get("persistentVolumeClaimName") instanceof String claim) {
                members.put(claim, s.getMetadata().getName());
            }
        }
        return members;
    }

    /** Some versions of the snapshot controller name the group in the status, some as an owner, most in both. */
    private static boolean isMember(GenericKubernetesResource snapshot, String group) {
        return group.equals(map(snapshot.get("status")).get("volumeGroupSnapshotName"))
                || snapshot.getMetadata().getOwnerReferences().stream()
                        .anyMatch(o -> o.getKind().equals("VolumeGroupSnapshot")
                                && o.getName().equals(group));
    }

    static Map<?, ?> map(Object value) {
        return value instanceof Map<?, ?> m ? m : Map.of();
    }

    /** Deletes all snapshots of a run except the given ones. */
    public void delete(String namespace, String run, List<String> except) {
        var all = client.genericKubernetesResources(SNAPSHOT).inNamespace(namespace);
        for (GenericKubernetesResource s : listed(all.withLabel(Api.RUN, run))) {
            if (!except.contains(s.getMetadata().getName())) {
                all.withName(s.getMetadata().getName()).delete();
            }
        }
    }

    /**
     * Deletes all snapshots of a capture, also those in the storage whose class retains them. Retained snapshots of points stay.
     *
     * @param since start of the capture
     */
    public void deleteWithContents(String namespace, String run, Instant since) {
        var all = client.genericKubernetesResources(SNAPSHOT).inNamespace(namespace);
        List<GenericKubernetesResource> snapshots = listed(all.withLabel(Api.RUN, run));
        new ContentDeletion(client, since).prepare(snapshots);
        delete(namespace, run, List.of());
        snapshots.stream()
                .filter(s -> s.getMetadata().getDeletionTimestamp() != null)
                .forEach(s -> touch(all.withName(s.getMetadata().getName())));
    }

    /**
     * Makes the snapshot controller look again at a snapshot whose deletion started before, such as by the deletion of its namespace. While
     * a claim was created from the snapshot, the controller kept its finalizer, and it looks again only after minutes or after a change.
     */
    private static void touch(Resource<GenericKubernetesResource> snapshot) {
        try {
            snapshot.patch(
                    PatchContext.of(PatchType.JSON_MERGE),
                    "{\"metadata\":{\"annotations\":{\"" + UNUSED + "\":\"true\"}}}");
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
        }
    }

    static List<GenericKubernetesResource> classes(KubernetesClient client) {
        return listed(client.genericKubernetesResources(CLASS));
    }

    /** The objects of a list; none in a cluster without the API. */
    static List<GenericKubernetesResource> listed(Listable<GenericKubernetesResourceList> list) {
        try {
            return list.list().getItems();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return List.of();
            }
            throw e;
        }
    }

    static ResourceDefinitionContext context(String group, String version, String kind, boolean namespaced) {
        return new ResourceDefinitionContext.Builder()
                .withGroup(group)
                .withVersion(version)
                .withKind(kind)
                .withPlural(kind.toLowerCase(Locale.ROOT) + (kind.endsWith("s") ? "es" : "s"))
                .withNamespaced(namespaced)
                .build();
    }
}
