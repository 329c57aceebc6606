package io.breakwater.points;

import io.breakwater.api.BackupPolicy;
import io.breakwater.points.PointStore.Located;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Duration;
import java.util.Optional;

/**
 * Wakes a policy when the answers of its points change: a point was created, ended, was copied or is being deleted. The steps of
 * a run and the progress of its transfer wake no policy.
 */
public final class PolicyPointEvents extends SimpleInboundEventSource<BackupPolicy> {
    private static final Duration LIST = Duration.ofMinutes(20);

    private final PointIndex index;

    public PolicyPointEvents(PointIndex index) {
        super("policy-restorepoints");
        this.index = index;
        index.records().listen(this::changed);
    }

    /** Waits for the first list, because each policy would list the points of its namespace before. */
    @Override
    public void start() {
        index.awaitList(LIST);
        super.start();
    }

    private void changed(Optional<PointRecord> before, Located now) {
        String policy = now.record().policy();
        if (policy != null && before.filter(now.record()::answersLike).isEmpty()) {
            propagateEvent(new ResourceID(policy, now.id().getNamespace().orElseThrow()));
        }
    }
}
