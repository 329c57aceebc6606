package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.observe.StatusWriter;

/** Records in the status of a plan the facts that later decisions need, also after the operator restarts. */
final class PlanMemory {
    private final StatusWriter writer;

    PlanMemory(StatusWriter writer) {
        this.writer = writer;
    }

    /** Records the epoch that this cluster has taken part in, or is about to start. */
    void recordEpoch(PlanSite plan, long epoch) {
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> status.epoch = epoch);
    }

    /** Records that no run is open: from here on, a change of spec.activeSite is a request. */
    void markSettled(PlanSite plan) {
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            status.settledActiveSite = plan.activeSite();
            status.handledGeneration = plan.resource().getMetadata().getGeneration();
        });
    }
}
