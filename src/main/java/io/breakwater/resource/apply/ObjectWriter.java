package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.Texts;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.CaptureRules;
import io.breakwater.resource.RestoreMark;
import io.breakwater.steps.Activities;
import io.breakwater.velero.ObjectKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Creates an object, or treats an existing one as the conflict policy requires. Also reads existing objects as the user that
 * writes, since messages and dry runs report what was read.
 */
final class ObjectWriter {
    private static final Duration BRIEF = Duration.ofMillis(100);

    private static final int LONGEST_CAUSE = 1000;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int INVALID = 422;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int SERVER_ERRORS = 500;
    private static final int ATTEMPTS = 5;
    private static final String MERGE = "?fieldManager=breakwater-restore&force=true";
    private static final Done SKIPPED = new Done(ApplyCounts.Fate.SKIPPED);
    private static final Duration GONE = Duration.ofSeconds(90);

    /**
     * Kinds that are deleted and created again if a field cannot be changed, and the propagation policy for their
     * dependents.
     */
    private static final Map<String, String> RECREATED = Map.ofEntries(
            Map.entry("jobs.batch", "Background"),
            Map.entry("statefulsets.apps", "Orphan"),
            Map.entry("deployments.apps", "Background"),
            Map.entry("daemonsets.apps", "Background"),
            Map.entry("replicasets.apps", "Background"),
            Map.entry("pods", "Background"),
            Map.entry("services", "Background"),
            Map.entry("configmaps", "Background"),
            Map.entry("secrets", "Background"),
            Map.entry("rolebindings.rbac.authorization.k8s.io", "Background"));

    /**
     * Result for an object.
     *
     * @param detail in a dry run the fields that would change
     * @param repeated whether an earlier attempt of the same Restore had this result
     */
    record Done(ApplyCounts.Fate fate, String detail, boolean repeated) {
        Done(ApplyCounts.Fate fate) {
            this(fate, "");
        }

        Done(ApplyCounts.Fate fate, String detail) {
            this(fate, detail, false);
        }
    }

    /** The API server refused an object, with its message. */
    static final class Failed extends Exception {
        private static final long serialVersionUID = 1;
        private final boolean undecided;

        Failed(String message) {
            super(message);
            this.undecided = false;
        }

        /** @param answer a refusal, or an error of the server or of a webhook, which decides nothing about the object */
        Failed(String message, ApiServer.Answer answer) {
            super(message);
            this.undecided = answer.code() >= SERVER_ERRORS || answer.code() == TOO_MANY_REQUESTS;
        }

        /** Whether the API server may accept the same object later. */
        boolean isUndecided() {
            return undecided;
        }
    }

    private final ApiServer server;
    private final ApplyRequest request;
    private final OwnerReferences owners;
    private final ApplyCounts counts;
    private final ObjectSanitizer cleaner;
    private final ObjectSanitizer present;

    ObjectWriter(ApiServer server, ApplyRequest request, OwnerReferences owners, ApplyCounts counts) {
        this.server = server;
        this.request = request;
        this.owners = owners;
        this.counts = counts;
        this.cleaner = new ObjectSanitizer(request.sourceNamespace(), request.targetNamespace());
        this.present = cleaner.ofTarget();
    }

    /** One object to write. */
    private record Job(ApiKind kind, ObjectKey key, JsonNode captured, ObjectNode wanted, String path) {
        String archivedVersion() {
            return captured.path("apiVersion").asText();
        }

        /** The path of a write. An object in another version than the archived one must not lose a field. */
        String checked(String write) {
            return archivedVersion().equals(kind.apiVersion()) ? write : ApiServer.strict(write);
        }
    }

    Done write(ApiKind kind, ObjectKey key, JsonNode captured) throws Failed {
        String path = kind.path(request.targetNamespace(), key.name());
        Job job = new Job(kind, key, captured, cleaner.clean(kind, captured), path);
        reportMarks(job);
        if (owners.resolve(captured, job.wanted())) {
            owners.addLater(path, captured);
        }
        for (int attempt = 1; ; attempt++) {
            ApiServer.Answer answer = create(job, "created");
            if (answer.isOk()) {
                return new Done(ApplyCounts.Fate.CREATED);
            }
            if (answer.code() != CONFLICT || answer.reason().equals("Conflict")) {
                throw new Failed(cause(job, answer), answer);
            }
            ApiServer.Answer live = server.get(path);
            if (live.isOk()) {
                return treatExisting(job, live.body());
            }
            if (live.code() != NOT_FOUND || attempt == ATTEMPTS) {
                throw new Failed("it exists but cannot be read: " + cause(job, live), live);
            }
        }
    }

    private void reportMarks(Job job) {
        if (request.isMoved() && job.kind().namespaced() && request.sandbox().isEmpty()) {
            for (String tool : TrackingMarks.tools(job.captured().path("metadata"))) {
                counts.note(
                        "restored without the marks of " + tool,
                        tool + " of the source namespace could delete copies that have them",
                        job.key());
            }
        }
    }

