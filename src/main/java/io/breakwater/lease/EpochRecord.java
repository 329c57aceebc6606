package io.breakwater.lease;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.breakwater.api.FailoverPlanStatus.Fence;

/**
 * One epoch of a plan's history.
 *
 * @param epoch number of the epoch
 * @param holder site that held the lease in this epoch
 * @param fence how the site came to this epoch
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record EpochRecord(long epoch, String holder, Fence fence) {}
