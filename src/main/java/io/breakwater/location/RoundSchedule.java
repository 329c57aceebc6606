package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * When a location has its turn for something that is done again and again, in rounds that take their time. A location that is
 * changed has its turn at once, also when that happens in the middle of a round. Known to this process only: after a restart
 * every location has its turn.
 */
public final class RoundSchedule {
    private final Clock clock;
    private final Map<String, Instant> next = new ConcurrentHashMap<>();
    private final Map<String, Long> current = new ConcurrentHashMap<>();
    private final Map<String, Long> done = new ConcurrentHashMap<>();

    public RoundSchedule(Clock clock) {
        this.clock = clock;
    }

    /** Whether a location has its turn, which lasts until {@link #end}. */
    public boolean begin(BackupLocation location) {
        String id = location.getMetadata().getUid();
        if (current.containsKey(id)) {
            return true;
        }
        Long generation = location.getMetadata().getGeneration();
        boolean waits = generation.equals(done.get(id)) && next.get(id).isAfter(clock.instant());
        if (!waits) {
            current.put(id, generation);
        }
        return !waits;
    }

    /** Ends a location's turn, well or not; the next one comes after the pause, or once the location is changed. */
    public void end(BackupLocation location, Duration pause) {
        String id = location.getMetadata().getUid();
        next.put(id, clock.instant().plus(pause));
        done.put(id, current.remove(id));
    }

    /** Forgets a location that has no turns any more. */
    public void forget(BackupLocation location) {
        String id = location.getMetadata().getUid();
        current.remove(id);
        done.remove(id);
        next.remove(id);
    }
}
