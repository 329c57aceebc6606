package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.NamedRef;

/**
 * The role of this site for the namespace of a plan, at this moment.
 *
 * @param plan name of the FailoverPlan
 * @param policy name of the BackupPolicy of the plan
 * @param role of this site; Unknown until the lease has been read
 * @param epoch of the lease as this site last read it; writes of an older epoch are refused
 * @param ownLocation BackupLocation near this site, where its points are sealed
 * @param peerLocation BackupLocation near the other site, which the points are copied to
 * @param rendezvous BackupLocation that holds the lease
 */
public record PlanRole(
        String plan,
        String policy,
        Role role,
        long epoch,
        NamedRef ownLocation,
        NamedRef peerLocation,
        NamedRef rendezvous) {

    /** Whether the application may run here and schedules run. */
    public boolean isActive() {
        return role == Role.Active;
    }
}
