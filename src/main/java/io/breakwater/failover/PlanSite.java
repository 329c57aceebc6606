package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import java.time.Duration;

/**
 * A plan as one look at it sees it on this site.
 *
 * @param plan read fresh, its status changes along
 * @param site this site
 * @param peer the other site
 * @param location name of the BackupLocation near this site
 * @param peerLocation name of the BackupLocation near the other one
 * @param timing the lease arithmetic
 * @param store the plan's rendezvous
 */
record PlanSite(
        FailoverPlan plan,
        String site,
        String peer,
        String location,
        String peerLocation,
        LeaseTiming timing,
        LeaseStore store) {

    static PlanSite of(FailoverPlan plan, String site, LeaseStore store) {
        return new PlanSite(
                plan,
                site,
                PlanRoles.peer(plan, site).name,
                PlanRoles.own(plan, site).locationRef.name,
                PlanRoles.peer(plan, site).locationRef.name,
                timing(plan),
                store);
    }

    /** @throws BreakwaterException {@code InvalidSpec} when the lease is too short */
    static LeaseTiming timing(FailoverPlan plan) {
        String text = plan.getSpec().lease == null ? null : plan.getSpec().lease.duration;
        try {
            return LeaseTiming.of(Durations.parse(text, Duration.ofSeconds(60)));
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "FailoverPlan " + PlanRoles.key(plan) + ": spec.lease.duration: " + e.getMessage());
        }
    }

    /** Who holds the gate of a plan's namespace. */
    static String holder(FailoverPlan plan) {
        return NamespaceGate.PLAN + plan.getMetadata().getName();
    }

    String key() {
        return PlanRoles.key(plan);
    }

    String namespace() {
        return plan.getMetadata().getNamespace();
    }

    String name() {
        return plan.getMetadata().getName();
    }

    String holder() {
        return holder(plan);
    }

    FailoverPlanStatus status() {
        return plan.getStatus();
    }

    String policy() {
        return plan.getSpec().policyRef.name;
    }

    Duration maxDataLoss() {
        return Durations.parse(plan.getSpec().maxDataLoss, Duration.ZERO);
    }

    Duration readiness() {
        String text = plan.getSpec().readiness == null ? null : plan.getSpec().readiness.timeout;
        return Durations.parse(text, Duration.ofMinutes(5));
    }

    /** Whether spec.activeSite names this site. */
    boolean named() {
        return plan.getSpec().activeSite.equals(site);
    }

    /** Whether a user's edit that was not dealt with yet asks for this site. */
    boolean wanted() {
        Long generation = plan.getMetadata().getGeneration();
        return LeaseRules.wants(site, plan.getSpec().activeSite, status().settledActiveSite)
                && !(generation != null && generation.equals(status().handledGeneration));
    }

    /** Identity of the run that would serve the present request: one for each edit. */
    String request() {
        String uid = plan.getMetadata().getUid();
        return site + "-" + plan.getMetadata().getGeneration() + "-"
                + (uid == null ? "" : uid.substring(0, Math.min(8, uid.length())));
    }
}
