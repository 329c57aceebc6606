package io.breakwater.admission;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Collectors;

/** FailoverPlans: sites that nobody is, leases too short to gate in, a second plan, and who may fail over. */
final class PlanCheck {
    private static final Duration SHORTEST_LEASE = Duration.ofSeconds(30);
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
    void check(FailoverPlan plan, FailoverPlan before, AdmissionRequest review, CheckFindings findings) {
        FailoverPlanSpec spec = plan.getSpec();
        String namespace = plan.getMetadata().getNamespace();
        if (namespace.equals(ownNamespace)) {
            findings.refuse(
                    "metadata.namespace",
                    "a plan holds back the pods of its namespace, and Breakwater runs in this one; put it beside the"
                            + " application");
        }
        sites(spec, findings);
        findings.duration("spec.maxDataLoss", spec.maxDataLoss, Duration.ZERO);
        if (spec.lease != null) {
            findings.duration("spec.lease.duration", spec.lease.duration, SHORTEST_LEASE);
        }
        if (spec.readiness != null) {
            findings.duration("spec.readiness.timeout", spec.readiness.timeout, SECOND);
        }
        references.object(BackupPolicy.class, namespace, "spec.policyRef.name", spec.policyRef, findings);
        templates.reference(
                namespace,
                "spec.policyRef.name",
                spec.policyRef,
                "put the plan beside the application, where the policy of the same name is kept",
                findings);
        partial(namespace, spec, findings);
        references.location(namespace, "spec.rendezvousRef.name", spec.rendezvousRef, findings);
        for (int i = 0; i < spec.sites.size(); i++) {
            references.location(
                    namespace, "spec.sites[" + i + "].locationRef.name", spec.sites.get(i).locationRef, findings);
        }
        if (before == null) {
            onlyOne(plan, findings);
        } else {
            failingOver(plan, before, review, findings);
        }
    }

    /** What a policy leaves out does not come up on the other site. */
    private void partial(String namespace, FailoverPlanSpec spec, CheckFindings findings) {
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(namespace)
                .withName(spec.policyRef.name)
                .get();
        if (policy != null && policy.getSpec().keepsSnapshots()) {
            findings.refuse(
                    "spec.policyRef.name",
                    "BackupPolicy '" + spec.policyRef.name
                            + "' has spec.volumes.method Snapshot: its data stays in the storage of one site, and the"
                            + " other cannot start from it; name a policy with SnapshotAndMove or LiveCopy");
        }
        if (policy != null && policy.getSpec().source != null) {
            findings.warn(
                    "spec.policyRef.name",
                    "BackupPolicy '" + spec.policyRef.name
                            + "' has a spec.source: what that leaves out does not come up on the other site");
        }
    }

    private void sites(FailoverPlanSpec spec, CheckFindings findings) {
        if (spec.sites.stream().noneMatch(s -> s.name.equals(site))) {
            findings.refuse(
                    "spec.sites",
                    "this cluster is site '" + site + "' (Helm value site.name), and the plan names only "
                            + spec.sites.stream().map(s -> "'" + s.name + "'").collect(Collectors.joining(" and ")));
        }
    }

    private void onlyOne(FailoverPlan plan, CheckFindings findings) {
        client.resources(FailoverPlan.class).inNamespace(plan.getMetadata().getNamespace()).list().getItems().stream()
                .filter(p ->
                        !p.getMetadata().getName().equals(plan.getMetadata().getName()))
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .findFirst()
                .ifPresent(other -> findings.refuse(
                        "metadata.name",
                        "FailoverPlan " + other.getMetadata().getName()
                                + " rules this namespace already, and two leases cannot; change that one, or"
                                + " delete it first"));
    }

    /** Failing over is a right of its own: {@code update} on {@code failoverplans/activesite}. */
    private void failingOver(FailoverPlan plan, FailoverPlan before, AdmissionRequest review, CheckFindings findings) {
        FailoverPlanSpec then = before.getSpec();
        FailoverPlanSpec now = plan.getSpec();
        boolean same = then.activeSite.equals(now.activeSite) && Objects.equals(then.maxDataLoss, now.maxDataLoss);
        if (same || review.isFrom(ownNamespace)) {
            return;
        }
        if (!mayFailOver(plan, review)) {
            findings.refuse(
                    then.activeSite.equals(now.activeSite) ? "spec.maxDataLoss" : "spec.activeSite",
                    review.user()
                            + " may not fail over; that takes the right to update failoverplans/activesite in group "
                            + "breakwater.io, which ClusterRole breakwater-failover-operator grants");
        }
    }

    private boolean mayFailOver(FailoverPlan plan, AdmissionRequest review) {
        SubjectAccessReview question = new SubjectAccessReviewBuilder()
                .withNewSpec()
                .withUser(review.user())
                .withUid(review.userInfo().path("uid").asText(null))
                .withGroups(review.userInfo()
                        .path("groups")
                        .valueStream()
                        .map(g -> g.asText())
                        .toList())
                .withNewResourceAttributes()
                .withGroup("breakwater.io")
                .withResource("failoverplans")
                .withSubresource("activesite")
                .withVerb("update")
                .withNamespace(plan.getMetadata().getNamespace())
                .withName(plan.getMetadata().getName())
                .endResourceAttributes()
                .endSpec()
                .build();
        SubjectAccessReview answer =
                client.authorization().v1().subjectAccessReview().create(question);
        return answer.getStatus() != null
                && Boolean.TRUE.equals(answer.getStatus().getAllowed());
    }
}
