package io.breakwater.capture;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.observe.StatusWriter;
import io.breakwater.policy.PointRoute;
import io.breakwater.steps.RunLabel;
import io.breakwater.steps.StepRun;
import io.breakwater.steps.WorkUrgency;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.PointKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** One capture: the RestorePoint, and the policy and route that say what is captured and where it is stored. */
final class CaptureRun extends StepRun<RestorePointStatus> {
    /** How long a step may fail with errors that a retry may remove. */
    static final Duration RETRY_BUDGET = Duration.ofMinutes(5);

    private final RestorePoint point;
    private final CapturedNamespace source;
    private Instant startable;
    private final CaptureMemory memory;
    private BackupPolicy policy;
    private PointRoute route;

    CaptureRun(RestorePoint point, CapturedNamespace source, StatusWriter writer, Clock clock, Runnable wake) {
        this(point, source, writer, clock, wake, new CaptureMemory());
    }

    /** @param memory of this process about the capture */
    CaptureRun(
            RestorePoint point,
            CapturedNamespace source,
            StatusWriter writer,
            Clock clock,
            Runnable wake,
            CaptureMemory memory) {
        super(point, RestorePointStatus.class, writer, clock, wake);
        this.point = point;
        this.source = source;
        this.memory = memory;
    }

    /** What this process remembers of the capture; lost with the process. */
    CaptureMemory memory() {
        return memory;
    }

    /** Whether the steps have policy and route. */
    boolean hasRoute() {
        return route != null;
    }

    /** Sets the policy and route; the steps need both. */
    CaptureRun follow(BackupPolicy policy, PointRoute route) {
        this.policy = policy;
        this.route = route;
        return this;
    }

    /** Sets when the run got its place among the captures. */
    CaptureRun admitted(Instant at) {
        this.startable = at;
        return this;
    }

    @Override
    protected Instant startable() {
        return startable == null ? super.startable() : startable;
    }

    /** How soon the run and its movers start when much other work is in progress. */
    WorkUrgency urgency() {
        return CaptureQueue.urgencyOf(point);
    }

    RestorePoint point() {
        return point;
    }

    /** The site that captures: this one. */
    String site() {
        return source.site();
    }

    BackupPolicy policy() {
        return policy;
    }

    PointRoute route() {
        return route;
    }

    PointKey key() {
        return PointKey.ofCapture(source, point);
    }

    @Override
    public String label() {
        return RunLabel.of(point);
    }

    @Override
    protected void reportProgress(RestorePointStatus status, JournalEntry entry) {
        status.progress = entry.step;
    }
}
