package io.breakwater.cleanup;

import java.time.Duration;
import java.time.Instant;

/** When a repository is pruned: at most once in an interval, and only for enough garbage or for old garbage. */
final class PruneRules {
    /** Part of a repository that is enough garbage, and what a further location waits for. */
    private static final int TENTH = 10;

    private static final int EIGHTH = 8;

    /** Doublings of the first pause after a failure, which is a part of the interval. */
    private static final int FIRST_PAUSE = 24;

    private static final int MOST_DOUBLINGS = 5;

    private PruneRules() {}

    /**
     * What was deleted in a repository since its last prune.
     *
     * @param bytes that the captures of the deleted points added: an estimate, since other points may share them
     * @param oldest time of the first deletion; null for none
     */
    record Garbage(long bytes, Instant oldest) {
        static final Garbage NONE = new Garbage(0, null);

        Garbage and(long more, Instant at) {
            return new Garbage(bytes + more, oldest == null || at.isBefore(oldest) ? at : oldest);
        }
    }

    /**
     * Whether a prune may start. A copy of a point takes along every pack that its target lacks. So a further location waits longer
     * than the first one: otherwise the copies write again what it freed.
     *
     * @param every the interval
     * @param further whether the points of the repository are copied to this location
     */
    static boolean isDue(PruneRecord record, Garbage garbage, Instant now, Duration every, boolean further) {
        if (record.isRunning()) {
            return true;
        }
        if (garbage.oldest() == null
                || record.started() != null
                        && now.isBefore(Instant.parse(record.started()).plus(pause(record.failures(), every)))) {
            return false;
        }
        Duration patience = further ? every.plus(every.dividedBy(4)) : every;
        boolean old = !garbage.oldest().plus(patience).isAfter(now);
        boolean much = record.remaining() != null && garbage.bytes() > record.remaining() / (further ? EIGHTH : TENTH);
        return old || much;
    }

    /** The pause after the start of a prune: the interval, or a part of it after failures. */
    private static Duration pause(int failures, Duration every) {
        if (failures == 0) {
            return every;
        }
        Duration pause = every.dividedBy(FIRST_PAUSE).multipliedBy(1L << Math.min(failures - 1, MOST_DOUBLINGS));
        return pause.compareTo(every) < 0 ? pause : every;
    }
}
