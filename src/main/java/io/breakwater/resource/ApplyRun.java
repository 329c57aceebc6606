package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.steps.Parallel;
import io.breakwater.velero.ObjectKey;
import java.time.Duration;
import java.util.Optional;

/** One restore of objects, wave by wave. */
final class ApplyRun {
    private static final int WRITES = 16;
    private static final Duration ESTABLISHED = Duration.ofSeconds(60);

    private final ApiServer server;
    private final ResourceApply.Request request;
    private final Plan plan;
    private final Owners owners;
    private final Tally tally = new Tally();
    private final ObjectWriter writer;
    private Discovery discovery;

    ApplyRun(ApiServer server, ResourceApply.Request request, Plan plan, Discovery discovery) {
        this.server = server;
        this.request = request;
        this.plan = plan;
        this.owners = plan.owners();
        this.discovery = discovery;
        this.writer = new ObjectWriter(server, request, owners, tally);
    }

    Report all() {
        for (Wave wave : Wave.values()) {
            Parallel.each(WRITES, plan.wave(wave), this::restore);
            if (wave == Wave.DEFINITIONS && !plan.wave(wave).isEmpty()) {
                plan.wave(wave).forEach(e -> awaitEstablished(e.key()));
                discovery = Discovery.of(server);
            }
        }
        Parallel.each(WRITES, owners.pending(), this::adopt);
        int extra =
                request.onConflict() == OnConflict.Replace && !request.spec().partial()
                        ? new Existing(server, discovery).extra(plan)
                        : 0;
        return tally.report(extra);
    }

    private void restore(Plan.Entry entry) {
        ObjectKey key = entry.key();
        JsonNode captured = plan.object(entry);
        String apiVersion = captured.path("apiVersion").asText();
        String name = captured.path("kind").asText();
        Optional<ApiKind> kind = discovery.find(apiVersion, name);
        if (RestoreRules.isNever(key.directory())) {
            return;
        }
        if (kind.isEmpty() || !kind.get().qualified().equals(key.directory())) {
            tally.fail(key, Existing.unserved(apiVersion, name));
            return;
        }
        if (RestoreRules.excluded(kind.get(), captured, request.isMoved()).isPresent() || isServed(key)) {
            tally.count(Tally.Fate.SKIPPED);
            return;
        }
        String namespace = kind.get().namespaced() ? request.targetNamespace() : "";
        String lacks = request.author().lacksToGrant(kind.get(), captured, namespace);
        if (!lacks.isEmpty()) {
            tally.fail(key, "author " + request.author().author() + " may not hand out these rights: lacks " + lacks);
            return;
        }
        try {
            tally.count(writer.write(kind.get(), key, captured));
        } catch (ObjectWriter.Failed e) {
            tally.fail(key, e.getMessage());
        }
    }

    /** Endpoints that a Service makes itself. */
    private boolean isServed(ObjectKey key) {
        return key.directory().equals("endpoints") && plan.isSelecting(key.name());
    }

    private void adopt(Owners.Pending pending) {
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
            Pause.brief();
        }
        tally.warn("CustomResourceDefinition " + definition.name() + " was not established within "
                + ESTABLISHED.toSeconds() + " s");
    }
}
