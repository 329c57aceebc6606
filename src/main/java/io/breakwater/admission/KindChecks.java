package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.Verification;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.endpoint.AddressRange;
import io.breakwater.store.endpoint.CloudNames;
import io.breakwater.store.endpoint.EndpointRules;
import io.breakwater.store.endpoint.StoreProxy;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/** The checks of the kinds of Breakwater that schema and CEL cannot express, since they depend on other objects. */
final class KindChecks {
    private static final List<String> ORIGIN = List.of(Api.ORIGIN_SITE, Api.ORIGIN_NAMESPACE);
    private static final List<String> OF_PLAN = List.of(Api.PLAN);

    private final KubernetesClient client;
    private final String ownNamespace;
    private final String ownSite;
    private final ReferenceCheck references;
    private final TemplateCheck templates;
    private final PolicyCheck policies;
    private final PlanCheck plans;
    private final FailoverRequestCheck failoverRequests;
    private final RestoreCheck restores;
    private final EndpointRules endpoints;

    KindChecks(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.ownNamespace = config.namespace();
        this.ownSite = config.site();
        this.references = new ReferenceCheck(client, ownNamespace);
        this.templates = new TemplateCheck(client, ownNamespace);
        this.policies = new PolicyCheck(
                client, references, templates, ownNamespace, config.policy().shortestInterval());
        this.endpoints = endpoints(config);
        this.restores = new RestoreCheck(references, templates, ownNamespace);
        this.failoverRequests = new FailoverRequestCheck(client, config);
        this.plans = new PlanCheck(client, references, templates, config);
    }

    /** The rules without the addresses that only the API server knows: each connection checks those. */
    private static EndpointRules endpoints(BreakwaterConfig config) {
        List<AddressRange> ranges = config.store().clusterCidrs().orElse(List.of()).stream()
                .map(AddressRange::of)
                .toList();
        return new EndpointRules(
                config.store().allowedEndpoints().orElse(List.of()),
                () -> ranges,
                InetAddress::getAllByName,
                StoreProxy.of(
                        config.store().proxy().url(),
                        config.store().proxy().noProxy().orElse(List.of()),
                        System.getenv()));
    }

    AdmissionResponse review(AdmissionRequest request) {
        CheckFindings findings = new CheckFindings();
        JsonNode object = request.object();
        switch (request.kind()) {
            case "BackupLocation" -> {
                location(read(object, BackupLocation.class), request.isCreate(), findings);
                acceptances(read(object, BackupLocation.class), request, findings);
            }
            case "BackupPolicy" -> policies.check(read(object, BackupPolicy.class), request, findings);
            case "RestorePoint" -> point(read(object, RestorePoint.class), request, findings);
            case "Restore" -> restore(read(object, Restore.class), request, findings);
            case "FailoverPlan" -> {
                FailoverPlan before = request.isCreate() ? null : read(request.oldObject(), FailoverPlan.class);
                plans.check(read(object, FailoverPlan.class), before, request, findings);
            }
            case "FailoverRequest" -> {
                if (request.isCreate()) {
                    failoverRequests.check(read(object, FailoverRequest.class), request, findings);
                }
            }
            case "Verification" -> verification(read(object, Verification.class), request.isCreate(), findings);
            default -> {
                return AdmissionResponse.allow();
            }
        }
        return findings.response();
    }

    private void location(BackupLocation location, boolean create, CheckFindings findings) {
        BackupLocationSpec spec = location.getSpec();
        if (create) {
            references.shadowing(location, findings);
        }
        if (spec.filesystem != null && !location.getMetadata().getNamespace().equals(ownNamespace)) {
            findings.refuse(
                    "spec.filesystem",
                    "only an administrator may use directories of the gateway: create this location in namespace "
                            + ownNamespace + " and share it with spec.usagePolicy");
        }
        boolean identity = spec.azureBlob != null && spec.azureBlob.workloadIdentity != null
                || spec.s3 != null && spec.s3.workloadIdentity != null;
        if (identity && !location.getMetadata().getNamespace().equals(ownNamespace)) {
            findings.refuse(
                    "spec." + (spec.s3 == null ? "azureBlob" : "s3") + ".workloadIdentity",
                    "the workload identity belongs to Breakwater and has all its permissions: use"
                            + " credentialsSecretRef, or create this location in namespace " + ownNamespace
                            + " and share it with spec.usagePolicy");
        }
        references.secrets(location, findings);
        references.authorities(location, findings);
        references.escrow(location, findings);
        if (spec.azureBlob != null) {
            CloudNames own = spec.azureBlob.workloadIdentity == null ? null : CloudNames.AZURE;
            store("spec.azureBlob", spec.azureBlob.prefix, spec.azureBlob.endpoint, own, findings);
        }
        if (spec.s3 != null) {
            CloudNames own = spec.s3.workloadIdentity == null ? null : CloudNames.AWS;
            store("spec.s3", spec.s3.prefix, spec.s3.endpoint, own, findings);
        }
    }

