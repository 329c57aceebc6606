package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus.Fence;

/**
 * One epoch of a plan's history.
 *
 * @param epoch number of the epoch
 * @param holder site that was active in it
 * @param fence how that site came to it
 */
record EpochRecord(long epoch, String holder, Fence fence) {}