    private ApiServer.Answer create(Job job, String verb) {
        ObjectNode body = marked(job.wanted(), verb, job.path());
        request.author().stamp(job.kind(), body);
        String collection = job.checked(job.kind().path(request.targetNamespace()));
        ApiServer.Answer answer = server.create(collection, body);
        if (isPortTaken(job, answer)) {
            answer = server.create(collection, ObjectSanitizer.withoutPorts(body));
            warnOfPorts(job, answer);
        }
        if (answer.isOk()) {
            owners.record(job.kind(), job.captured(), answer.body());
        }
        reportLostFields(job, answer);
        return answer;
    }

    /** Treats an object that existed before. */
    private Done treatExisting(Job job, JsonNode live) throws Failed {
        owners.record(job.kind(), job.captured(), live);
        if (request.mark().isOn(live, job.path())) {
            owners.addLater(job.path(), job.captured());
            return new Done(fate(RunMark.verb(live)), "", true);
        }
        if (request.isMoved() && job.kind().qualified().startsWith("clusterrolebindings.")) {
            counts.warn("ClusterRoleBinding " + job.key().name()
                    + " exists and was not changed; if the ServiceAccounts of namespace " + request.targetNamespace()
                    + " need it, create another ClusterRoleBinding for them");
        }
        if (RestoreRules.isCreatedOnly(job.kind(), job.captured()) || CaptureRules.isProtected(job.kind(), live)) {
            return SKIPPED;
        }
        if (request.onConflict() != OnConflict.Replace && RestoreRules.isGiven(job.key())) {
            return complete(job, live);
        }
        return switch (request.onConflict()) {
            case Skip -> SKIPPED;
            case Fail -> throw new Failed("it exists already, and onConflict is Fail");
            case Update -> update(job, live);
            case Replace -> replace(job, live);
        };
    }

    /** Result of an object that this run wrote before a crash. */
    private static ApplyCounts.Fate fate(String verb) {
        return switch (verb) {
            case "replaced" -> ApplyCounts.Fate.REPLACED;
            case "updated" -> ApplyCounts.Fate.UPDATED;
            default -> ApplyCounts.Fate.CREATED;
        };
    }

    /** Completes a ServiceAccount that the cluster created: unless a user has changed it, it gets all captured fields. */
    private Done complete(Job job, JsonNode live) throws Failed {
        JsonNode now = present.clean(job.kind(), live);
        boolean untouched = !now.has("imagePullSecrets")
                && now.path("metadata").path("labels").isEmpty()
                && now.path("metadata").path("annotations").isEmpty();
        return untouched ? replace(job, live) : SKIPPED;
    }

