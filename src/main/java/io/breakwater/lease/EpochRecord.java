package io.breakwater.lease;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.breakwater.api.FailoverPlanStatus.Fence;
import java.time.Instant;

/**
 * One epoch of a plan's history.
 *
 * @param epoch number of the epoch
 * @param holder site that held the lease in this epoch
 * @param fence how the site came to this epoch
 * @param since time of the first write of the epoch, by the clock of the store; null until the holder has renewed the lease
 * @param start the point that the epoch started from; null in the first epoch, and in one that was taken in place
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record EpochRecord(long epoch, String holder, Fence fence, Instant since, PointRef start) {
    /** The first epoch, when nothing else is known. */
    public EpochRecord(long epoch, String holder, Fence fence) {
        this(epoch, holder, fence, null, null);
    }

    EpochRecord startedAt(Instant time) {
        return new EpochRecord(epoch, holder, fence, time, start);
    }
}
