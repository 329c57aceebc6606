package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.Discovery;
import io.breakwater.resource.ReferencedSecrets;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Parallel;
import io.breakwater.velero.ObjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** One restore of objects, wave by wave. */
final class ApplyRun {
    /** Unit in which large objects are counted, in bytes. */
    private static final int UNIT = 64 << 10;

    /** Units of the large objects that are in memory at the same time, in all restores: 1.5 MiB. */
    private static final int UNITS = 24;

    private static final Semaphore LARGE = new Semaphore(UNITS);
    private static final Duration BRIEF = Duration.ofMillis(100);

    private static final int WRITES = 16;
    private static final int NOT_FOUND = 404;
    private static final Duration ESTABLISHED = Duration.ofSeconds(60);

    private final ApiServer server;
    private final ApiServer writes;
    private final ApplyRequest request;
    private final ApplyPlan plan;
    private final OwnerReferences owners;
    private final ApplyCounts counts;
    private final ObjectWriter writer;
    private final boolean noNamespace;
    private final ApplyScope scope;
    private final ReferencedSecrets ofLocations;
    private Discovery discovery;
    private DefaultClassRules defaults;

    /** @param noNamespace whether this is a dry run and the target namespace does not exist */
    ApplyRun(
            ApiServer server,
            ApplyRequest request,
            ApplyPlan plan,
            Discovery discovery,
            boolean noNamespace,
            ApplyScope scope) {
        this.server = server;
        ApiServer author = request.author().writer().withFewRetries();
        this.writes = request.isDryRun() ? author.dryRun() : author;
        this.request = request;
        this.plan = plan;
        this.owners = plan.owners();
        this.discovery = discovery;
        this.noNamespace = noNamespace;
        this.scope = scope;
        this.ofLocations = ReferencedSecrets.of(server, request.targetNamespace());
        this.counts = new ApplyCounts(request.isDryRun());
        this.writer = new ObjectWriter(writes, request, owners, counts);
    }

    ApplyReport all() {
        if (scope.reportsOmitted()) {
            plan.refused().forEach(counts::fail);
            plan.unvouched().keys().forEach(key -> counts.count(ApplyCounts.Fate.SKIPPED, key, UnvouchedObjects.CAUSE));
            plan.unvouched().text().ifPresent(counts::warn);
        }
        for (ApplyWave wave : scope.waves()) {
            List<ApplyPlan.Entry> entries = plan.wave(wave).stream()
                    .filter(e -> scope.includes(plan, e.key()))
                    .toList();
            Parallel.each(
                    WRITES,
                    plan.wave(wave).stream()
                            .filter(e -> scope.isEarlier(plan, e.key()))
                            .toList(),
                    this::recordEarlier);
            if (wave == ApplyWave.CLUSTER) {
                defaults = DefaultClassRules.of(server, discovery, plan);
            }
            Parallel.each(WRITES, entries, this::restoreInTurn);
            if (wave == ApplyWave.DEFINITIONS && !request.isDryRun() && !entries.isEmpty()) {
                entries.forEach(e -> awaitEstablished(e.key()));
                discovery = Discovery.of(server);
            }
        }
        if (!request.isDryRun()) {
            Parallel.each(WRITES, owners.pending(), this::addOwners);
        }
        int extra =
                request.onConflict() == OnConflict.Replace && !request.spec().partial() && scope.reportsOmitted()
                        ? new ExistingObjects(server, discovery).extra(plan, counts::warn)
                        : 0;
        return counts.report(extra);
    }

    /** The classes as the run would create them. */
    List<JsonNode> classes() {
        defaults = DefaultClassRules.of(server, discovery, plan);
        List<JsonNode> classes = new ArrayList<>();
        for (ApplyPlan.Entry entry : plan.wave(ApplyWave.CLUSTER)) {
            JsonNode captured = plan.object(entry);
            findKind(entry.key(), captured)
                    .filter(kind -> RestoreRules.excluded(kind, captured, request.isMoved())
                            .isEmpty())
                    .ifPresent(kind -> classes.add(unmarked(kind, entry.key(), captured)));
        }
        return classes;
    }

    /** The kind as the archive has it; empty if the cluster does not serve it so. */
    private Optional<ApiKind> findKind(ObjectKey key, JsonNode captured) {
        return discovery
                .find(
                        captured.path("apiVersion").asText(),
                        captured.path("kind").asText())
                .filter(kind -> kind.qualified().equals(key.directory()) && kind.namespaced() != key.isClusterScoped());
    }

    /** A class without marks that another class of the cluster has. */
    private JsonNode unmarked(ApiKind kind, ObjectKey key, JsonNode captured) {
        Optional<DefaultClassRules.Unmarked> change =
                defaults.apply(key, captured, kind.path(request.targetNamespace(), key.name()));
        change.map(DefaultClassRules.Unmarked::warning).ifPresent(counts::warn);
        return change.map(DefaultClassRules.Unmarked::object).orElse(captured);
    }