    private Done replace(Job job, JsonNode first) throws Failed {
        JsonNode live = first;
        ApiServer.Answer answer = null;
        JsonNode wanted = cleaner.clean(job.kind(), job.captured());
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            JsonNode now = present.clean(job.kind(), live);
            if (now.equals(wanted)) {
                return SKIPPED;
            }
            answer = put(
                    job,
                    ReplacementBody.of(
                            job.kind(), marked(job.wanted(), "replaced", job.path()), live, request.isMoved()));
            if (answer.isOk()) {
                owners.record(job.kind(), job.captured(), answer.body());
                return new Done(ApplyCounts.Fate.REPLACED, changes(now, wanted));
            }
            if (answer.code() == NOT_FOUND) {
                return recreated(job);
            }
            if (answer.code() != CONFLICT) {
                break;
            }
            ApiServer.Answer again = server.get(job.path());
            if (again.code() == NOT_FOUND) {
                return recreated(job);
            }
            live = again.body();
        }
        if (answer.code() == INVALID && RECREATED.containsKey(job.kind().qualified())) {
            if (request.isDryRun()) {
                return new Done(
                        ApplyCounts.Fate.REPLACED,
                        "deleted and created again, because a field cannot be changed: "
                                + changes(present.clean(job.kind(), live), wanted));
            }
            remove(job, live);
            return recreated(job);
        }
        throw new Failed(cause(job, answer), answer);
    }

    /**
     * Merges the captured fields in, by the API server's own rules for each kind. The result of a server-side apply in
     * dry run is written as an update. So Breakwater owns no field, and a later apply removes none.
     */
    private Done update(Job job, JsonNode first) throws Failed {
        JsonNode live = first;
        for (int attempt = 1; ; attempt++) {
            ObjectNode fields = job.wanted().deepCopy();
            if (live.path("metadata").has("ownerReferences")) {
                ((ObjectNode) fields.path("metadata")).remove("ownerReferences");
            }
            ApiServer.Answer merged = server.send(
                    "PATCH", job.checked(ApiServer.dry(job.path() + MERGE)), "application/apply-patch+yaml", fields);
            if (!merged.isOk()) {
                throw new Failed(cause(job, merged), merged);
            }
            JsonNode before = present.clean(job.kind(), live);
            JsonNode after = present.clean(job.kind(), merged.body());
            if (before.equals(after)) {
                return SKIPPED;
            }
            ObjectNode body = marked((ObjectNode) merged.body(), "updated", job.path());
            ObjectNode meta = (ObjectNode) body.path("metadata");
            meta.remove("managedFields");
            meta.set("resourceVersion", live.path("metadata").path("resourceVersion"));
            ApiServer.Answer answer = put(job, body);
            if (answer.isOk()) {
                return new Done(ApplyCounts.Fate.UPDATED, changes(before, after));
            }
            if (answer.code() != CONFLICT || attempt == ATTEMPTS) {
                throw new Failed(cause(job, answer), answer);
            }
            live = server.get(job.path()).body();
        }
    }

    private String changes(JsonNode before, JsonNode after) {
        return request.isDryRun() ? FieldChanges.between(before, after) : "";
    }

    private ApiServer.Answer put(Job job, ObjectNode body) {
        String path = job.checked(job.path());
        ApiServer.Answer answer = server.send("PUT", path, body);
        if (isPortTaken(job, answer)) {
            answer = server.send("PUT", path, ObjectSanitizer.withoutPorts(body));
            warnOfPorts(job, answer);
        }
        reportLostFields(job, answer);
        return answer;
    }

    private Done recreated(Job job) throws Failed {
        ApiServer.Answer answer = create(job, "replaced");
        if (!answer.isOk()) {
            throw new Failed("it could not be created again: " + cause(job, answer), answer);
        }
        return new Done(ApplyCounts.Fate.REPLACED);
    }

    private void remove(Job job, JsonNode live) throws Failed {
        ObjectNode options = ApiServer.JSON.createObjectNode();
        options.put("apiVersion", "v1").put("kind", "DeleteOptions");
        options.put("propagationPolicy", RECREATED.get(job.kind().qualified()));
        options.putObject("preconditions").set("uid", live.path("metadata").path("uid"));
        ApiServer.Answer answer = server.send("DELETE", job.path(), options);
        if (!answer.isOk() && answer.code() != NOT_FOUND) {
            throw new Failed(
                    "a field cannot be changed, and the object could not be deleted: " + cause(job, answer), answer);
        }
        long deadline = System.nanoTime() + GONE.toNanos();
        while (server.get(job.path()).code() != NOT_FOUND) {
            if (System.nanoTime() > deadline) {
                throw new Failed("a field cannot be changed, and the object still exists " + GONE.toSeconds()
                        + " s after its deletion; check its finalizers");
            }
            Activities.pause(BRIEF);
        }
    }

    /** Fields that the API server dropped, or refused in another version than the archived one. */
    private void reportLostFields(Job job, ApiServer.Answer answer) {
        String version = job.kind().apiVersion();
        String lost = UnknownFields.in(answer.isOk() ? answer.warnings() : List.of(answer.message()));
        if (lost.isEmpty()) {
            return;
        }
        if (answer.isOk()) {
            counts.note(
                    "restored without fields",
                    "this cluster does not know them in version " + version + " (" + lost + ")",
                    job.key());
        } else {
            counts.omit(
                    job.key(),
                    "this cluster does not serve version " + job.archivedVersion() + " of their kind, and version "
                            + version + " does not have fields of them (" + lost + ")");
        }
    }

    /**
     * The message of the API server. If it refused the author, or another version than the archived one, also the cause and the way
     * out.
     */
    private String cause(Job job, ApiServer.Answer answer) {
        if (answer.code() == FORBIDDEN && request.author().isImpersonating()) {
            return "the API server refused it to author " + request.author().author() + ": "
                    + Texts.line(answer.message(), LONGEST_CAUSE)
                    + "; grant the right, or ask an administrator to create the Restore";
        }
        return job.archivedVersion().equals(job.kind().apiVersion())
                ? answer.message()
                : Texts.line(answer.message(), LONGEST_CAUSE) + "; this cluster does not serve version "
                        + job.archivedVersion() + ", so the object was sent in version "
                        + job.kind().apiVersion()
                        + "; change it with spec.transforms, or install the definition of the archived version";
    }

    private ObjectNode marked(ObjectNode wanted, String verb, String path) {
        ObjectNode body = wanted.deepCopy();
        ((ObjectNode) body.path("metadata"))
                .withObjectProperty("annotations")
                .put(RestoreMark.ANNOTATION, request.mark().value(verb, path));
        return body;
    }

    private static boolean isPortTaken(Job job, ApiServer.Answer answer) {
        return answer.code() == INVALID
                && job.kind().qualified().equals("services")
                && answer.message().contains("port is already allocated");
    }

    private void warnOfPorts(Job job, ApiServer.Answer answer) {
        if (answer.isOk()) {
            counts.warn("Service " + request.targetNamespace() + "/" + job.key().name()
                    + " got other node ports, because another Service uses the captured ones");
        }
    }
}
