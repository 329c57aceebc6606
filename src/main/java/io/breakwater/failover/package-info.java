/**
 * Determines the active site and changes it: the controller of FailoverPlans with its two runs, hand-over and takeover. It
 * decides by the rules of package {@code lease}, and carries out the decision in {@link
 * io.breakwater.failover.LeaseActions}. Other packages use only {@link io.breakwater.failover.PlanRoles}.
 */
package io.breakwater.failover;
