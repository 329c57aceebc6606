package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.NamedRef;

/**
 * What a plan means for its namespace on this site, at this moment.
 *
 * @param plan name of the FailoverPlan
 * @param policy name of the BackupPolicy that the plan moves
 * @param role of this site; Unknown until the lease has been read
 * @param epoch of the lease as this site last read it; what a write to the store must not be older than
 * @param ownLocation BackupLocation near this site, which its points are sealed in
 * @param peerLocation BackupLocation near the other site, which the points are copied to
 * @param rendezvous BackupLocation that the lease lies in
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
