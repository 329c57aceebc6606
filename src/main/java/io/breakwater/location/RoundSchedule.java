package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * When the next round of some work on a location is due. A location whose spec was changed is due at once, also when that
 * happened during a round. Known to this process only: after a restart every location is due.
 */
final class RoundSchedule {
    /** The end of a round. */
    private record Ended(Long generation, Instant next) {}

    private final Clock clock;
    private final Map<String, Long> current = new ConcurrentHashMap<>();
    private final Map<String, Ended> last = new ConcurrentHashMap<>();

    RoundSchedule(Clock clock) {
        this.clock = clock;
    }

    /**
     * Begins a round that is due, or continues the current one.
     *
     * @param atOnce whether a round is due although the pause after the last one is not over
     * @return whether a round is on; it lasts until {@link #end}
     */
    boolean begin(BackupLocation location, boolean atOnce) {
        String id = location.getMetadata().getUid();
        if (current.containsKey(id)) {
            return true;
        }
        Long generation = location.getMetadata().getGeneration();
        Ended ended = last.get(id);
        boolean waits =
                !atOnce && ended != null && generation.equals(ended.generation) && ended.next.isAfter(clock.instant());
        if (!waits) {
            current.put(id, generation);
        }
        return !waits;
    }

    /** Ends the round of a location; the next one is due after the pause, or once the location is changed. */
    void end(BackupLocation location, Duration pause) {
        String id = location.getMetadata().getUid();
        Long generation = current.remove(id);
        if (generation != null) { // else it was forgotten during the round
            last.put(id, new Ended(generation, clock.instant().plus(pause)));
        }
    }

    /** Forgets a location that has no rounds any more. */
    void forget(BackupLocation location) {
        current.remove(location.getMetadata().getUid());
        last.remove(location.getMetadata().getUid());
    }
}
