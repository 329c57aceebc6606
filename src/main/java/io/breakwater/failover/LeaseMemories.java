package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.lease.LeaseCounter;
import io.breakwater.lease.LeaseMemory;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The memory of the lease of each plan in this process. It starts with what the guard recorded in the status of the plan. After
 * that the process knows more than any status that it may have read earlier.
 */
final class LeaseMemories {
    private final Map<String, LeaseMemory> memories = new ConcurrentHashMap<>();
    private final LongSupplier nanos;

    LeaseMemories() {
        this(System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    LeaseMemories(LongSupplier nanos) {
        this.nanos = nanos;
    }

    LeaseMemory of(FailoverPlan plan) {
        return memories.computeIfAbsent(
                id(plan), id -> new LeaseMemory(recorded(plan.getStatus()), recordedId(plan.getStatus()), nanos));
    }

    /** Hands over the annotation of a plan that was read fresh. An annotation that was used once has no effect any more. */
    void acceptFor(FailoverPlan plan) {
        Map<String, String> annotations = plan.getMetadata().getAnnotations();
        String counter = annotations == null ? null : annotations.get(Api.ACCEPT_LEASE);
        boolean used = plan.getStatus() != null && counter != null && counter.equals(plan.getStatus().acceptedLease);
        of(plan).accept(used ? null : counter);
    }

    void forget(FailoverPlan plan) {
        memories.remove(id(plan));
    }

    private static LeaseCounter recorded(FailoverPlanStatus status) {
        return status == null || status.leaseEpoch == null || status.leaseWrites == null
                ? LeaseCounter.NONE
                : new LeaseCounter(status.leaseEpoch, status.leaseWrites);
    }

    private static String recordedId(FailoverPlanStatus status) {
        return status == null ? null : status.leaseId;
    }

    /** A plan that is created again has another uid, and no memory. */
    private static String id(FailoverPlan plan) {
        return PlanRoles.key(plan) + "/" + plan.getMetadata().getUid();
    }
}