    /** Records owners that an earlier stage, or the caller, restored, and its objects whose owners are restored in this stage. */
    private void recordEarlier(ApplyPlan.Entry entry) {
        JsonNode captured = plan.object(entry);
        boolean owned = !captured.path("metadata").path("ownerReferences").isEmpty();
        if (!owned && !owners.isWanted(captured)) {
            return;
        }
        Optional<ApiKind> kind = discovery.find(
                captured.path("apiVersion").asText(), captured.path("kind").asText());
        if (kind.isEmpty()) {
            return;
        }
        String path = kind.get().path(request.targetNamespace(), entry.key().name());
        ApiServer.Answer live = server.get(path);
        if (live.isOk()) {
            owners.record(kind.get(), captured, live.body());
            if (request.mark().isOn(live.body(), path) && scope.addsOwnersTo(captured)) {
                owners.addLater(path, captured);
            }
        }
    }

    /** Restores an object. A parsed object can take a hundred times its bytes, so large ones wait for each other. */
    private void restoreInTurn(ApplyPlan.Entry entry) {
        int units = Math.min(UNITS, entry.slot().length() / UNIT);
        LARGE.acquireUninterruptibly(units);
        try {
            restore(entry);
        } finally {
            LARGE.release(units);
        }
    }

    private void restore(ApplyPlan.Entry entry) {
        ObjectKey key = entry.key();
        JsonNode captured = plan.object(entry);
        String apiVersion = captured.path("apiVersion").asText();
        String name = captured.path("kind").asText();
        Optional<ApiKind> kind = discovery.find(apiVersion, name);
        if (RestoreRules.isNever(key.directory())) {
            RestoreRules.neverExpected(key.directory()).ifPresent(cause -> counts.omit(key, cause));
            if (key.directory().equals("persistentvolumeclaims") && !request.isDryRun()) {
                recordEarlier(entry);
            }
            return;
        }
        if (kind.isEmpty() && request.isDryRun() && plan.defines(key.directory())) {
            counts.count(ApplyCounts.Fate.CREATED, key, "after its CustomResourceDefinition exists; not checked");
            return;
        }
        if (kind.isEmpty() || !kind.get().qualified().equals(key.directory())) {
            refuse(key, ExistingObjects.unserved(apiVersion, name), kind.isEmpty() && isExpected(key, apiVersion));
            return;
        }
        // What a restore may take depends on the scope, and the path in an archive is not proof of it.
        if (kind.get().namespaced() == key.isClusterScoped()) {
            counts.fail(key, ExistingObjects.ofOtherScope(kind.get()));
            return;
        }
        Optional<String> excluded = RestoreRules.excluded(kind.get(), captured, request.isMoved());
        if (ofLocations.has(kind.get(), key.name())) {
            counts.count(ApplyCounts.Fate.SKIPPED, key, "a BackupLocation of the target namespace uses it");
            counts.omit(key, "a BackupLocation of the target namespace uses them");
            return;
        }
        if (excluded.isPresent() || isServed(key)) {
            counts.count(ApplyCounts.Fate.SKIPPED, key, excluded.orElse("its Service creates it"));
            excluded.flatMap(RestoreRules::expected).ifPresent(cause -> counts.omit(key, cause));
            return;
        }
        Optional<ObjectKey> needed = ObjectDependencies.of(key, captured).stream()
                .filter(counts::isDeferred)
                .findFirst();
        if (needed.isPresent()) {
            refuse(key, "it needs " + needed.get() + ", which is not restored yet", true);
            return;
        }
        if (mayGrant(kind.get(), key, captured) && !isCheckedLater(kind.get(), key, captured)) {
            write(kind.get(), key, captured);
        }
    }

    /** Whether the cluster may serve a kind later, because an object of the restored application serves it. */
    private boolean isExpected(ObjectKey key, String apiVersion) {
        String[] version = apiVersion.split("/", 2);
        return discovery.unavailable().containsKey(apiVersion)
                || plan.defines(key.directory())
                || version.length == 2
                        && plan.has(new ObjectKey(
                                "apiregistration.k8s.io", "apiservices", "", version[1] + "." + version[0]));
    }

    /** Reports an object that was not accepted. One that may be accepted later is retried when the pods of the restore run. */
    private void refuse(ObjectKey key, String reason, boolean later) {
        if (later && !request.isDryRun()) {
            counts.defer(key, reason);
        } else {
            counts.fail(key, reason + (later ? "; a Restore retries the object when its pods run" : ""));
        }
    }

