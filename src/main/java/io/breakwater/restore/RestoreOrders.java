package io.breakwater.restore;

import io.breakwater.resource.apply.RestoreOrder;
import io.breakwater.steps.Activities;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What {@code spec.order} of running restores comes to; read out of the archive once in a process. */
final class RestoreOrders {
    private final PointArchive archives;
    private final Activities activities;
    private final Map<String, RestoreOrder> known = new ConcurrentHashMap<>();

    RestoreOrders(PointArchive archives, Activities activities) {
        this.archives = archives;
        this.activities = activities;
    }

    /** Empty while it is being read. */
    Optional<RestoreOrder> of(RestoreRun run) {
        RestoreOrder there = known.get(run.uid());
        if (there != null) {
            return Optional.of(there);
        }
        Optional<RestoreOrder> read =
                activities.poll(run.uid() + "/ordering", () -> archives.ordering(run), run.wake());
        read.ifPresent(o -> known.put(run.uid(), o));
        return read;
    }

    /** A run is over or gone. */
    void forget(String uid) {
        known.remove(uid);
    }
}
