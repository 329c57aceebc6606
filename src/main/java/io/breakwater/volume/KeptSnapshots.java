package io.breakwater.volume;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.steps.RunNames;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Retained snapshots: those that stay in the storage, for points whose data is not moved. The VolumeSnapshotContent of a retained
 * snapshot outlives the namespace, and the driver deletes the snapshot only with its content. Annotations of the content name
 * the point. Tenants cannot write them, because contents are cluster-scoped.
 */
@ApplicationScoped
public class KeptSnapshots {
    private static final ResourceDefinitionContext CONTENT =
            Snapshots.context(Snapshots.GROUP, "v1", "VolumeSnapshotContent", false);

    /** Label: {@link RunNames} of the point's key. */
    static final String KEPT = Api.GROUP + "/kept-for";

    private static final String POINT = Api.GROUP + "/point";
    private static final String LOCATION = Api.GROUP + "/location";
    private static final String SEALED = Api.GROUP + "/sealed";
    private static final String REMOVED_AT = Api.GROUP + "/removed-at";

    /** How the snapshot controller reports the deletion of a VolumeSnapshot to the sidecar of the driver. */
    private static final String BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted";

    /** Annotations that name the Secret of the driver for a deletion. They suffice for every use of a content. */
    private static final String SECRET = "snapshot.storage.kubernetes.io/deletion-secret-";

    private static final ObjectMapper JSON = BoundedJson.mapper();

    private final KubernetesClient client;
    private final Snapshots snapshots;

    public KeptSnapshots(KubernetesClient client, Snapshots snapshots) {
        this.client = client;
        this.snapshots = snapshots;
    }

    /**
     * Identity of a snapshot in the storage.
     *
     * @param driver the CSI driver
     * @param id name of the snapshot in the driver
     */
    public record Handle(String driver, String id) {}

    /**
     * The point that needs a snapshot.
     *
     * @param run value of the label {@link Api#RUN} on the objects of the capture
     * @param point key of the point
     * @param location {@code <namespace>/<name>} of the location that holds its seal
     */
    public record Owner(String run, String point, String location) {}

    /**
     * A retained snapshot.
     *
     * @param name name of the content
     * @param point key of the point
     * @param sealed whether the point has a seal
     * @param removedAt when the point was deleted; null if it was not
     * @param madeAt when the content was created
     */
    public record Kept(String name, String point, boolean sealed, Instant removedAt, Instant madeAt) {}

    /**
     * Retained snapshots of one namespace.
     *
     * @param bytes of the volumes that would be restored from them, as their drivers report it
     */
    public record Usage(int snapshots, long bytes) {}

    /**
     * Retains a snapshot after the deletion of its VolumeSnapshot. A repeated call changes nothing.
     *
     * @return empty until the driver has finished the snapshot
     */
    public Optional<Handle> keep(String namespace, String snapshot, Owner owner) {
        return snapshots
                .content(namespace, snapshot)
                .flatMap(name -> Optional.ofNullable(contents().withName(name).get()))
                .filter(c ->
                        isOf(c, namespace, snapshot)) // a tenant can forge the status of a VolumeSnapshot, but not this
                .flatMap(c -> handle(c).map(handle -> {
                    patch(
                            c.getMetadata().getName(),
                            Map.of(
                                    "metadata",
                                            Map.of(
                                                    "labels",
                                                    Map.of(Api.RUN, owner.run, KEPT, RunNames.of(owner.point)),
                                                    "annotations",
                                                    Map.of(POINT, owner.point, LOCATION, owner.location)),
                                    "spec", Map.of("deletionPolicy", "Retain")));
                    return handle;
                }));
    }

    /** Records that the point of the run has a seal. */
    public void sealed(String run) {
        with(Api.RUN, run).forEach(c -> annotate(c.getMetadata().getName(), SEALED, "true"));
    }

    /** Records that the point was deleted: its snapshots are deleted after a grace period. */
    public void markDeleted(String point, Instant now) {
        with(KEPT, RunNames.of(point)).stream()
                .filter(c -> annotation(c, REMOVED_AT) == null)
                .forEach(c -> annotate(c.getMetadata().getName(), REMOVED_AT, now.toString()));
    }

    /** Records that the point exists and has a seal. */
    public void unmarkDeleted(Kept kept) {
        annotate(kept.name, REMOVED_AT, null);
        annotate(kept.name, SEALED, "true");
    }

    /** Makes the driver delete a snapshot. */
    public void delete(String name) {
        patch(
                name,
                Map.of(
                        "metadata", Map.of("annotations", Map.of(BEING_DELETED, "yes")),
                        "spec", Map.of("deletionPolicy", "Delete")));
        contents().withName(name).delete();
    }

    /** Retained snapshots of points with their seals in a location, {@code <namespace>/<name>}. */
    public List<Kept> of(String location) {
        return with(KEPT, null).stream()
                .filter(c -> location.equals(annotation(c, LOCATION)) && annotation(c, POINT) != null)
                .filter(c -> c.getMetadata().getDeletionTimestamp() == null)
                .map(c -> new Kept(
                        c.getMetadata().getName(),
                        annotation(c, POINT),
                        annotation(c, SEALED) != null,
                        Optional.ofNullable(annotation(c, REMOVED_AT))
                                .map(Instant::parse)
                                .orElse(null),
                        Instant.parse(c.getMetadata().getCreationTimestamp())))
                .toList();
    }

