package io.breakwater.failover;

import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseCounter;
import io.breakwater.observe.StatusWriter;

/** Records in the status of a plan the facts that later decisions need, also after the guard restarts. */
final class PlanMemory {
    private final StatusWriter writer;

    PlanMemory(StatusWriter writer) {
        this.writer = writer;
    }

    /** Records the epoch that this cluster has taken part in, or is about to start. */
    void recordEpoch(PlanSite plan, long epoch) {
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> status.epoch = epoch);
    }

    /**
     * Records identity, epoch and duration of the lease as it was read, before this site acts on it. A capture that the action starts
     * must have this epoch, or its writes are refused. The role of an active site ends at once when the site may not be active any
     * more. Which points belong to the present history follows from the epochs.
     */
    void recordLease(PlanSite plan, Lease lease) {
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            status.leaseId = lease.id();
            status.leaseEpoch = lease.epoch();
            status.leaseDuration = Durations.format(lease.duration());
            status.history = PlanHistory.of(lease);
            if (status.role == Role.Active && !lease.heldBy(plan.site())) {
                status.role = Role.Unknown;
            }
        });
    }

    /**
     * Records that an administrator accepted an older lease, or another one: this site continues from it.
     *
     * @param counter as in the annotation
     * @param id identity of the accepted lease
     */
    void recordAccepted(PlanSite plan, LeaseCounter counter, String id) {
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            status.leaseId = id;
            status.acceptedLease = counter.toString();
            status.epoch = counter.epoch();
            status.leaseEpoch = counter.epoch();
            status.leaseWrites = counter.writes();
        });
    }

    /** Records that no run is open: from here on, a change of spec.activeSite is a request. */
    void markSettled(PlanSite plan) {
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            status.settledActiveSite = plan.activeSite();
            status.handledGeneration = plan.resource().getMetadata().getGeneration();
        });
    }
}
