/**
 * The story of the demo and the tests on two real clusters, with one harness.
 *
 * <p>{@link io.breakwater.it.Rig} is the environment: two clusters, three object stores, Breakwater on both clusters.
 * {@link io.breakwater.it.Shop} is the application, {@link io.breakwater.it.OrderStream} its customers, and
 * {@link io.breakwater.it.AcknowledgedOrders} the orders that the shop acknowledged. {@link io.breakwater.it.Story} is
 * the story that {@code dev/demo} runs and {@link io.breakwater.it.StoryIT} checks. The code uses only
 * {@code io.breakwater.api} of the product, and works through its custom resources. The environment comes from
 * {@code dev/env}.
 */
package io.breakwater.it;
