package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Run;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.Attestation;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseStore;
import io.breakwater.lease.LeaseTiming;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A plan on this site, during one reconciliation.
 *
 * @param resource read fresh; its status changes along
 * @param site this site
 * @param peer the other site
 * @param location name of the BackupLocation near this site
 * @param peerLocation name of the BackupLocation near the other site
 * @param timing the lease arithmetic
 * @param store the plan's rendezvous
 * @param intent what users want of this site
 */
record PlanSite(
        FailoverPlan resource,
        String site,
        String peer,
        String location,
        String peerLocation,
        LeaseTiming timing,
        LeaseStore store,
        Intent intent) {

    static PlanSite of(FailoverPlan resource, String site, LeaseStore store) {
        return new PlanSite(
                resource,
                site,
                PlanRoles.peer(resource, site).name,
                PlanRoles.own(resource, site).locationRef.name,
                PlanRoles.peer(resource, site).locationRef.name,
                timing(resource),
                store,
                new Intent.None());
    }

    PlanSite with(Intent wanted) {
        return new PlanSite(resource, site, peer, location, peerLocation, timing, store, wanted);
    }

    /** What this site has processed. */
    Intent.Handled handled(Optional<Lease> seen) {
        FailoverPlanStatus status = status();
        FailoverPlanStatus.Run run = status.run;
        String ended = run == null || run.state == JournalEntry.State.Running ? null : run.id;
        String started = seen.filter(
                        lease -> lease.state() == Lease.State.Releasing || lease.state() == Lease.State.Offered)
                .filter(lease -> lease.requestedBy(site))
                .map(lease -> lease.request().id())
                .or(() -> seen.filter(lease -> lease.heldBy(site) && run != null && ended == null)
                        .map(lease -> run.id))
                .orElse(null);
        return new Intent.Handled(
                status.settledActiveSite,
                status.handledGeneration,
                status.requestedRun,
                started,
                ended,
                status.settledRequest);
    }

    /** @throws BreakwaterException {@code InvalidSpec} when the lease is too short */
    static LeaseTiming timing(FailoverPlan resource) {
        String text = resource.getSpec().lease == null ? null : resource.getSpec().lease.duration;
        try {
            return LeaseTiming.of(Durations.parse(text, Duration.ofSeconds(60)));
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec, ObjectNames.of(resource) + ": spec.lease.duration: " + e.getMessage());
        }
    }

    /** What this site does when it cannot renew the lease. */
    static OnLoss onLoss(FailoverPlan resource) {
        FailoverPlanSpec.Lease lease = resource.getSpec().lease;
        return lease == null || lease.onLoss == null ? OnLoss.KeepServing : lease.onLoss;
    }

    /** The name by which a plan holds the gate of its namespace. */
    static String gateHolder(FailoverPlan resource) {
        return NamespaceGate.PLAN + resource.getMetadata().getName();
    }

    String key() {
        return PlanRoles.key(resource);
    }

    String namespace() {
        return resource.getMetadata().getNamespace();
    }

    String name() {
        return resource.getMetadata().getName();
    }

    String gateHolder() {
        return gateHolder(resource);
    }

    FailoverPlanStatus status() {
        return resource.getStatus();
    }

    /** The run in which this site takes the lease, while it is running. */
    Optional<Run> takeOver() {
        return Optional.ofNullable(status().run)
                .filter(run -> run.state == JournalEntry.State.Running && site.equals(run.to));
    }

    /** The epoch that this cluster remembers; empty for a plan that is new here. */
    OptionalLong knownEpoch() {
        return status().epoch == null ? OptionalLong.empty() : OptionalLong.of(status().epoch);
    }

    String policy() {
        return resource.getSpec().policyRef.name;
    }

    /** Value of spec.activeSite. */
    String activeSite() {
        return resource.getSpec().activeSite;
    }

    /** Data loss that a failover to this site may cause now. */
    Duration maxDataLoss() {
        return intent instanceof Intent.Take take
                ? take.maxDataLoss()
                : Durations.parse(resource.getSpec().maxDataLoss, Duration.ZERO);
    }

    /** Longest time from the start of a hand-over by this site until the other site takes the lease. */
    Duration handOverTimeout() {
        String text = resource.getSpec().handOver == null ? null : resource.getSpec().handOver.timeout;
        return Durations.parse(text, Duration.ofMinutes(10));
    }

    Duration readiness() {
        String text = resource.getSpec().readiness == null ? null : resource.getSpec().readiness.timeout;
        return Durations.parse(text, Duration.ofMinutes(5));
    }

    /** Whether spec.activeSite names this site. */
    boolean isNamed() {
        return activeSite().equals(site);
    }

    /** Whether a user wants this site to become active, and no run has answered that yet. */
    boolean isWanted() {
        return intent instanceof Intent.Take;
    }

    /** Whether this site vacated the lease when its namespace was deleted, and its plan names it again, or a request does. */
    boolean isVacatedHere(Lease lease) {
        return lease.state() == Lease.State.Vacated && lease.holder().equals(site) && (isNamed() || isWanted());
    }

    /** Whether a user lets this site take the lease that it vacated, with the data that the namespace has. */
    boolean isInPlace(Lease lease) {
        return isVacatedHere(lease) && isDecided(resource, Api.IN_PLACE, lease.epoch());
    }

    /** Whether a user has decided about an epoch by an annotation of the plan. */
    static boolean isDecided(FailoverPlan resource, String annotation, Long epoch) {
        Map<String, String> annotations = resource.getMetadata().getAnnotations();
        return annotations != null && String.valueOf(epoch).equals(annotations.get(annotation));
    }

    /** Identity of the run that would answer the present request: one for each edit. */
    String request() {
        return intent instanceof Intent.Take take ? take.run() : Intent.editRun(site, resource);
    }

    /** The valid attestation of a user that the other site is off. */
    Optional<Attestation> attestation() {
        return intent instanceof Intent.Take take ? take.attestation() : Optional.empty();
    }

    /** The edit or the request that this site carries out, for messages. */
    String source() {
        return intent instanceof Intent.Take take ? take.source() : "spec.activeSite";
    }
}
