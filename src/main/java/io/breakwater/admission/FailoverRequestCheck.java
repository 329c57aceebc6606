package io.breakwater.admission;

import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.FailoverRequestSpec;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;

/** Checks new FailoverRequests: the site, the plan, and the permissions to fail over and to attest. */
final class FailoverRequestCheck {
    private static final Duration SHORTEST_TTL = Duration.ofMinutes(1);
    private static final Duration LONGEST_TTL = Duration.ofHours(24);

    private final KubernetesClient client;
    private final String site;
    private final String ownNamespace;

    FailoverRequestCheck(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.site = config.site();
        this.ownNamespace = config.namespace();
    }

    void check(FailoverRequest object, AdmissionRequest request, CheckFindings findings) {
        FailoverRequestSpec spec = object.getSpec();
        String namespace = object.getMetadata().getNamespace();
        String plan = spec.planRef.name;
        if (!spec.site.equals(site)) {
            findings.refuse(
                    "spec.site",
                    "this cluster is site '" + site + "' (Helm value site.name), but '" + spec.site
                            + "' is to take over; create the FailoverRequest in the cluster of that site");
        }
        findings.duration("spec.maxDataLoss", spec.maxDataLoss, Duration.ZERO);
        findings.duration("spec.ttl", spec.ttl, SHORTEST_TTL, LONGEST_TTL);
        plan(namespace, spec, findings);
        if (request.isFrom(ownNamespace)) {
            return;
        }
        if (!UserPermission.FAIL_OVER.isGranted(client, namespace, plan, request)) {
            findings.refuse(
                    "spec.planRef.name",
                    request.user()
                            + " may not fail over; this needs the permission to update failoverplans/activesite in"
                            + " group breakwater.io, which ClusterRole breakwater-failover-operator grants");
        }
        if (spec.attestation != null && !UserPermission.ATTEST.isGranted(client, namespace, plan, request)) {
            findings.refuse(
                    "spec.attestation",
                    request.user()
                            + " may not attest that a site is off; this needs the permission to update"
                            + " failoverplans/attest in group breakwater.io, which ClusterRole"
                            + " breakwater-failover-attester grants");
        }
    }

    private void plan(String namespace, FailoverRequestSpec spec, CheckFindings findings) {
        FailoverPlan plan = client.resources(FailoverPlan.class)
                .inNamespace(namespace)
                .withName(spec.planRef.name)
                .get();
        if (plan == null) {
            findings.warn(
                    "spec.planRef.name",
                    "FailoverPlan '" + spec.planRef.name + "' is not in namespace " + namespace + " yet");
            return;
        }
        if (spec.attestation != null
                && plan.getSpec().sites.stream().noneMatch(entry -> entry.name.equals(spec.attestation.siteOff))) {
            findings.refuse(
                    "spec.attestation.siteOff",
                    "FailoverPlan '" + spec.planRef.name + "' has no site '" + spec.attestation.siteOff + "'");
        }
    }
}
