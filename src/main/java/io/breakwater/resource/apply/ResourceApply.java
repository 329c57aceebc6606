package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.CaptureRules;
import io.breakwater.resource.Discovery;
import io.breakwater.resource.ObjectSelection;
import io.breakwater.resource.workload.Awaited;
import io.breakwater.velero.ArchiveReader;
import io.breakwater.velero.ObjectJson;
import io.breakwater.velero.ObjectKey;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Restores the objects of an archive in {@link ApplyWave}s, those of one wave in parallel. Each object is created; only
 * if it exists, it is read, and the conflict policy decides. A run can be repeated after a crash: objects carry the id
 * of the run that wrote them, so result and counts are the same.
 *
 * <p>The caller restores claims and volumes, and closes the gate. Objects are deleted only to create the same object
 * again.
 */
public final class ResourceApply {
    /**
     * Preview of a restore.
     *
     * @param objects number of objects that would be restored
     * @param existing objects that exist, and were not written by this run
     * @param warnings kinds that the API server does not serve, and rules that match nothing
     * @param unvouched objects that are skipped, because nothing vouches for the archive; empty without such objects
     */
    public record Preview(int objects, List<String> existing, List<String> warnings, Optional<String> unvouched) {}

    private static final String CLAIMS = "persistentvolumeclaims";

    /** Bytes of the objects of one kind that are in memory at the same time. */
    private static final long MAX_FOUND = 64L << 20;

    private final KubernetesClient client;
    private final ApiServer server;

    public ResourceApply(KubernetesClient client) {
        this.client = client;
        this.server = new ApiServer(client);
    }

    /**
     * Checks a restore before anything is changed.
     *
     * @throws BreakwaterException Forbidden if the author lacks a right that the restore would use; Tampered for an
     *     archive that Breakwater cannot have written
     */
    public Preview preview(ApplyRequest request) throws IOException {
        try (ApplyPlan plan = ApplyPlan.read(request)) {
            Discovery discovery = Discovery.of(server);
            plan.authorize(discovery);
            Preview found = new ExistingObjects(server, discovery).preview(plan);
            List<String> warnings = new ArrayList<>(found.warnings);
            warnings.addAll(new TargetNamespace(server).warnings(request, () -> find(request, "namespaces")));
            return new Preview(found.objects, found.existing, warnings, found.unvouched);
        }
    }

    /**
     * Creates the target namespace as it was captured, if it does not exist and the request allows it. {@link #apply}
     * does not.
     *
     * @return whether this call created it
     * @throws BreakwaterException if it does not exist and cannot be created
     */
    public boolean createNamespace(ApplyRequest request) throws IOException {
        return new TargetNamespace(server).create(request, find(request, "namespaces"));
    }

    /**
     * Restores the objects of the first stage. A dry run checks all objects: the API server checks every write and
     * stores none. It cannot check them in a namespace that does not exist yet; there objects count as created.
     *
     * @return the result; it includes objects that could not be restored, which do not end the run
     * @throws BreakwaterException Forbidden, Tampered, or a retryable one if the API server does not answer
     */
    public ApplyReport apply(ApplyRequest request) throws IOException {
        return apply(request, 0);
    }

    /**
     * Restores one stage of {@code spec.order}, after the earlier ones.
     *
     * @see #apply(ApplyRequest)
     */
    public ApplyReport apply(ApplyRequest request, int stage) throws IOException {
        return run(request, plan -> new ApplyScope.Stage(stage, request.isDryRun()));
    }

    /**
     * Restores the definitions and classes of the first stage, which claims need. {@link #apply} repeats them with the same result,
     * counts them, and reports the objects that cannot be restored.
     *
     * @return the result; nothing is restored unless the request allows cluster-scoped objects
     */
    public Optional<ApplyReport> applyClasses(ApplyRequest request) throws IOException {
        return request.allowClusterScoped()
                ? Optional.of(run(request, plan -> new ApplyScope.Classes()))
                : Optional.empty();
    }

    /**
     * The classes of the archive as {@link #applyClasses} would create them, for a dry run. A class of the cluster with the same name
     * stays as it is.
     */
    public List<JsonNode> plannedClasses(ApplyRequest request) throws IOException {
        if (!request.allowClusterScoped()) {
            return List.of();
        }
        try (ApplyPlan plan = ApplyPlan.read(request)) {
            Discovery discovery = Discovery.of(server);
            plan.authorize(discovery);
            return new ApplyRun(server, request, plan, discovery, false, new ApplyScope.Classes()).classes();
        }
    }

    /** What had run where the archive was captured, and the workloads of the target that it does not have. */
    public PointHistory history(ApplyRequest request) throws IOException {
        return PointHistory.read(request, server);
    }

    /** Restores the objects that earlier runs deferred, and adds the owner references to them. */
    public ApplyReport retry(ApplyRequest request, DeferredSelection selection) throws IOException {
        return run(request, plan -> ApplyScope.Retry.of(plan, selection));
    }

    private ApplyReport run(ApplyRequest request, Function<ApplyPlan, ApplyScope> scope) throws IOException {
        try (ApplyPlan plan = ApplyPlan.read(request)) {
            Discovery discovery = Discovery.of(server);
            plan.authorize(discovery);
            return new ApplyRun(server, request, plan, discovery, hasNoNamespace(request), scope.apply(plan)).all();
        }
    }

