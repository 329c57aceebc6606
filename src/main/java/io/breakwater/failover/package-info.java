/**
 * Which site is active, and how that changes: the lease in the rendezvous location, the rules for taking and releasing
 * it, the keeper that renews it, and the controller of FailoverPlans with its two runs, hand-over and takeover.
 *
 * <p>{@link io.breakwater.failover.LeaseRules} decides from facts and without any client, so that a model test can
 * explore every interleaving of two sites with the same rules. Other packages use only {@link
 * io.breakwater.failover.PlanRoles}.
 */
package io.breakwater.failover;