    /** Whether the rights that an object grants, if any, may be granted. Reports it if not. */
    private boolean mayGrant(ApiKind kind, ObjectKey key, JsonNode captured) {
        String namespace = kind.namespaced() ? request.targetNamespace() : "";
        boolean isApiServers = request.author().isImpersonating();
        String lacks = isApiServers || grantedByPlan(key, captured)
                ? ""
                : request.author().lacksToGrant(kind, captured, namespace);
        if (!lacks.isEmpty()) {
            counts.fail(
                    key, "author " + request.author().author() + " may not grant these permissions: missing " + lacks);
        }
        return lacks.isEmpty();
    }

    /**
     * Whether this is a dry run as the author with a new binding of a role that does not exist yet. The API server checked the
     * role, did not store it, and would refuse the binding for that.
     */
    private boolean isCheckedLater(ApiKind kind, ObjectKey key, JsonNode captured) {
        boolean later = request.author().isImpersonating()
                && grantedByPlan(key, captured)
                && server.get(kind.path(request.targetNamespace(), key.name())).code() == NOT_FOUND;
        if (later) {
            counts.count(ApplyCounts.Fate.CREATED, key, "after its role exists; not checked");
        }
        return later;
    }

    private void write(ApiKind kind, ObjectKey key, JsonNode captured) {
        if (noNamespace && kind.namespaced()) {
            counts.count(ApplyCounts.Fate.CREATED, key, "");
            return;
        }
        try {
            boolean isClass = ApplyWave.of(key) == ApplyWave.CLUSTER;
            ObjectWriter.Done done = writer.write(kind, key, isClass ? unmarked(kind, key, captured) : captured);
            boolean counted = scope.isCounted(key) && (done.repeated() || done.fate() == ApplyCounts.Fate.SKIPPED);
            if (!counted) {
                counts.count(done.fate(), key, done.detail());
            }
        } catch (ObjectWriter.Failed e) {
            if (e.isUndecided()) {
                refuse(key, e.getMessage(), true);
            } else if (isSuperseded(kind)) {
                counts.warn(key + " was not restored, because the namespace has another BackupPolicy now: "
                        + e.getMessage());
                counts.count(ApplyCounts.Fate.SKIPPED, key, "the namespace has another BackupPolicy now");
            } else {
                counts.fail(key, e.getMessage());
            }
        }
    }

    /**
     * Whether this is a policy, and the namespace, which may have only one, has one already. The existing one stays.
     */
    private boolean isSuperseded(ApiKind kind) {
        return RestoreRules.isPolicy(kind)
                && !server.get(kind.path(request.targetNamespace()))
                        .body()
                        .path("items")
                        .isEmpty();
    }

    /** In a dry run a bound role may not exist yet. The author's right to grant it was checked with the role itself. */
    private boolean grantedByPlan(ObjectKey key, JsonNode captured) {
        if (!request.isDryRun() || ApplyWave.of(key) != ApplyWave.BINDINGS) {
            return false;
        }
        JsonNode role = captured.path("roleRef");
        boolean cluster = role.path("kind").asText().equals("ClusterRole");
        ApiKind kind = discovery
                .find("rbac.authorization.k8s.io/v1", cluster ? "ClusterRole" : "Role")
                .orElseThrow();
        String name = role.path("name").asText();
        return plan.has(kind.key(request.sourceNamespace(), name))
                && server.get(kind.path(request.targetNamespace(), name)).code() == NOT_FOUND;
    }

    /** Endpoints that a Service creates itself. */
    private boolean isServed(ObjectKey key) {
        return key.directory().equals("endpoints") && plan.isSelecting(key.name());
    }

    private void addOwners(OwnerReferences.Pending pending) {
        ArrayNode known = owners.known(pending.captured());
        if (known.isEmpty()) {
            return;
        }
        ApiServer.Answer live = server.get(pending.path());
        if (live.code() == NOT_FOUND) {
            // The object itself was not restored, which is reported with it.
            return;
        }
        OwnerReferences.addOthers(known, live.body());
        ObjectNode patch = ApiServer.JSON.createObjectNode();
        patch.putObject("metadata").set("ownerReferences", known);
        ApiServer.Answer answer = writes.send("PATCH", pending.path(), "application/merge-patch+json", patch);
        if (!answer.isOk()) {
            counts.warn(pending.path() + " was restored without its owner references: " + answer.message());
        }
    }

    private void awaitEstablished(ObjectKey definition) {
        long deadline = System.nanoTime() + ESTABLISHED.toNanos();
        String path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + ApiKind.encoded(definition.name());
        while (System.nanoTime() < deadline) {
            ApiServer.Answer answer = server.get(path);
            for (JsonNode c : answer.body().path("status").path("conditions")) {
                if (c.path("type").asText().equals("Established")
                        && c.path("status").asText().equals("True")) {
                    return;
                }
            }
            if (answer.code() == NOT_FOUND) {
                return;
            }
            Activities.pause(BRIEF);
        }
        counts.warn("CustomResourceDefinition " + definition.name() + " was not established within "
                + ESTABLISHED.toSeconds() + " s");
    }
}
