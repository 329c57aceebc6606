package io.breakwater.admission;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/** Checks FailoverPlans: unknown sites, leases that are too short or too long, a second plan, and the permission to fail over. */
final class PlanCheck {
    private static final Duration SHORTEST_LEASE = Duration.ofSeconds(30);
    private static final Duration LONGEST_LEASE = Duration.ofHours(1);
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final KubernetesClient client;
    private final ReferenceCheck references;
    private final TemplateCheck templates;
    private final String site;
    private final String ownNamespace;

    PlanCheck(KubernetesClient client, ReferenceCheck references, TemplateCheck templates, BreakwaterConfig config) {
        this.client = client;
        this.references = references;
        this.templates = templates;
        this.site = config.site();
        this.ownNamespace = config.namespace();
    }

    /** @param before the stored plan; null for a new one */
    void check(FailoverPlan plan, FailoverPlan before, AdmissionRequest request, CheckFindings findings) {
        FailoverPlanSpec spec = plan.getSpec();
        String namespace = plan.getMetadata().getNamespace();
        if (namespace.equals(ownNamespace)) {
            findings.refuse(
                    "metadata.namespace",
                    "a plan holds the pods of its namespace, but Breakwater itself runs in this namespace; create the"
                            + " plan in the namespace of the application");
        }
        sites(spec, findings);
        findings.duration("spec.maxDataLoss", spec.maxDataLoss, Duration.ZERO);
        if (spec.lease != null) {
            findings.duration("spec.lease.duration", spec.lease.duration, SHORTEST_LEASE, LONGEST_LEASE);
            if (spec.lease.onLoss == FailoverPlanSpec.OnLoss.Gate) {
                findings.warn(
                        "spec.lease.onLoss",
                        "Gate stops the application whenever BackupLocation '" + spec.rendezvousRef.name
                                + "' is not available for half of the lease; use KeepServing to keep it running");
            }
        }
        if (spec.readiness != null) {
            findings.duration("spec.readiness.timeout", spec.readiness.timeout, SECOND);
        }
        references.object(BackupPolicy.class, namespace, "spec.policyRef.name", spec.policyRef, findings);
        templates.reference(
                namespace,
                "spec.policyRef.name",
                spec.policyRef,
                "create the plan in the namespace of the application, which has a policy of the same name",
                findings);
        policyContent(namespace, spec, findings);
        references.rendezvous(namespace, "spec.rendezvousRef.name", spec.rendezvousRef, findings);
        for (int i = 0; i < spec.sites.size(); i++) {
            references.location(
                    namespace, "spec.sites[" + i + "].locationRef.name", spec.sites.get(i).locationRef, findings);
        }
        if (before == null) {
            singlePlan(plan, findings);
        } else {
            failover(plan, before, request, findings);
        }
        overrides(plan, before, request, findings);
    }

    /** Objects and volumes that a policy excludes are missing on the other site. */
    private void policyContent(String namespace, FailoverPlanSpec spec, CheckFindings findings) {
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(namespace)
                .withName(spec.policyRef.name)
                .get();
        if (policy != null && policy.getSpec().retainsSnapshots()) {
            findings.refuse(
                    "spec.policyRef.name",
                    "BackupPolicy '" + spec.policyRef.name
                            + "' has spec.volumes.method Snapshot: its data stays in the storage of one site, so the"
                            + " other site cannot restore it; name a policy with SnapshotAndMove or LiveCopy");
        }
        if (policy != null && policy.getSpec().source != null) {
            findings.warn(
                    "spec.policyRef.name",
                    "BackupPolicy '" + spec.policyRef.name
                            + "' has a spec.source: the other site will not have the objects that it excludes");
        }
    }

    private void sites(FailoverPlanSpec spec, CheckFindings findings) {
        if (spec.sites.stream().noneMatch(entry -> entry.name.equals(site))) {
            findings.refuse(
                    "spec.sites",
                    "this cluster is site '" + site + "' (Helm value site.name), but the plan names only "
                            + spec.sites.stream()
                                    .map(entry -> "'" + entry.name + "'")
                                    .collect(Collectors.joining(" and ")));
        }
    }

    private void singlePlan(FailoverPlan plan, CheckFindings findings) {
        client.resources(FailoverPlan.class).inNamespace(plan.getMetadata().getNamespace()).list().getItems().stream()
                .filter(other ->
                        !other.getMetadata().getName().equals(plan.getMetadata().getName()))
                .filter(other -> other.getMetadata().getDeletionTimestamp() == null)
                .findFirst()
                .ifPresent(other -> findings.refuse(
                        "metadata.name",
                        "FailoverPlan " + other.getMetadata().getName()
                                + " already exists in this namespace, which can have only one plan; change that plan,"
                                + " or delete it first"));
    }

    /** A failover needs a separate permission: {@code update} on {@code failoverplans/activesite}. */
    private void failover(FailoverPlan plan, FailoverPlan before, AdmissionRequest request, CheckFindings findings) {
        FailoverPlanSpec then = before.getSpec();
        FailoverPlanSpec now = plan.getSpec();
        boolean same = then.activeSite.equals(now.activeSite) && Objects.equals(then.maxDataLoss, now.maxDataLoss);
        if (same || request.isFrom(ownNamespace)) {
            return;
        }
        if (!mayFailOver(plan, request)) {
            findings.refuse(
                    then.activeSite.equals(now.activeSite) ? "spec.maxDataLoss" : "spec.activeSite",
                    request.user()
                            + " may not fail over; this needs the permission to update failoverplans/activesite in"
                            + " group breakwater.io, which ClusterRole breakwater-failover-operator grants");
        }
    }

    /**
     * These annotations discard data, or give up, accept or take a lease, so they need the permission to fail over. An accepted lease
     * attests that no other site is active.
     */
    private void overrides(FailoverPlan plan, FailoverPlan before, AdmissionRequest request, CheckFindings findings) {
        for (String annotation : List.of(Api.DISCARD_DIVERGENT, Api.ABANDON_LEASE, Api.ACCEPT_LEASE, Api.IN_PLACE)) {
            String now = annotation(plan, annotation);
            boolean changed = now != null && !now.equals(before == null ? null : annotation(before, annotation));
            if (!changed || request.isFrom(ownNamespace)) {
                continue;
            }
            if (!mayFailOver(plan, request)) {
                findings.refuse(
                        "metadata.annotations",
                        request.user() + " may not set " + annotation
                                + "; this needs the permission to update failoverplans/activesite in group breakwater.io,"
                                + " which ClusterRole breakwater-failover-operator grants");
            } else if (annotation.equals(Api.ACCEPT_LEASE) && !UserPermission.ATTEST.isGranted(client, plan, request)) {
                findings.refuse(
                        "metadata.annotations",
                        request.user() + " may not set " + annotation
                                + ", which lets this site serve although another one may be active; this needs the"
                                + " permission to update failoverplans/attest in group breakwater.io, which ClusterRole"
                                + " breakwater-failover-attester grants");
            }
        }
    }

    private static String annotation(FailoverPlan plan, String name) {
        Map<String, String> annotations = plan.getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get(name);
    }

    private boolean mayFailOver(FailoverPlan plan, AdmissionRequest request) {
        return UserPermission.FAIL_OVER.isGranted(client, plan, request);
    }
}
