package io.breakwater.resource.capture;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.AccountNames;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.CaptureRules;
import io.breakwater.resource.Discovery;
import io.breakwater.resource.DiscoveryCache;
import io.breakwater.resource.OmittedObjects;
import io.breakwater.resource.PagedList;
import io.breakwater.resource.ReferencedSecrets;
import io.breakwater.steps.Parallel;
import io.breakwater.velero.ArchiveWriter;
import io.breakwater.velero.ObjectJson;
import io.breakwater.velero.ObjectKey;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

/**
 * Writes the objects of a namespace into an archive, with the cluster-scoped objects that they need, or with all
 * cluster-scoped objects. It captures every kind in scope that the API server serves, in its storage version, and lists
 * all kinds in parallel. Each object is parsed, stripped of {@code managedFields} and written at once, so memory does
 * not depend on the number of objects.
 */
public final class ResourceCapture {
    /** Number of kinds that are listed at the same time. */
    private static final int LISTS = 12;

    /** Bytes of an object that is checked against the limits of a restore. */
    private static final int LARGE = 256 << 10;

    private static final String DELETED = "their deletion has started";

    private static final int NOT_FOUND = 404;
    private static final int NOT_ALLOWED = 405;

    /**
     * A capture.
     *
     * @param scope the selected objects of the namespace
     * @param capturedAt time of the archive's entries
     */
    public record Request(String namespace, CaptureScope scope, Instant capturedAt) {}

    /**
     * Result of a capture.
     *
     * @param count objects in the archive
     * @param resourceList content of Velero's resource list, compressed
     * @param serverVersion gitVersion of the API server; may be empty
     * @param warnings problems for the reader, such as an API that did not answer
     */
    public record Result(long count, byte[] resourceList, String serverVersion, List<String> warnings) {}

    /**
     * A second archive of the same objects, which is not encrypted.
     *
     * @param secretValues whether Secrets have their values there
     */
    public record ClearCopy(OutputStream out, boolean secretValues) {}

    private final ApiServer server;
    private final DiscoveryCache discovery;

    public ResourceCapture(KubernetesClient client, DiscoveryCache discovery) {
        this.server = new ApiServer(client);
        this.discovery = discovery;
    }

    /**
     * Captures a namespace. Ends the archives, but does not close the streams.
     *
     * @throws BreakwaterException ResourcesFailed if a kind cannot be listed, because an incomplete archive is not
     *     valid
     * @throws IOException if the stream cannot be written
     */
    public Result capture(Request request, OutputStream out, Optional<ClearCopy> copy) throws IOException {
        return capture(request, out, copy, (kind, object) -> {});
    }

