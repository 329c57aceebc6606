package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.CaptureRules;
import io.breakwater.resource.Discovery;
import io.breakwater.resource.OmittedObjects;
import io.breakwater.resource.PagedList;
import io.breakwater.resource.ReferencedSecrets;
import io.breakwater.steps.Parallel;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** The existing objects of the target namespace. Lists only metadata, one request for each kind. */
final class ExistingObjects {
    private static final int LISTS = 12;
    private static final int NAMED = 100;
    private static final int NOT_FOUND = 404;
    private static final int SERVER_ERRORS = 500;
    private static final String CONVERSION = "conversion webhook";

    private final ApiServer server;
    private final Discovery discovery;

    ExistingObjects(ApiServer server, Discovery discovery) {
        this.server = server;
        this.discovery = discovery;
    }

    ResourceApply.Preview preview(ApplyPlan plan) {
        List<String> warnings = new ArrayList<>(plan.unmatched());
        List<ApiKind> kinds = new ArrayList<>();
        for (ApplyPlan.Type type : plan.types()) {
            Optional<ApiKind> kind = discovery.find(type.apiVersion(), type.kind());
            kind.ifPresent(kinds::add);
            if (kind.isEmpty() && !plan.defines(type.qualified())) {
                warnings.add(unserved(type.apiVersion(), type.kind()));
            }
            kind.filter(k -> !k.apiVersion().equals(type.apiVersion()))
                    .filter(k -> !RestoreRules.isNever(type.qualified()))
                    .ifPresent(k -> warnings.add(otherVersion(type, k)));
        }
        warnings.addAll(missing(plan));
        ApplyRequest request = plan.request();
        if (request.sandbox().isEmpty()) {
            warnings.addAll(new ClaimTemplateCheck(server).warnings(plan));
        }
        ReferencedSecrets ofLocations = ReferencedSecrets.of(server, request.targetNamespace());
        List<String> existing = Collections.synchronizedList(new ArrayList<>());
        List<String> unlisted = each(kinds, request.targetNamespace(), (kind, object) -> {
            String name = object.path("metadata").path("name").asText();
            ObjectKey key = kind.key(request.sourceNamespace(), name);
            boolean conflict = plan.has(key)
                    && RestoreRules.excluded(kind, object, request.isMoved()).isEmpty()
                    && !RestoreRules.isCreatedOnly(kind, object)
                    && !ofLocations.has(kind, name)
                    && !RestoreRules.isGiven(key)
                    && !request.mark().isOn(object, kind.path(request.targetNamespace(), name));
            if (conflict && existing.size() < NAMED) {
                existing.add(kind.qualified() + " " + request.targetNamespace() + "/" + name);
            }
        });
        warnings.addAll(unlisted);
        return new ResourceApply.Preview(
                plan.size(),
                existing.stream().sorted().toList(),
                warnings,
                plan.unvouched().text());
    }

    /** Cluster-scoped objects that the restored ones may need, that do not exist, and that the Restore cannot create. */
    private List<String> missing(ApplyPlan plan) {
        OmittedObjects missing = new OmittedObjects("not restored and missing here");
        Parallel.each(
                LISTS,
                plan.beyond(),
                key -> discovery
                        .preferred(key.directory())
                        .map(kind -> server.get(kind.path("", key.name())))
                        .filter(answer -> answer.code() == NOT_FOUND)
                        .ifPresent(a -> missing.add(
                                "only a Restore in the operator's namespace creates cluster-scoped objects", key)));
        return missing.warnings();
    }

    /** Number of objects of the target namespace that are not in the archive. */
    int extra(ApplyPlan plan, Consumer<String> warnings) {
        ApplyRequest request = plan.request();
        AtomicInteger count = new AtomicInteger();
        List<String> unlisted = each(discovery.capturable(), request.targetNamespace(), (kind, object) -> {
            ObjectKey key = kind.key(
                    request.sourceNamespace(),
                    object.path("metadata").path("name").asText());
            if (!plan.has(key)
                    && RestoreRules.excluded(kind, object, request.isMoved()).isEmpty()
                    && !RestoreRules.isGiven(key)) {
                count.incrementAndGet();
            }
        });
        unlisted.forEach(warnings);
        return count.get();
    }

    static String unserved(String apiVersion, String kind) {
        return kind + " in version " + apiVersion
                + " is not served by this cluster, and no other version of it is; install its CustomResourceDefinition or"
                + " the API that serves it";
    }

    private static String otherVersion(ApplyPlan.Type type, ApiKind kind) {
        return type.qualified() + ": this cluster does not serve version " + type.apiVersion()
                + ", so the objects are restored in version " + kind.apiVersion() + "; verify their fields afterwards";
    }

    static String ofOtherScope(ApiKind kind) {
        return "this cluster serves " + kind.qualified() + " as a "
                + (kind.namespaced() ? "namespaced" : "cluster-scoped")
                + " kind, but the archive has the object as a "
                + (kind.namespaced() ? "cluster-scoped" : "namespaced") + " one; create the object by hand";
    }

    /**
     * Lists the objects of these kinds.
     *
     * @return a warning for each kind whose conversion webhook does not answer: it may run in the pods that the restore starts
     */
    private List<String> each(Collection<ApiKind> kinds, String namespace, BiConsumer<ApiKind, JsonNode> each) {
        List<ApiKind> listed = kinds.stream()
                .filter(k -> k.namespaced() && k.isCapturable() && CaptureRules.kind(k))
                .distinct()
                .toList();
        List<String> unlisted = Collections.synchronizedList(new ArrayList<>());
        Parallel.each(LISTS, listed, kind -> {
            try {
                new PagedList(server, PagedList.METADATA).each(kind.path(namespace), "", o -> each.accept(kind, o));
            } catch (ApiServer.Refused e) {
                if (e.answer().code() >= SERVER_ERRORS && e.answer().message().contains(CONVERSION)) {
                    unlisted.add("existing " + kind.qualified() + " of namespace " + namespace
                            + " were not counted, because they cannot be listed: " + e.getMessage());
                    return;
                }
                throw BreakwaterException.retryable(
                        Reason.ResourcesFailed,
                        kind.qualified() + " of namespace " + namespace + " cannot be listed: " + e.getMessage(),
                        e);
            }
        });
        return unlisted.stream().sorted().toList();
    }
}
