package io.breakwater.failover;

import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseCounter;
import io.breakwater.observe.StatusWriter;
import java.util.Objects;
import java.util.Optional;

/** Records in the status of a plan the facts that later decisions need, also after the guard restarts. */
final class PlanMemory {
    private final StatusWriter writer;

    PlanMemory(StatusWriter writer) {
        this.writer = writer;
    }

    /** Records the epoch that this cluster has taken part in, or is about to start. */
    void recordEpoch(PlanSite plan, long epoch) {
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            boolean same = status.epoch != null && status.epoch == epoch;
            status.epoch = epoch;
            status.onLoss = same ? status.onLoss : null;
            status.confirmedAt = same ? status.confirmedAt : null;
        });
    }

    /**
     * Records identity, epoch and duration of the lease as it was read, before this site acts on it. A capture that the action starts
     * must have this epoch, or its writes are refused. The role of an active site ends at once when the site may not be active any
     * more. Which points belong to the present history follows from the epochs.
     *
     * <p>A holder that keeps serving must know after a restart, also without the rendezvous, that the lease says so. What it read is not
     * enough, since a write of an earlier attempt may follow, and a plan that says {@code Gate} ends it before the next renewal does.
     *
     * @param keeps whether the lease says {@code KeepServing} for certain; empty if no keeper of this process can know
     */
    void recordLease(PlanSite plan, Lease lease, Optional<Boolean> keeps) {
        boolean holder = lease.heldBy(plan.site());
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            boolean certain = keeps.orElse(status.onLoss == OnLoss.KeepServing)
                    && lease.onLoss() == OnLoss.KeepServing
                    && PlanSite.onLoss(plan.resource()) == OnLoss.KeepServing;
            status.leaseId = lease.id();
            status.leaseEpoch = lease.epoch();
            status.leaseDuration = Durations.format(lease.duration());
            status.history = PlanHistory.of(lease);
            status.onLoss = holder ? certain ? OnLoss.KeepServing : OnLoss.Gate : null;
            if (status.role == Role.Active && !holder) {
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

    /**
     * Records what this site is about to carry out, before it has an effect. The run of an edit of spec.activeSite stays until it is
     * settled or withdrawn. A request is recorded while it is open, and settled with it: it acts once, and an edit of spec.activeSite
     * from before its end is not carried out after it.
     */
    void recordIntent(PlanSite plan) {
        recordRequest(plan);
        recordEdit(plan);
    }

    private void recordRequest(PlanSite plan) {
        String open = plan.status().openRequest;
        String now = plan.intent() instanceof Intent.Take take && take.request() != null ? take.run() : null;
        if (Objects.equals(open, now)) {
            return;
        }
        if (open != null && now == null) {
            markSettled(plan);
        }
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            status.settledRequest = open == null ? status.settledRequest : open;
            status.openRequest = now;
        });
    }

    private void recordEdit(PlanSite plan) {
        boolean isEdit = plan.intent() instanceof Intent.Take take && take.request() == null;
        String recorded = plan.status().requestedRun;
        if (isEdit && recorded == null) {
            String run = plan.request();
            writer.update(plan.resource(), FailoverPlanStatus.class, status -> status.requestedRun = run);
        } else if (recorded != null && !plan.isNamed()) {
            writer.update(plan.resource(), FailoverPlanStatus.class, status -> status.requestedRun = null);
        }
    }

    /** Records that no run is open: from here on, a change of spec.activeSite is a request. */
    void markSettled(PlanSite plan) {
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            status.settledActiveSite = plan.activeSite();
            status.requestedRun = null;
            status.handledGeneration = plan.resource().getMetadata().getGeneration();
        });
    }
}