    /** Stages and dependencies that follow from {@code spec.order}. */
    public RestoreOrder ordering(ApplyRequest request) throws IOException {
        try (ApplyPlan plan = ApplyPlan.read(request)) {
            Discovery discovery = Discovery.of(server);
            OrderResolver order = plan.order();
            List<RestoreOrder.Stage> stages = new ArrayList<>();
            for (int i = 1; i <= order.last(); i++) {
                stages.add(
                        new RestoreOrder.Stage(i, waits(request, discovery, order, i), order.size(i), order.held(i)));
            }
            return new RestoreOrder(stages);
        }
    }

    private static List<RestoreOrder.Wait> waits(
            ApplyRequest request, Discovery discovery, OrderResolver order, int stage) {
        List<RestoreOrder.Wait> waits = new ArrayList<>();
        order.before(stage).forEach((dependency, objects) -> {
            List<Awaited> awaited = objects.stream()
                    .map(o -> new Awaited(
                            kind(discovery, o)
                                    .path(request.targetNamespace(), o.key().name()),
                            o.kind(),
                            o.key().name(),
                            o.reports()))
                    .toList();
            waits.add(new RestoreOrder.Wait(
                    "spec.order[" + dependency + "]", Durations.parse(order.timeout(dependency)), awaited));
        });
        return waits;
    }

    /** The kind in the version that it is restored in. */
    private static ApiKind kind(Discovery discovery, OrderResolver.Waited object) {
        return discovery
                .find(object.apiVersion(), object.kind())
                .filter(k -> k.qualified().equals(object.key().directory()))
                .orElseGet(() -> archived(object));
    }

    private static ApiKind archived(OrderResolver.Waited object) {
        ObjectKey key = object.key();
        String version = object.apiVersion().substring(object.apiVersion().indexOf('/') + 1);
        return new ApiKind(key.group(), version, object.kind(), key.resource(), !key.isClusterScoped(), Set.of());
    }

    /**
     * Checks whether the author may write into the volumes of the target namespace: a user that may create pods there
     * can mount them.
     *
     * @throws BreakwaterException Forbidden, with the missing rights
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

    /**
     * The API server for claims. The rights of the author are checked again, because the volumes are filled next: a restore may
     * have waited for hours since the preview.
     *
     * @throws BreakwaterException Forbidden, with the missing rights
     */
    public ApiServer claimWriter(ApplyRequest request) {
        authorizeClaims(request);
        return request.author().writer();
    }

    /**
     * Checks whether the author may write claims and so their volumes, whatever claims the archive has: the seal names the
     * volumes, and the owner of a location can seal any.
     *
     * @throws BreakwaterException Forbidden, with the missing rights
     */
    public void authorizeClaims(ApplyRequest request) {
        ApiKind claims = new ApiKind("", "v1", "PersistentVolumeClaim", CLAIMS, true, Set.of());
        List<String> lacks =
                request.author().lacks(claims, request.targetNamespace(), ApplyPlan.verbs(request.onConflict()));
        if (!lacks.isEmpty()) {
            throw ApplyPlan.forbidden(request, String.join("/", lacks) + " " + CLAIMS);
        }
    }

    private boolean hasNoNamespace(ApplyRequest request) {
        return request.isDryRun() && isNamespaceMissing(request);
    }

    /**
     * Whether {@link #createNamespace} would create the target namespace.
     *
     * @throws BreakwaterException Forbidden if it does not exist and must not be created
     */
    public boolean isNamespaceMissing(ApplyRequest request) {
        return new TargetNamespace(server).isMissing(request);
    }

    /** The selected claims of the archive, after the transforms of the request. */
    public List<PersistentVolumeClaim> claims(ApplyRequest request) throws IOException {
        ObjectTransforms transforms = new ObjectTransforms(request.spec());
        ObjectSelection selection = new ObjectSelection("spec", request.spec().include, request.spec().exclude);
        List<PersistentVolumeClaim> claims = new ArrayList<>();
        for (byte[] json : find(request, CLAIMS)) {
            JsonNode object = ObjectJson.parse(json);
            ObjectKey key = new ObjectKey(
                    "",
                    CLAIMS,
                    request.sourceNamespace(),
                    object.path("metadata").path("name").asText());
            if (selection.selects(key, object) && !CaptureRules.isOfPod(object.path("metadata"))) {
                JsonNode wanted = transforms.apply(key, object);
                if (request.isMoved()) {
                    TrackingMarks.remove(CLAIMS, (ObjectNode) wanted.path("metadata"));
                }
                claims.add(client.getKubernetesSerialization().convertValue(wanted, PersistentVolumeClaim.class));
            }
        }
        return claims;
    }

    private static List<byte[]> find(ApplyRequest request, String directory) throws IOException {
        List<byte[]> found = new ArrayList<>();
        long bytes = 0;
        try (ArchiveReader reader = new ArchiveReader(request.archive().open(), ArchiveReader.Limits.DEFAULT)) {
            for (Optional<ArchiveReader.Item> i = reader.next(); i.isPresent(); i = reader.next()) {
                ObjectKey key = i.get().key();
                boolean here = key.isClusterScoped()
                        ? key.name().equals(request.sourceNamespace())
                        : key.namespace().equals(request.sourceNamespace());
                // The plan reports objects that exceed a limit.
                if (key.directory().equals(directory)
                        && here
                        && ObjectJson.exceeded(i.get().json()).isEmpty()) {
                    found.add(i.get().json());
                    bytes += i.get().json().length;
                    if (bytes > MAX_FOUND) {
                        throw BreakwaterException.permanent(
                                Reason.Tampered,
                                "the archive has more than " + MAX_FOUND + " bytes of " + directory
                                        + "; nothing was restored from this archive");
                    }
                }
            }
        }
        return found;
    }
}