    /**
     * The same.
     *
     * @param seen gets each object that is listed, also if it is not captured; is called by many threads, and must not change
     *     the object
     */
    public Result capture(
            Request request, OutputStream out, Optional<ClearCopy> copy, BiConsumer<ApiKind, JsonNode> seen)
            throws IOException {
        try (ArchiveWriter archive = new ArchiveWriter(out, request.capturedAt());
                ArchiveWriter clear =
                        copy.isPresent() ? new ArchiveWriter(copy.get().out(), request.capturedAt()) : null) {
            boolean values = copy.map(ClearCopy::secretValues).orElse(false);
            DiscoveryCache.Served served = discovery.of(server);
            Run run = new Run(request, archive, clear, values, served.kinds(), seen);
            run.all();
            archive.finish();
            if (clear != null) {
                clear.finish();
            }
            return new Result(archive.count(), archive.resourceList(), served.version(), List.copyOf(run.warnings));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** One capture. */
    private final class Run {
        private final String namespace;
        private final CaptureScope scope;
        private final ArchiveWriter archive;
        private final ArchiveWriter clear;
        private final boolean secretValues;
        private final Discovery discovery;
        private final BiConsumer<ApiKind, JsonNode> listener;
        private final ClusterReferences references = new ClusterReferences();
        private final ReferencedSecrets ofLocations = new ReferencedSecrets();
        private final OmittedObjects omitted = new OmittedObjects("not in the point");
        private final List<String> warnings = Collections.synchronizedList(new ArrayList<>());

        /** @param clear writes the archive that is not encrypted; null for none */
        Run(
                Request request,
                ArchiveWriter archive,
                ArchiveWriter clear,
                boolean secretValues,
                Discovery discovery,
                BiConsumer<ApiKind, JsonNode> listener) {
            this.listener = listener;
            this.namespace = request.namespace();
            this.scope = request.scope();
            this.archive = archive;
            this.clear = clear;
            this.secretValues = secretValues;
            this.discovery = discovery;
        }

        void all() {
            discovery
                    .unavailable()
                    .forEach((groupVersion, why) -> warnings.add(
                            "API " + groupVersion + " did not answer, so its objects are not in the point: " + why));
            captureOne(new ClusterReferences.Reference("namespaces", namespace), true);
            List<ApiKind> kinds = discovery.capturable().stream()
                    .filter(CaptureRules::kind)
                    .filter(scope::lists)
                    .toList();
            // The Secrets of locations must be known before Secrets are listed, so locations are first. One list serves
            // both.
            List<ApiKind> locations =
                    kinds.stream().filter(this::isWholeListOfLocations).toList();
            locations.forEach(this::list);
            if (locations.isEmpty()) {
                ofLocations.read(server, namespace);
            }
            Parallel.each(
                    LISTS,
                    kinds.stream().filter(kind -> !locations.contains(kind)).toList(),
                    this::list);
            Parallel.each(
                    LISTS,
                    discovery.capturable().stream().filter(this::isOmitted).toList(),
                    this::listOmitted);
            discovery
                    .unlistable()
                    .forEach(kind -> warnings.add("objects of kind " + kind.qualified()
                            + " are not in the point: the API server cannot list them"));
            if (scope.wholeCluster()) {
                List<ApiKind> clusters = discovery.clusterScoped().stream()
                        .filter(ClusterRules::kind)
                        .filter(scope::lists)
                        .toList();
                Parallel.each(LISTS, clusters, this::list);
            } else if (scope.referenced()) {
                captureBindings();
                Parallel.each(LISTS, references.found(), r -> captureOne(r, false));
            }
            scope.requireMatch(namespace);
            warnings.addAll(omitted.warnings());
            warnings.addAll(scope.warnings());
        }

        /** A selector could hide a location, and with it the Secrets that it names. */
        private boolean isWholeListOfLocations(ApiKind kind) {
            return ReferencedSecrets.areNamedBy(kind) && scope.query(kind).isEmpty();
        }

        /** Snapshots that users made: the storage has their data, and another cluster cannot use them. */
        private boolean isOmitted(ApiKind kind) {
            return CaptureRules.isOfUsers(kind) && scope.lists(kind);
        }

        private void listOmitted(ApiKind kind) {
            try {
                new PagedList(server, PagedList.OBJECTS).each(kind.path(namespace), scope.query(kind), object -> {
                    boolean ofGroup =
                            !object.path("metadata").path("ownerReferences").isEmpty();
                    if (!ofGroup && CaptureRules.object(kind, object) && scope.takes(kind, key(kind, object), object)) {
                        omitted.add("points contain no snapshot objects", key(kind, object));
                    }
                });
            } catch (ApiServer.Refused e) {
                warnings.add(kind.qualified() + " of namespace " + namespace
                        + " cannot be listed; points contain none of them: " + e.getMessage());
            }
        }

        private void list(ApiKind kind) {
            AtomicLong seen = new AtomicLong();
            try {
                new PagedList(server, PagedList.OBJECTS).each(kind.path(namespace), scope.query(kind), object -> {
                    seen.incrementAndGet();
                    listener.accept(kind, object);
                    if (ReferencedSecrets.areNamedBy(kind)) {
                        ofLocations.add(object);
                    }
                    boolean deleted = CaptureRules.isOnlyDeleted(kind, object);
                    if ((deleted || CaptureRules.object(kind, object))
                            && !ofLocations.has(
                                    kind, object.path("metadata").path("name").asText())
                            && ClusterRules.object(kind, object)
                            && scope.takes(kind, key(kind, object), object)) {
                        if (deleted) {
                            omitted.add(DELETED, key(kind, object));
                            return;
                        }
                        references.collect(kind, object);
                        write(kind, object);
                    }
                });
            } catch (ApiServer.Refused e) {
                int code = e.answer().code();
                if (seen.get() == 0 && (code == NOT_FOUND || code == NOT_ALLOWED)) {
                    // The kind was removed between discovery and the list.
                    warnings.add(kind.qualified() + " is not served any more: " + e.getMessage());
                    return;
                }
                throw BreakwaterException.retryable(
                        Reason.ResourcesFailed,
                        kind.qualified() + (kind.namespaced() ? " of namespace " + namespace : "")
                                + " cannot be listed: " + e.getMessage()
                                + (code == 403 ? "; grant the operator's ClusterRole get and list on it" : ""),
                        e);
            }
        }

        /** ClusterRoleBindings that name ServiceAccounts of the namespace, one by one or as a group, and their roles. */
        private void captureBindings() {
            discovery.preferred("clusterrolebindings.rbac.authorization.k8s.io").ifPresent(kind -> {
                try {
                    new PagedList(server, PagedList.OBJECTS).each(kind.path(""), "", binding -> {
                        if (names(binding, namespace)
                                && CaptureRules.object(kind, binding)
                                && scope.takesReferenced(key(kind, binding), binding)) {
                            references.role(binding.path("roleRef"));
                            write(kind, binding);
                        }
                    });
                } catch (ApiServer.Refused e) {
                    warnings.add("ClusterRoleBindings of the namespace's ServiceAccounts are not in the point: "
                            + e.getMessage());
                }
            });
        }

        private static boolean names(JsonNode binding, String namespace) {
            for (JsonNode subject : binding.path("subjects")) {
                if (AccountNames.isOf(subject, namespace)) {
                    return true;
                }
            }
            return false;
        }

        private void captureOne(ClusterReferences.Reference reference, boolean required) {
            ApiKind kind = discovery.preferred(reference.kind()).orElse(null);
            if (kind == null) {
                return;
            }
            ApiServer.Answer answer = server.get(kind.path("", reference.name()));
            if (answer.isOk() && answer.body() instanceof ObjectNode object) {
                if (required || scope.takesReferenced(key(kind, object), object)) {
                    write(kind, object);
                }
            } else if (required || answer.code() != NOT_FOUND) {
                String message = kind.kind() + " " + reference.name() + " cannot be read: " + answer.message();
                if (required) {
                    throw BreakwaterException.retryable(Reason.ResourcesFailed, message);
                }
                warnings.add(message);
            }
        }

        private ObjectKey key(ApiKind kind, JsonNode object) {
            return kind.key(namespace, object.path("metadata").path("name").asText());
        }

        private void write(ApiKind kind, ObjectNode object) {
            ObjectNode whole = ApiServer.JSON.createObjectNode();
            whole.put("apiVersion", kind.apiVersion()).put("kind", kind.kind());
            whole.setAll(object);
            if (whole.path("metadata") instanceof ObjectNode meta) {
                meta.remove("managedFields");
            }
            try {
                byte[] json = ApiServer.JSON.writeValueAsBytes(whole);
                // Smaller objects cannot exceed a limit: the list was read with the same limit of levels.
                Optional<String> exceeded = json.length > LARGE ? ObjectJson.exceeded(json) : Optional.empty();
                if (exceeded.isPresent()) {
                    warnings.add(key(kind, whole) + " is not in the point: " + exceeded.get());
                    return;
                }
                archive.add(key(kind, whole), kind.version(), kind.kind(), json);
                if (clear != null) {
                    boolean secret = kind.qualified().equals("secrets") && !secretValues;
                    byte[] written = secret ? ApiServer.JSON.writeValueAsBytes(SecretValues.without(whole)) : json;
                    clear.add(key(kind, whole), kind.version(), kind.kind(), written);
                }
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
