package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.Discovery;
import io.breakwater.resource.RestoreMark;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Parallel;
import io.breakwater.velero.ObjectKey;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** One restore of objects, wave by wave. */
final class ApplyRun {
    private static final Duration BRIEF = Duration.ofMillis(100);

    private static final int WRITES = 16;
    private static final Duration ESTABLISHED = Duration.ofSeconds(60);

    private final ApiServer server;
    private final ApplyRequest request;
    private final ApplyPlan plan;
    private final OwnerReferences owners;
    private final ApplyCounts tally;
    private final ObjectWriter writer;
    private final boolean homeless;
    private final int stage;
    private Discovery discovery;

    /**
     * @param homeless whether the target namespace is not there yet, in a rehearsal
     * @param stage whose objects are restored; a rehearsal has only one
     */
    ApplyRun(ApiServer server, ApplyRequest request, ApplyPlan plan, Discovery discovery, boolean homeless, int stage) {
        this.server = request.isRehearsal() ? server.rehearsing() : server;
        this.request = request;
        this.plan = plan;
        this.owners = plan.owners();
        this.discovery = discovery;
        this.homeless = homeless;
        this.stage = stage;
        this.tally = new ApplyCounts(request.isRehearsal());
        this.writer = new ObjectWriter(this.server, request, owners, tally);
    }

    ApplyReport all() {
        for (ApplyWave wave : ApplyWave.values()) {
            List<ApplyPlan.Entry> entries =
                    plan.wave(wave).stream().filter(this::isOfStage).toList();
            if (stage > 0) {
                Parallel.each(
                        WRITES,
                        plan.wave(wave).stream().filter(e -> isEarlier(e)).toList(),
                        this::recall);
            }
            Parallel.each(WRITES, entries, this::restore);
            if (wave == ApplyWave.DEFINITIONS && !request.isRehearsal() && !entries.isEmpty()) {
                entries.forEach(e -> awaitEstablished(e.key()));
                discovery = Discovery.of(server);
            }
        }
        if (!request.isRehearsal()) {
            Parallel.each(WRITES, owners.pending(), this::adopt);
        }
        int extra =
                request.onConflict() == OnConflict.Replace && !request.spec().partial() && stage == 0
                        ? new ExistingObjects(server, discovery).extra(plan)
                        : 0;
        return tally.report(extra);
    }

    private boolean isOfStage(ApplyPlan.Entry entry) {
        return request.isRehearsal() || plan.order().stage(entry.key()) == stage;
    }

    private boolean isEarlier(ApplyPlan.Entry entry) {
        return plan.order().stage(entry.key()) < stage
                && !RestoreRules.isNever(entry.key().directory());
    }

