package io.breakwater.failover;

import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.FailoverRequestSpec;
import io.breakwater.lease.Attestation;
import io.breakwater.lease.LeaseRules;
import io.breakwater.lease.RenewalCounter;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * What users want of this site: one value from spec.activeSite and the FailoverRequests of a plan. A FailoverRequest takes
 * precedence, and acts once. While one is open, no edit of spec.activeSite requests or withdraws anything, so a GitOps loop that restores the old
 * value changes nothing.
 */
sealed interface Intent {
    /** The site is to stay as it is. */
    record None() implements Intent {}

    /**
     * This site is to become active.
     *
     * @param run identity of the run that carries it out
     * @param maxDataLoss data loss that it may cause
     * @param attestation the valid attestation of a user that the other site is off
     * @param request null for an edit of spec.activeSite
     */
    record Take(String run, Duration maxDataLoss, Optional<Attestation> attestation, FailoverRequest request)
            implements Intent {
        /** The edit or the request, for messages. */
        String source() {
            return request == null
                    ? "spec.activeSite"
                    : "FailoverRequest " + request.getMetadata().getName();
        }
    }

    /**
     * What this site has processed already.
     *
     * @param settledSite value of spec.activeSite when the plan last settled; null for a plan that is new here
     * @param generation of the spec whose request was last processed; null for none
     * @param edit run of the edit of spec.activeSite that is open, as recorded when it was first seen; null for none
     * @param started run of the request that the other site carries out, or that this site has taken the lease for; null for none
     * @param ended run that ended last on this site; null for none
     * @param settled run of the request that was settled last, whatever ran after it; null for none
     */
    record Handled(String settledSite, Long generation, String edit, String started, String ended, String settled) {
        private boolean hasEnded(String run) {
            return run.equals(ended) || run.equals(settled);
        }
    }

    /** Default of spec.ttl. */
    Duration TTL = Duration.ofHours(1);

    /** Length of the part of a request's name that the identity of its run has, so that it fits in the status. */
    int LONGEST_NAME = 54;

    /**
     * The intent for this site.
     *
     * @param requests all requests of the namespace
     */
    static Intent of(
            String site,
            FailoverPlan plan,
            List<FailoverRequest> requests,
            Handled handled,
            Function<FailoverRequest, RequestAge> ages) {
        Optional<FailoverRequest> open = ruling(plan, requests)
                .filter(request -> !handled.hasEnded(run(request)))
                .filter(request -> request.getSpec().site.equals(site))
                .filter(request -> run(request).equals(handled.started) || !isExpired(request, ages.apply(request)));
        if (open.isPresent()) {
            return take(site, plan, open.get(), ages.apply(open.get()));
        }
        Long generation = plan.getMetadata().getGeneration();
        boolean edited = LeaseRules.wants(site, plan.getSpec().activeSite, handled.settledSite)
                && !(generation != null && generation.equals(handled.generation));
        if (!edited) {
            return new None();
        }
        String run = handled.edit == null ? editRun(site, plan) : handled.edit;
        return new Take(run, maxDataLoss(plan), Optional.empty(), null);
    }

    /** The open request of a plan that applies. One that is older than another never applies, even if that one is over. */
    private static Optional<FailoverRequest> ruling(FailoverPlan plan, List<FailoverRequest> requests) {
        return newest(plan, requests).filter(request -> !request.isOver());
    }

    /** The newest request of a plan. */
    static Optional<FailoverRequest> newest(FailoverPlan plan, List<FailoverRequest> requests) {
        return requests.stream()
                .filter(request ->
                        request.getSpec().planRef.name.equals(plan.getMetadata().getName()))
                .filter(request -> request.getMetadata().getDeletionTimestamp() == null)
                .max(Comparator.comparing(Intent::created)
                        .thenComparing(request -> request.getMetadata().getName()));
    }

    /** Identity of the run of an edit of spec.activeSite that is seen for the first time. A later edit of the spec does not change it. */
    static String editRun(String site, FailoverPlan plan) {
        return site + "-" + plan.getMetadata().getGeneration() + "-"
                + start(plan.getMetadata().getUid());
    }

    /** Identity of the run of a request. */
    static String run(FailoverRequest request) {
        String name = request.getMetadata().getName();
        return request.getSpec().site + "-" + name.substring(0, Math.min(LONGEST_NAME, name.length())) + "-"
                + start(request.getMetadata().getUid());
    }

    /** Whether the time in which a request must start is over. */
    static boolean isExpired(FailoverRequest request, RequestAge age) {
        return age.most().compareTo(Durations.parse(request.getSpec().ttl, TTL)) > 0;
    }

    private static Intent take(String site, FailoverPlan plan, FailoverRequest request, RequestAge age) {
        FailoverRequestSpec spec = request.getSpec();
        Duration loss = spec.maxDataLoss == null ? maxDataLoss(plan) : Durations.parse(spec.maxDataLoss);
        Optional<Attestation> attested = Optional.ofNullable(spec.attestation)
                .filter(attestation -> isPeer(attestation.siteOff, site, plan))
                .flatMap(attestation -> RenewalCounter.parse(attestation.lease))
                .map(counter -> new Attestation(counter, age.least(), age.most()))
                .filter(Attestation::isValid);
        return new Take(run(request), loss, attested, request);
    }

    private static Duration maxDataLoss(FailoverPlan plan) {
        return Durations.parse(plan.getSpec().maxDataLoss, Duration.ZERO);
    }

    /** Whether a site is the other one of a plan. */
    private static boolean isPeer(String name, String site, FailoverPlan plan) {
        return !name.equals(site) && plan.getSpec().sites.stream().anyMatch(entry -> Objects.equals(entry.name, name));
    }

    private static Instant created(FailoverRequest request) {
        return Instant.parse(request.getMetadata().getCreationTimestamp());
    }

    private static String start(String uid) {
        return uid == null ? "" : uid.substring(0, Math.min(8, uid.length()));
    }
}
