package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.ServerMessage;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditLog;
import io.breakwater.observe.AuditObject;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.AuditUser;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Writes to the audit log which user requested which act, and whether a check refused it. Only the webhook sees the users of
 * deletions and edits. A request with {@code dryRun} changes nothing, so it has no line.
 */
final class AdmissionAudit {
    private static final List<String> GATE = List.of(
            "/labels/" + escaped(Api.STANDBY),
            "/annotations/" + escaped(Api.GATED_BY),
            "/annotations/" + escaped(Api.GATED_ONLY),
            "/annotations/" + escaped(Api.OPEN_GATE));

    private final AuditLog log;

    AdmissionAudit(AuditLog log) {
        this.log = log;
    }

    /** The check, with lines about its answers. */
    Function<AdmissionRequest, AdmissionResponse> of(Function<AdmissionRequest, AdmissionResponse> check) {
        return of(check, AdmissionAudit::acts);
    }

    /** The check of adoptions, with lines about its answers. */
    Function<AdmissionRequest, AdmissionResponse> ofAdoptions(Function<AdmissionRequest, AdmissionResponse> check) {
        return of(check, AdmissionAudit::adoption);
    }

    private Function<AdmissionRequest, AdmissionResponse> of(
            Function<AdmissionRequest, AdmissionResponse> check, Function<AdmissionRequest, List<Act>> acts) {
        return request -> {
            AdmissionResponse response;
            try {
                response = check.apply(request);
            } catch (RuntimeException e) {
                // The API server refuses the request, because the webhook fails closed.
                record(request, AdmissionResponse.refuse("the check failed: " + ServerMessage.of(e)), acts);
                throw e;
            }
            record(request, response, acts);
            return response;
        };
    }

    private void record(
            AdmissionRequest request, AdmissionResponse response, Function<AdmissionRequest, List<Act>> acts) {
        if (!request.isDryRun()) {
            acts.apply(request).forEach(act -> log.write(entry(act, request, response)));
        }
    }

    private static AuditEntry entry(Act act, AdmissionRequest request, AdmissionResponse response) {
        boolean allowed = response.isAllowed();
        return AuditEntry.of(act.action, allowed ? AuditResult.Requested : AuditResult.Refused)
                .about(new AuditObject(
                        request.kind(),
                        namespace(request),
                        request.name(),
                        request.stored().at("/metadata/uid").asText("")))
                .by(AuditUser.of(request.userInfo()))
                .between(act.source, act.target)
                .because(allowed ? "" : AdmissionResponse.REASON, allowed ? act.detail : response.refusal());
    }

    /** An act that a request asks for; the texts may be empty. */
    private record Act(AuditAction action, String source, String target, String detail) {
        static Act of(AuditAction action, String detail) {
            return new Act(action, "", "", detail);
        }
    }

    private static List<Act> acts(AdmissionRequest request) {
        return switch (request.kind()) {
            case "Restore" -> request.isCreate() ? List.of(restore(request)) : List.of();
            case "Verification" -> request.isCreate() ? List.of(verification(request)) : List.of();
            case "RestorePoint" -> point(request);
            case "BackupPolicy" -> request.isDelete() ? List.of(Act.of(AuditAction.DeletePolicy, "")) : List.of();
            case "BackupLocation" -> request.isDelete() ? List.of() : location(request);
            case "FailoverRequest" -> failoverRequest(request);
            case "FailoverPlan" -> request.isDelete() || request.isCreate() ? List.of() : plan(request);
            case "Namespace" -> namespaceGate(request);
            default -> List.of();
        };
    }

    private static Act restore(AdmissionRequest request) {
        JsonNode spec = request.object().path("spec");
        String source = spec.path("sourceNamespace").asText(request.namespace());
        JsonNode point = spec.at("/restorePointRef/name");
        return new Act(
                AuditAction.Restore,
                point.isMissingNode()
                        ? "BackupPolicy " + source + "/"
                                + spec.at("/policyRef/name").asText()
                        : "RestorePoint " + source + "/" + point.asText(),
                spec.path("targetNamespace").asText(request.namespace()),
                spec.path("dryRun").asBoolean() ? "spec.dryRun is true" : "");
    }

    private static Act verification(AdmissionRequest request) {
        JsonNode spec = request.object().path("spec");
        JsonNode point = spec.at("/restorePointRef/name");
        return new Act(
                AuditAction.Verify,
                point.isMissingNode()
                        ? "BackupPolicy " + request.namespace() + "/"
                                + spec.at("/policyRef/name").asText()
                        : "RestorePoint " + request.namespace() + "/" + point.asText(),
                "",
                "level " + spec.path("level").asText());
    }

