package io.breakwater.restore;

import io.breakwater.resource.apply.RestoreOrder;
import io.breakwater.steps.Activities;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The stages of {@code spec.order} of running restores; read from the archive once in each process. */
final class RestoreOrders {
    private final PointArchive archives;
    private final Activities activities;
    private final Map<String, RestoreOrder> known = new ConcurrentHashMap<>();

    RestoreOrders(PointArchive archives, Activities activities) {
        this.archives = archives;
        this.activities = activities;
    }

    /** The stages of a run; empty while they are being read. */
    Optional<RestoreOrder> of(RestoreRun run) {
        RestoreOrder order = known.get(run.uid());
        if (order != null) {
            return Optional.of(order);
        }
        Optional<RestoreOrder> read = activities.poll(run.uid() + "/ordering", () -> archives.order(run), run.wake());
        read.ifPresent(o -> known.put(run.uid(), o));
        return read;
    }

    /** Forgets a run that is over or gone. */
    void forget(String uid) {
        known.remove(uid);
    }
}
