/**
 * Who is active, and how that changes: the lease in the rendezvous location, the rules of taking and giving it, the keeper
 * that renews it, and the controller of FailoverPlans with its two runs, handing over and taking over.
 *
 * <p>{@link io.breakwater.failover.LeaseRules} decides, from facts and without any client, so that a model test can walk
 * through every interleaving of two sites with the very same rules. Uses {@code api}, {@code location}, {@code admission}
 * (the gate), {@code observe} and {@code steps}; other packages use only {@link io.breakwater.failover.PlanRoles}.
 */
package io.breakwater.failover;
