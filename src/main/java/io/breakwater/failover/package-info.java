/**
 * Determines the active site and changes it: the lease in the rendezvous location, the rules for taking and releasing it,
 * the keeper that renews it, and the controller of FailoverPlans with its two runs, hand-over and takeover.
 *
 * <p>{@link io.breakwater.failover.LeaseRules} decides from facts and without a client, so that a model test can explore
 * every interleaving of two sites with the same rules. {@link io.breakwater.failover.LeaseActions} carries out the
 * decision. Other packages use only {@link io.breakwater.failover.PlanRoles}.
 */
package io.breakwater.failover;
