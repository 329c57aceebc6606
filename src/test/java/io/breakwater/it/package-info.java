/**
 * The story of the demo and the tests on two real clusters, on one harness.
 *
 * <p>{@link io.breakwater.it.Rig} is the world: two clusters, three object stores, Breakwater on both. {@link
 * io.breakwater.it.Shop} is the application, {@link io.breakwater.it.OrderStream} its customers, {@link
 * io.breakwater.it.Ledger} what they were promised. {@link io.breakwater.it.Story} is what {@code dev/demo} tells and
 * {@link io.breakwater.it.StoryIT} checks. Of the product only {@code io.breakwater.api} is used: everything else happens
 * through its custom resources. The environment comes from {@code dev/env}.
 */
package io.breakwater.it;