    /** These annotations make a location trust what it refuses, so they need a right that owners of namespaces lack. */
    private void acceptances(BackupLocation location, AdmissionRequest request, CheckFindings findings) {
        for (String annotation : List.of(Api.ACCEPT_DOCUMENT, Api.ACCEPT_SITE)) {
            JsonNode now = request.object().at("/metadata/annotations").path(annotation);
            JsonNode before = request.oldObject().at("/metadata/annotations").path(annotation);
            boolean changed = !now.isMissingNode() && !now.equals(before);
            if (changed
                    && !request.isFrom(ownNamespace)
                    && !UserPermission.ACCEPT.isGranted(client, location, request)) {
                findings.refuse(
                        "metadata.annotations",
                        request.user() + " may not set " + annotation
                                + "; this needs the permission to update backuplocations/accept in group breakwater.io,"
                                + " which cluster administrators have");
            }
        }
    }

    /** Checks prefix and endpoint; {@code identity} is the cloud whose identity of Breakwater is used, null for a Secret. */
    private void store(String field, String prefix, String endpoint, CloudNames identity, CheckFindings findings) {
        if (prefix != null) {
            for (String segment : prefix.split("/", -1)) {
                if (segment.equals(".") || segment.equals("..")) {
                    findings.refuse(field + ".prefix", "'" + segment + "' is not a valid directory name");
                }
            }
        }
        if (endpoint == null) {
            return;
        }
        endpoints.objection(endpoint).ifPresent(objection -> findings.refuse(field + ".endpoint", objection));
        if (identity != null) {
            EndpointRules.identityObjection(identity, endpoint)
                    .ifPresent(objection -> findings.refuse(field + ".endpoint", objection));
        }
        if (endpoint.startsWith("http://")) {
            findings.warn(
                    field + ".endpoint", "http:// sends credentials without encryption; use it only for emulators");
        }
    }

    /** Refuses a user who adds, changes or removes a label that Breakwater relies on. */
    private static void reserved(
            AdmissionRequest request, List<String> reserved, String meaning, CheckFindings findings) {
        JsonNode before = request.oldObject().at("/metadata/labels");
        JsonNode now = request.object().at("/metadata/labels");
        for (String label : reserved) {
            if (!before.path(label).equals(now.path(label))) {
                findings.refuse("metadata.labels", label + " " + meaning + "; only Breakwater may set it");
            }
        }
    }

    private void restore(Restore restore, AdmissionRequest request, CheckFindings findings) {
        if (!request.isFrom(ownNamespace)) {
            reserved(request, OF_PLAN, "marks the Restores of a FailoverPlan", findings);
        }
        restores.check(restore, request.isCreate(), findings);
    }

    /** The labels of origin determine the owner of the data of a point, so only catalog sync sets them. */
    private void point(RestorePoint point, AdmissionRequest request, CheckFindings findings) {
        Map<String, String> labels = point.getMetadata().getLabels();
        if (!request.isFrom(ownNamespace)) {
            Trigger trigger = point.getSpec().trigger;
            if (request.isCreate() && trigger != null && trigger != Trigger.Manual) {
                findings.refuse(
                        "spec.trigger",
                        trigger + " is reserved for points that Breakwater creates; use Manual for a point on demand");
            }
            reserved(request, ORIGIN, "names the origin of the data", findings);
            reserved(request, OF_PLAN, "marks the RestorePoints of a FailoverPlan", findings);
        }
        String site = labels == null ? null : labels.get(Api.ORIGIN_SITE);
        if (Boolean.TRUE.equals(point.getSpec().hold) && site != null && !site.equals(ownSite)) {
            findings.refuse("spec.hold", "only site " + site + " deletes the data; hold the RestorePoint on that site");
        }
        if (request.isCreate() && point.getSpec().policyRef != null) {
            String namespace = point.getMetadata().getNamespace();
            references.object(
                    BackupPolicy.class, namespace, "spec.policyRef.name", point.getSpec().policyRef, findings);
            templates.reference(
                    namespace,
                    "spec.policyRef.name",
                    point.getSpec().policyRef,
                    "create the RestorePoint in the namespace to capture",
                    findings);
        }
    }

    private void verification(Verification verification, boolean create, CheckFindings findings) {
        if (create) {
            templates.reference(
                    verification.getMetadata().getNamespace(),
                    "spec.policyRef.name",
                    verification.getSpec().policyRef,
                    "create the Verification in the namespace that was captured",
                    findings);
        }
    }

    private <T> T read(JsonNode json, Class<T> type) {
        return client.getKubernetesSerialization().convertValue(json, type);
    }
}