    /** What an earlier stage has restored: owners of objects of this one, and objects whose owners come now. */
    private void recall(ApplyPlan.Entry entry) {
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
            owners.became(captured, live.body());
            if (RestoreMark.isFrom(live.body(), request.runId())) {
                owners.later(path, captured);
            }
        }
    }

    private void restore(ApplyPlan.Entry entry) {
        ObjectKey key = entry.key();
        JsonNode captured = plan.object(entry);
        String apiVersion = captured.path("apiVersion").asText();
        String name = captured.path("kind").asText();
        Optional<ApiKind> kind = discovery.find(apiVersion, name);
        if (RestoreRules.isNever(key.directory())) {
            return;
        }
        if (kind.isEmpty() && request.isRehearsal() && plan.defines(key.directory())) {
            tally.count(ApplyCounts.Fate.CREATED, key, "once its CustomResourceDefinition is there; not checked");
            return;
        }
        if (kind.isEmpty() || !kind.get().qualified().equals(key.directory())) {
            tally.fail(key, ExistingObjects.unserved(apiVersion, name));
            return;
        }
        Optional<String> excluded = RestoreRules.excluded(kind.get(), captured, request.isMoved());
        if (excluded.isPresent() || isServed(key)) {
            tally.count(ApplyCounts.Fate.SKIPPED, key, excluded.orElse("the Service makes it"));
            return;
        }
        if (mayGrant(kind.get(), key, captured)) {
            write(kind.get(), key, captured);
        }
    }

    /** Whether the rights that an object hands out, if it does, may be handed out; tells where they may not. */
    private boolean mayGrant(ApiKind kind, ObjectKey key, JsonNode captured) {
        if (!request.author().mayHandOut(kind)) {
            tally.warn(key
                    + " was not restored: the point lies in a location of the namespace itself, so nobody vouches for"
                    + " the rights that it hands out; create a Restore that includes it as somebody who has them");
            tally.count(ApplyCounts.Fate.SKIPPED, key, "nobody vouches for the rights that it hands out");
            return false;
        }
        String namespace = kind.namespaced() ? request.targetNamespace() : "";
        String lacks = grantedByPlan(key, captured) ? "" : request.author().lacksToGrant(kind, captured, namespace);
        if (!lacks.isEmpty()) {
            tally.fail(key, "author " + request.author().author() + " may not hand out these rights: lacks " + lacks);
        }
        return lacks.isEmpty();
    }

    private void write(ApiKind kind, ObjectKey key, JsonNode captured) {
        if (homeless && kind.namespaced()) {
            tally.count(ApplyCounts.Fate.CREATED, key, "");
            return;
        }
        try {
            ObjectWriter.Done done = writer.write(kind, key, captured);
            tally.count(done.fate(), key, done.detail());
        } catch (ObjectWriter.Failed e) {
            if (isSuperseded(kind)) {
                tally.warn(
                        key + " was not restored, since the namespace has another BackupPolicy now: " + e.getMessage());
                tally.count(ApplyCounts.Fate.SKIPPED, key, "the namespace has another BackupPolicy now");
            } else {
                tally.fail(key, e.getMessage());
            }
        }
    }

    /** Whether the kind is that of policies, of which a namespace has one only, and one is there: it stays. */
    private boolean isSuperseded(ApiKind kind) {
        return RestoreRules.isPolicy(kind)
                && !server.get(kind.path(request.targetNamespace()))
                        .body()
                        .path("items")
                        .isEmpty();
    }

    /** In a rehearsal a bound role may not be there yet; whether the author may hand it out was asked for the role itself. */
    private boolean grantedByPlan(ObjectKey key, JsonNode captured) {
        if (!request.isRehearsal() || ApplyWave.of(key) != ApplyWave.BINDINGS) {
            return false;
        }
        JsonNode role = captured.path("roleRef");
        boolean cluster = role.path("kind").asText().equals("ClusterRole");
        ApiKind kind = discovery
                .find("rbac.authorization.k8s.io/v1", cluster ? "ClusterRole" : "Role")
                .orElseThrow();
        String name = role.path("name").asText();
        return plan.has(kind.key(request.sourceNamespace(), name))
                && server.get(kind.path(request.targetNamespace(), name)).code() == 404;
    }

    /** Endpoints that a Service makes itself. */
    private boolean isServed(ObjectKey key) {
        return key.directory().equals("endpoints") && plan.isSelecting(key.name());
    }

    private void adopt(OwnerReferences.Pending pending) {
        ArrayNode known = owners.known(pending.captured());
        if (known.isEmpty()) {
            return;
        }
        ObjectNode patch = ApiServer.JSON.createObjectNode();
        patch.putObject("metadata").set("ownerReferences", known);
        ApiServer.Answer answer = server.send("PATCH", pending.path(), "application/merge-patch+json", patch);
        if (!answer.isOk()) {
            tally.warn(pending.path() + " did not get its owner back: " + answer.message());
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
            if (answer.code() == 404) {
                return;
            }
            Activities.pause(BRIEF);
        }
        tally.warn("CustomResourceDefinition " + definition.name() + " was not established within "
                + ESTABLISHED.toSeconds() + " s");
    }
}
