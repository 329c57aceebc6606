package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.velero.ObjectJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The namespace into which a point is restored. */
final class TargetNamespace {
    private static final String PATH = "/api/v1/namespaces";
    /** The manifest of the source namespace, with its name. */
    private static final String LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

    private static final List<String> RANGES = List.of(
            "openshift.io/sa.scc.uid-range", "openshift.io/sa.scc.supplemental-groups", "openshift.io/sa.scc.mcs");

    private static final int CONFLICT = 409;
    private static final int NOT_FOUND = 404;

    private final ApiServer server;

    TargetNamespace(ApiServer server) {
        this.server = server;
    }

    /** @param captured the Namespace as it was captured, or an empty list */
    boolean create(ApplyRequest request, List<byte[]> captured) throws IOException {
        String name = request.targetNamespace();
        ApiServer.Answer there = server.get(PATH + "/" + ApiKind.encoded(name));
        if (there.isOk()) {
            if (there.body().path("metadata").has("deletionTimestamp")) {
                throw BreakwaterException.retryable(
                        Reason.Conflict,
                        "namespace " + name + " is being deleted; wait until the deletion is complete");
            }
            return false;
        }
        if (there.code() != NOT_FOUND) {
            throw BreakwaterException.retryable(
                    Reason.ResourcesFailed, "namespace " + name + " cannot be read: " + there.message());
        }
        authorize(request);
        ApiServer.Answer made = request.author()
                .writer()
                .send(
                        "POST",
                        PATH,
                        manifest(request, request.author().content().mayLabelNamespace() ? captured : List.of()));
        if (!made.isOk() && made.code() != CONFLICT) {
            throw BreakwaterException.retryable(
                    Reason.ResourcesFailed, "namespace " + name + " cannot be created: " + made.message());
        }
        return made.isOk();
    }

    /**
     * Whether a restore would create the namespace.
     *
     * @throws BreakwaterException Forbidden if it would and must not
     */
    boolean isMissing(ApplyRequest request) {
        boolean missing = server.get(PATH + "/" + ApiKind.encoded(request.targetNamespace()))
                        .code()
                == NOT_FOUND;
        if (missing) {
            authorize(request);
        }
        return missing;
    }

    /** Reads the captured Namespace, or an empty list. */
    interface CapturedNamespace {
        List<byte[]> read() throws IOException;
    }

    /**
     * Ranges of user and group ids that OpenShift gave to an existing namespace, if they are not those of the captured one: pods get
     * their user from them, and restored files have the captured owners.
     */
    List<String> warnings(ApplyRequest request, CapturedNamespace captured) throws IOException {
        JsonNode live = server.get(PATH + "/" + ApiKind.encoded(request.targetNamespace()))
                .body()
                .path("metadata")
                .path("annotations");
        if (RANGES.stream().noneMatch(live::has)) {
            return List.of();
        }
        List<byte[]> found = captured.read();
        if (found.isEmpty()) {
            return List.of();
        }
        JsonNode old = ObjectJson.parse(found.getFirst()).path("metadata").path("annotations");
        return RANGES.stream()
                .filter(range -> old.has(range)
                        && !old.path(range).asText().equals(live.path(range).asText()))
                .map(range -> "namespace " + request.targetNamespace() + " has " + range + "="
                        + live.path(range).asText() + ", but the captured one had "
                        + old.path(range).asText()
                        + ": pods that get their user from it may not read restored files; set the captured value before"
                        + " the pods start")
                .toList();
    }

    private static void authorize(ApplyRequest request) {
        ApiKind kind = new ApiKind("", "v1", "Namespace", "namespaces", false, java.util.Set.of());
        boolean allowed = request.allowClusterScoped()
                && request.author().lacks(kind, "", List.of("create")).isEmpty();
        if (!allowed) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "namespace " + request.targetNamespace() + " does not exist, and author "
                            + request.author().author()
                            + " may not create it with a Restore; create the namespace first");
        }
    }

    /** With the captured labels and annotations, except those of Breakwater, which describe the state of the source. */
    private static ObjectNode manifest(ApplyRequest request, List<byte[]> captured) throws IOException {
        ObjectNode namespace =
                ApiServer.JSON.createObjectNode().put("apiVersion", "v1").put("kind", "Namespace");
        ObjectNode meta = namespace.putObject("metadata").put("name", request.targetNamespace());
        if (!captured.isEmpty()) {
            JsonNode old = ObjectJson.parse(captured.getFirst()).path("metadata");
            for (String field : List.of("labels", "annotations")) {
                if (old.path(field) instanceof ObjectNode marks) {
                    ObjectNode kept = marks.deepCopy();
                    List<String> names = new ArrayList<>();
                    kept.fieldNames().forEachRemaining(names::add);
                    names.removeIf(n -> !n.startsWith(Api.GROUP + "/") && !n.equals("kubernetes.io/metadata.name"));
                    kept.remove(names);
                    kept.remove(LAST_APPLIED);
                    meta.set(field, kept);
                }
            }
            if (request.isMoved()) {
                TrackingMarks.remove("namespaces", meta);
            }
        }
        return namespace;
    }
}
