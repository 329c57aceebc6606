package io.breakwater.volume;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BoundedJson;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Makes the driver delete the snapshots of a capture together with their VolumeSnapshots, also if the class has the
 * {@code deletionPolicy} Retain. Retained snapshots of points and imported ones stay. A tenant can write VolumeSnapshots but not
 * contents. So only what a content states about itself counts, and only contents that are not older than the capture.
 */
final class ContentDeletion {
    private static final String GROUP_HANDLE = "volumeGroupSnapshotHandle";
    private static final ObjectMapper JSON = BoundedJson.mapper();

    private final KubernetesClient client;
    private final Instant since;

    /** @param since start of the capture */
    ContentDeletion(KubernetesClient client, Instant since) {
        this.client = client;
        this.since = since;
    }

    /** Prepares the deletion of single snapshots. */
    void prepare(List<GenericKubernetesResource> snapshots) {
        var contents = contents(Snapshots.GROUP, "v1", "VolumeSnapshotContent");
        for (GenericKubernetesResource snapshot : snapshots) {
            contentsOf(contents, snapshot, "boundVolumeSnapshotContentName", "volumeSnapshotRef").stream()
                    // With the name of a volume the snapshot controller made it; one that an administrator made has a
                    // handle.
                    .filter(c -> source(c).get("volumeHandle") != null)
                    .filter(this::isOfCapture)
                    .forEach(c -> delete(contents, c));
        }
    }

    /**
     * Prepares the deletion of group snapshots and of their members.
     *
     * @param version of the API of group snapshots
     */
    void prepareGroups(String version, List<GenericKubernetesResource> groups) {
        var contents = contents(GroupSnapshots.GROUP, version, "VolumeGroupSnapshotContent");
        for (GenericKubernetesResource group : groups) {
            contentsOf(contents, group, "boundVolumeGroupSnapshotContentName", "volumeGroupSnapshotRef").stream()
                    .filter(c -> source(c).get("volumeHandles") != null)
                    .filter(this::isOfCapture)
                    .forEach(c -> {
                        members(c, member -> delete(contents(Snapshots.GROUP, "v1", "VolumeSnapshotContent"), member));
                        delete(contents, c);
                    });
        }
    }

    /** The contents of members name the group in the storage. */
    private void members(GenericKubernetesResource group, Consumer<GenericKubernetesResource> action) {
        Object handle = Snapshots.map(group.get("status")).get(GROUP_HANDLE);
        Object driver = Snapshots.map(group.get("spec")).get("driver");
        if (handle == null || driver == null) {
            return;
        }
        Snapshots.listed(contents(Snapshots.GROUP, "v1", "VolumeSnapshotContent")).stream()
                .filter(c -> handle.equals(Snapshots.map(c.get("status")).get(GROUP_HANDLE)))
                .filter(c -> driver.equals(Snapshots.map(c.get("spec")).get("driver")))
                .filter(this::isOfCapture)
                .forEach(action);
    }

    /** The content that refers to a snapshot. Before the controller has bound both, only the list shows it. */
    private List<GenericKubernetesResource> contentsOf(
            NonNamespaceOperation<
                            GenericKubernetesResource,
                            GenericKubernetesResourceList,
                            Resource<GenericKubernetesResource>>
                    contents,
            GenericKubernetesResource snapshot,
            String bound,
            String reference) {
        Object name = Snapshots.map(snapshot.get("status")).get(bound);
        GenericKubernetesResource found =
                name == null ? null : contents.withName(name.toString()).get();
        List<GenericKubernetesResource> candidates = found != null ? List.of(found) : Snapshots.listed(contents);
        return candidates.stream()
                .filter(c -> {
                    Map<?, ?> of = Snapshots.map(Snapshots.map(c.get("spec")).get(reference));
                    return snapshot.getMetadata().getNamespace().equals(of.get("namespace"))
                            && snapshot.getMetadata().getName().equals(of.get("name"))
                            && snapshot.getMetadata().getUid().equals(of.get("uid"));
                })
                .toList();
    }

    private boolean isOfCapture(GenericKubernetesResource content) {
        Map<String, String> labels = content.getMetadata().getLabels();
        boolean marked = labels != null && (labels.containsKey(KeptSnapshots.KEPT) || labels.containsKey(Api.RUN));
        return !marked
                && !Instant.parse(content.getMetadata().getCreationTimestamp()).isBefore(since);
    }

    private static Map<?, ?> source(GenericKubernetesResource content) {
        return Snapshots.map(Snapshots.map(content.get("spec")).get("source"));
    }

    private static void delete(
            NonNamespaceOperation<
                            GenericKubernetesResource,
                            GenericKubernetesResourceList,
                            Resource<GenericKubernetesResource>>
                    contents,
            GenericKubernetesResource content) {
        if ("Delete".equals(Snapshots.map(content.get("spec")).get("deletionPolicy"))) {
            return;
        }
        try {
            contents.withName(content.getMetadata().getName())
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            JSON.writeValueAsString(Map.of("spec", Map.of("deletionPolicy", "Delete"))));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
        }
    }

    private NonNamespaceOperation<
                    GenericKubernetesResource, GenericKubernetesResourceList, Resource<GenericKubernetesResource>>
            contents(String group, String version, String kind) {
        ResourceDefinitionContext context = Snapshots.context(group, version, kind, false);
        return client.genericKubernetesResources(context);
    }
}
