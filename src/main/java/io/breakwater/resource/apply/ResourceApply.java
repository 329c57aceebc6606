package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.Discovery;
import io.breakwater.resource.ObjectSelection;
import io.breakwater.resource.workload.Awaited;
import io.breakwater.velero.ArchiveReader;
import io.breakwater.velero.ObjectKey;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Brings the objects of an archive back: in {@link ApplyWave}s, all of a wave side by side. An object is created first; only
 * when it is there already it is looked at, and the conflict policy decides. Everything may be run again after a crash:
 * objects carry the run that made them, so the end and the counts are the same.
 *
 * <p>Claims and volumes are the caller's; so is closing the gate. Nothing is ever deleted but to make the same object anew.
 */
public final class ResourceApply {
    /**
     * What a restore would meet.
     *
     * @param objects that would be restored
     * @param existing objects that are there already, and not from this run
     * @param warnings kinds that the API server does not know, and rules that take nothing
     */
    public record Preview(int objects, List<String> existing, List<String> warnings) {}

    private static final String CLAIMS = "persistentvolumeclaims";

    private final KubernetesClient client;
    private final ApiServer server;

    public ResourceApply(KubernetesClient client) {
        this.client = client;
        this.server = new ApiServer(client);
    }

    /**
     * Looks before anything is touched.
     *
     * @throws BreakwaterException Forbidden when the author lacks a right that the restore would use, Tampered for an archive
     *     that no honest writer makes
     */
    public Preview preview(ApplyRequest request) throws IOException {
        try (ApplyPlan plan = ApplyPlan.read(request)) {
            Discovery discovery = Discovery.of(server);
            plan.authorize(discovery);
            return new ExistingObjects(server, discovery).preview(plan);
        }
    }

    /**
     * Creates the target namespace as it was captured, where it is absent and the request allows it. {@link #apply} does not.
     *
     * @return whether it was created by this call
     * @throws BreakwaterException when it is absent and cannot be created
     */
    public boolean createNamespace(ApplyRequest request) throws IOException {
        return new TargetNamespace(server).create(request, find(request, "namespaces"));
    }

    /**
     * Restores what waits for nothing; or, for a rehearsal, finds out what restoring everything would do. Then the API server
     * checks every write and keeps none; in a namespace that does not exist yet it cannot, and objects count as created.
     *
     * @return what was done; an object that could not be restored is in there, and does not end the run
     * @throws BreakwaterException Forbidden, Tampered, or a retryable one when the API server does not answer
     */
    public ApplyReport apply(ApplyRequest request) throws IOException {
        return apply(request, 0);
    }

    /**
     * Restores one stage of {@code spec.order}, after those before it.
     *
     * @see #apply(ApplyRequest)
     */
    public ApplyReport apply(ApplyRequest request, int stage) throws IOException {
        try (ApplyPlan plan = ApplyPlan.read(request)) {
            Discovery discovery = Discovery.of(server);
            plan.authorize(discovery);
            return new ApplyRun(server, request, plan, discovery, isHomeless(request), stage).all();
        }
    }

    /** What {@code spec.order} makes wait for what. */
    public RestoreOrder ordering(ApplyRequest request) throws IOException {
        try (ApplyPlan plan = ApplyPlan.read(request)) {
            OrderResolver order = plan.order();
            List<RestoreOrder.Stage> stages = new ArrayList<>();
            for (int i = 1; i <= order.last(); i++) {
                stages.add(new RestoreOrder.Stage(i, waits(request, order, i), order.size(i), order.held(i)));
            }
            return new RestoreOrder(stages);
        }
    }

    private static List<RestoreOrder.Wait> waits(ApplyRequest request, OrderResolver order, int stage) {
        List<RestoreOrder.Wait> waits = new ArrayList<>();
        order.before(stage).forEach((dependency, objects) -> {
            List<Awaited> awaited = objects.stream()
                    .map(o -> new Awaited(
                            kind(o).path(request.targetNamespace(), o.key().name()),
                            o.kind(),
                            o.key().name(),
                            o.reports()))
                    .toList();
            waits.add(new RestoreOrder.Wait(
                    "spec.order[" + dependency + "]", Durations.parse(order.timeout(dependency)), awaited));
        });
        return waits;
    }

    private static ApiKind kind(OrderResolver.Waited object) {
        ObjectKey key = object.key();
        String version = object.apiVersion().substring(object.apiVersion().indexOf('/') + 1);
        return new ApiKind(key.group(), version, object.kind(), key.resource(), !key.isClusterScoped(), Set.of());
    }

    /**
     * Whether the author may write into the volumes of the target namespace: he who may run pods there can mount them.
     *
     * @throws BreakwaterException Forbidden, with what he lacks
     */
    public void authorizeFiles(ApplyRequest request) {
        List<String> lacks = new ArrayList<>();
        ApiKind pods = new ApiKind("", "v1", "Pod", "pods", true, Set.of());
        ApiKind claims = new ApiKind("", "v1", "PersistentVolumeClaim", CLAIMS, true, Set.of());
        request.author()
                .lacks(pods, request.targetNamespace(), List.of("create"))
                .forEach(v -> lacks.add(v + " pods"));
        request.author()
                .lacks(claims, request.targetNamespace(), List.of("get", "update"))
                .forEach(v -> lacks.add(v + " " + CLAIMS));
        if (!lacks.isEmpty()) {
            throw ApplyPlan.forbidden(request, String.join(", ", lacks));
        }
    }

    private boolean isHomeless(ApplyRequest request) {
        return request.isRehearsal() && isNamespaceMissing(request);
    }

    /**
     * Whether {@link #createNamespace} would make the target namespace.
     *
     * @throws BreakwaterException Forbidden, when it is absent and must not be created
     */
    public boolean isNamespaceMissing(ApplyRequest request) {
        return new TargetNamespace(server).isMissing(request);
    }

    /** The wanted claims of the archive, as they were captured and the request transforms them. */
    public List<PersistentVolumeClaim> claims(ApplyRequest request) throws IOException {
        ObjectTransforms transforms = new ObjectTransforms(request.spec());
        ObjectSelection selection = new ObjectSelection("spec", request.spec().include, request.spec().exclude);
        List<PersistentVolumeClaim> claims = new ArrayList<>();
        for (byte[] json : find(request, CLAIMS)) {
            JsonNode object = ApiServer.JSON.readTree(json);
            ObjectKey key = new ObjectKey(
                    "",
                    CLAIMS,
                    request.sourceNamespace(),
                    object.path("metadata").path("name").asText());
            if (selection.wants(key, object)) {
                JsonNode wanted = transforms.apply(key, object);
                claims.add(client.getKubernetesSerialization().convertValue(wanted, PersistentVolumeClaim.class));
            }
        }
        return claims;
    }

    private static List<byte[]> find(ApplyRequest request, String directory) throws IOException {
        List<byte[]> found = new ArrayList<>();
        try (ArchiveReader reader = new ArchiveReader(request.archive().open(), ArchiveReader.Limits.DEFAULT)) {
            for (Optional<ArchiveReader.Item> i = reader.next(); i.isPresent(); i = reader.next()) {
                ObjectKey key = i.get().key();
                boolean here = key.isClusterScoped()
                        ? key.name().equals(request.sourceNamespace())
                        : key.namespace().equals(request.sourceNamespace());
                if (key.directory().equals(directory) && here) {
                    found.add(i.get().json());
                }
            }
        }
        return found;
    }
}