    private static List<Act> point(AdmissionRequest request) {
        if (request.isDelete()) {
            return List.of(Act.of(
                    AuditAction.DeletePoint,
                    "spec.deletionPolicy is "
                            + request.oldObject().at("/spec/deletionPolicy").asText()));
        }
        boolean released = request.oldObject().at("/spec/hold").asBoolean()
                && !request.object().at("/spec/hold").asBoolean();
        return released ? List.of(Act.of(AuditAction.ReleaseHold, "")) : List.of();
    }

    private static List<Act> location(AdmissionRequest request) {
        List<Act> acts = new ArrayList<>();
        Change undelete = Change.of(request, "/metadata/annotations/" + escaped(Api.UNDELETE));
        if (undelete.isPresent() && !undelete.after.isMissingNode()) {
            acts.add(new Act(AuditAction.Undelete, "RestorePoint " + undelete.after.asText(), "", ""));
        }
        accepted(request, Api.ACCEPT_DOCUMENT, AuditAction.AcceptDocument, "counter ", acts);
        accepted(request, Api.ACCEPT_SITE, AuditAction.AcceptSite, "key ", acts);
        Change encryption = Change.of(request, "/spec/encryption");
        if (!request.isCreate() && encryption.isPresent()) {
            acts.add(Act.of(AuditAction.ChangeEncryption, "spec.encryption: " + encryption));
        }
        return acts;
    }

    private static List<Act> failoverRequest(AdmissionRequest request) {
        if (!request.isCreate()) {
            return List.of();
        }
        JsonNode spec = request.object().path("spec");
        String plan = "FailoverPlan " + request.namespace() + "/"
                + spec.at("/planRef/name").asText();
        JsonNode attestation = spec.path("attestation");
        String attested = attestation.isMissingNode()
                ? ""
                : "attests that site " + attestation.path("siteOff").asText() + " is off since renewal "
                        + attestation.path("lease").asText();
        return List.of(new Act(AuditAction.FailOver, plan, spec.path("site").asText(), attested));
    }

    private static List<Act> plan(AdmissionRequest request) {
        List<Act> acts = new ArrayList<>();
        Change site = Change.of(request, "/spec/activeSite");
        Change loss = Change.of(request, "/spec/maxDataLoss");
        if (site.isPresent()) {
            acts.add(new Act(
                    AuditAction.FailOver, site.before.asText(), site.after.asText(), "spec.activeSite: " + site));
        }
        if (loss.isPresent()) {
            acts.add(Act.of(AuditAction.FailOver, "spec.maxDataLoss: " + loss));
        }
        Change discard = Change.of(request, "/metadata/annotations/" + escaped(Api.DISCARD_DIVERGENT));
        if (discard.isPresent() && !discard.after.isMissingNode()) {
            acts.add(Act.of(AuditAction.DiscardDivergent, "epoch " + discard.after.asText()));
        }
        accepted(request, Api.ACCEPT_LEASE, AuditAction.AcceptLease, "counter ", acts);
        accepted(request, Api.IN_PLACE, AuditAction.FailOver, "in place after epoch ", acts);
        return acts;
    }

    /** The decision of an administrator to accept what Breakwater refuses. */
    private static void accepted(
            AdmissionRequest request, String annotation, AuditAction action, String what, List<Act> acts) {
        Change change = Change.of(request, "/metadata/annotations/" + escaped(annotation));
        if (change.isPresent() && !change.after.isMissingNode()) {
            acts.add(Act.of(action, what + change.after.asText()));
        }
    }

    private static List<Act> namespaceGate(AdmissionRequest request) {
        List<Act> acts = new ArrayList<>();
        for (String path : GATE) {
            Change change = Change.of(request, "/metadata" + path);
            if (change.isPresent()) {
                acts.add(Act.of(AuditAction.ChangeGate, "metadata" + path.replace("~1", "/") + ": " + change));
            }
        }
        return acts;
    }

    private static List<Act> adoption(AdmissionRequest request) {
        Change change = Change.of(request, "/metadata/annotations/" + escaped(Api.ADOPT));
        return change.isPresent() ? List.of(Act.of(AuditAction.AdoptHistory, change.toString())) : List.of();
    }

    /** The namespace of the object; a Namespace is its own. */
    private static String namespace(AdmissionRequest request) {
        return request.kind().equals("Namespace") ? "" : request.namespace();
    }

    /** A key as a part of a JSON pointer (RFC 6901). */
    private static String escaped(String key) {
        return key.replace("~", "~0").replace("/", "~1");
    }

    /** The values of a field before and after an update. */
    private record Change(JsonNode before, JsonNode after) {
        static Change of(AdmissionRequest request, String pointer) {
            return new Change(request.oldObject().at(pointer), request.object().at(pointer));
        }

        boolean isPresent() {
            return !before.equals(after);
        }

        @Override
        public String toString() {
            return shown(before) + " -> " + shown(after);
        }

        private static String shown(JsonNode value) {
            return value.isMissingNode() ? "none" : value.isTextual() ? value.asText() : value.toString();
        }
    }
}
