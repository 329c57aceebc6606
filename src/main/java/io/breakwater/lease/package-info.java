/**
 * The lease of a plan, without a Kubernetes client: the document, its rules and times, its objects in the store, and the
 * keeper that renews it.
 *
 * <p>{@link io.breakwater.lease.LeaseRules} decides from facts, so that a model test can explore every interleaving of two
 * sites with the same rules.
 */
package io.breakwater.lease;