    /**
     * What the points of a namespace retain.
     *
     * @param location {@code <namespace>/<name>} of the location with their seals
     */
    public Usage usage(String location, String namespace) {
        List<GenericKubernetesResource> found = with(KEPT, null).stream()
                .filter(c -> location.equals(annotation(c, LOCATION)))
                .filter(c -> isOfNamespace(annotation(c, POINT), namespace))
                .toList();
        long bytes = found.stream()
                .mapToLong(
                        c -> Snapshots.map(c.get("status")).get("restoreSize") instanceof Number n ? n.longValue() : 0)
                .filter(size -> size > 0)
                .reduce(0, (a, b) -> a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b);
        return new Usage(found.size(), bytes);
    }

    /** @param point {@code <site>/<namespace>/<point>} */
    private static boolean isOfNamespace(String point, String namespace) {
        String[] parts = point == null ? new String[0] : point.split("/", -1);
        return parts.length == 3 && parts[1].equals(namespace);
    }

    /** Whether the cluster has the snapshot of the point, and it is ready for volumes. */
    public boolean isThere(String point, Handle handle) {
        return find(point, handle)
                .filter(c -> Boolean.TRUE.equals(Snapshots.map(c.get("status")).get("readyToUse")))
                .isPresent();
    }

    /**
     * Creates a VolumeSnapshot of a retained snapshot in any namespace, for new volumes. Its deletion does not delete the snapshot
     * in the storage. A repeated call changes nothing.
     *
     * @param point key of the point that the snapshot belongs to
     * @param name name of the VolumeSnapshot and of its content
     * @param run value of the label {@link Api#RUN} on both
     */
    public void importInto(String point, Handle handle, String namespace, String name, String run) {
        Map<String, String> annotations = new TreeMap<>(
                find(point, handle).map(c -> c.getMetadata().getAnnotations()).orElse(Map.of()));
        annotations.keySet().removeIf(k -> !k.startsWith(SECRET));
        GenericKubernetesResource content = new GenericKubernetesResourceBuilder()
                .withApiVersion(Snapshots.GROUP + "/v1")
                .withKind(CONTENT.getKind())
                .withNewMetadata()
                .withName(name)
                .addToLabels(Api.RUN, run)
                .withAnnotations(annotations)
                .endMetadata()
                .addToAdditionalProperties(
                        "spec",
                        Map.of(
                                "deletionPolicy",
                                "Retain",
                                "driver",
                                handle.driver,
                                "source",
                                Map.of("snapshotHandle", handle.id),
                                "volumeSnapshotRef",
                                Map.of("namespace", namespace, "name", name)))
                .build();
        create(contents().resource(content));
        Map<String, Object> spec = Map.of("source", Map.of("volumeSnapshotContentName", name));
        create(client.genericKubernetesResources(Snapshots.SNAPSHOT)
                .inNamespace(namespace)
                .resource(Snapshots.draft(namespace, name, Map.of(Api.RUN, run), spec)));
    }

    /** Deletes the objects that {@link #importInto} created for a run. */
    public void removeImports(String namespace, String run) {
        List<GenericKubernetesResource> imports = with(Api.RUN, run).stream()
                .filter(c -> !c.getMetadata().getLabels().containsKey(KEPT))
                .toList();
        if (!imports.isEmpty()) {
            snapshots.delete(namespace, run, List.of());
            imports.forEach(c -> contents().withName(c.getMetadata().getName()).delete());
        }
    }

    private Optional<GenericKubernetesResource> find(String point, Handle handle) {
        return with(KEPT, RunNames.of(point)).stream()
                .filter(c -> handle(c).filter(handle::equals).isPresent())
                .findFirst();
    }

    private static Optional<Handle> handle(GenericKubernetesResource content) {
        Object id = Snapshots.map(content.get("status")).get("snapshotHandle");
        Object driver = Snapshots.map(content.get("spec")).get("driver");
        return id == null ? Optional.empty() : Optional.of(new Handle(driver.toString(), id.toString()));
    }

    private static boolean isOf(GenericKubernetesResource content, String namespace, String snapshot) {
        Map<?, ?> of = Snapshots.map(Snapshots.map(content.get("spec")).get("volumeSnapshotRef"));
        return namespace.equals(of.get("namespace")) && snapshot.equals(of.get("name"));
    }

    private static String annotation(GenericKubernetesResource content, String name) {
        Map<String, String> annotations = content.getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get(name);
    }

    private NonNamespaceOperation<
                    GenericKubernetesResource, GenericKubernetesResourceList, Resource<GenericKubernetesResource>>
            contents() {
        return client.genericKubernetesResources(CONTENT);
    }

    /** @param value value of the label; null for any value */
    private List<GenericKubernetesResource> with(String label, String value) {
        return Snapshots.listed(
                value == null ? contents().withLabel(label) : contents().withLabel(label, value));
    }

    private void annotate(String name, String annotation, String value) {
        Map<String, String> annotations = new TreeMap<>();
        annotations.put(annotation, value);
        patch(name, Map.of("metadata", Map.of("annotations", annotations)));
    }

    private void patch(String name, Map<String, Object> patch) {
        try {
            contents().withName(name).patch(PatchContext.of(PatchType.JSON_MERGE), JSON.writeValueAsString(patch));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw refused(CONTENT.getKind(), name, e);
            }
        }
    }

    private static void create(Resource<GenericKubernetesResource> object) {
        try {
            object.create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw refused(
                        object.item().getKind(), object.item().getMetadata().getName(), e);
            }
        }
    }

    private static BreakwaterException refused(String kind, String name, KubernetesClientException e) {
        return BreakwaterException.retryable(
                Reason.SnapshotFailed, "could not write " + kind + " " + name + ": " + ServerMessage.of(e), e);
    }

    /** How a retained snapshot names the location with the seal of its point. */
    public static String locationName(BackupLocation location) {
        return ObjectNames.qualified(location);
    }
}
