package io.breakwater.cleanup;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;

/**
 * The prunes of one repository in one location: {@code breakwater/prunes/<repository>.json}, signed. It is written before a prune
 * starts and after it ended, so a restart of the operator starts no second one. All times are of the store's clock.
 *
 * @param changes number of changes of the record
 * @param started when the running prune or the last one started; null before the first
 * @param ended when that one ended; null while it runs
 * @param covers what was deleted before was hidden when that one started; null before the first
 * @param until the last prune that succeeded freed what was deleted before; null before the first
 * @param failures in a row
 * @param remaining bytes of data after the last prune that succeeded; null when they are unknown
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
record PruneRecord(
        int schemaVersion,
        long changes,
        String started,
        String ended,
        String covers,
        String until,
        int failures,
        Long remaining) {
    static final PruneRecord NONE = new PruneRecord(1, 0, null, null, null, null, 0, null);

    /** A record of a later time than this was written by a wrong clock. */
    private static final Duration SKEW = Duration.ofHours(1);

    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** The record of a repository; {@link #NONE} if there is none, or it has no valid signature. */
    static PruneRecord read(ObjectStore store, String repository) {
        try {
            return store.readSigned(StoreLayout.pruneRecord(repository), ObjectStore.MAX_DOCUMENT)
                    .map(document -> parsed(document.payload()))
                    .orElse(NONE);
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Tampered) {
                throw e;
            }
            return NONE;
        }
    }

    void write(ObjectStore store, String repository) {
        try {
            store.writeSigned(
                    StoreLayout.pruneRecord(repository), changes, JSON.writeValueAsBytes(this), Precondition.NONE);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record can always be written", e);
        }
    }

    private static PruneRecord parsed(byte[] payload) {
        try {
            PruneRecord record = JSON.readValue(payload, PruneRecord.class);
            return record == null ? NONE : record;
        } catch (IOException e) {
            return NONE;
        }
    }

    /** This record; without its times, if they are in the future: otherwise no prune would start until then. */
    PruneRecord at(Instant now) {
        boolean wrong = Stream.of(started, until)
                .anyMatch(time -> time != null && Instant.parse(time).isAfter(now.plus(SKEW)));
        return wrong ? new PruneRecord(1, changes, null, null, null, null, 0, null) : this;
    }

    PruneRecord start(Instant now) {
        return start(now, now);
    }

    /** @param hidden the snapshots of all points that were deleted before are hidden */
    PruneRecord start(Instant now, Instant hidden) {
        return new PruneRecord(1, changes + 1, now.toString(), null, hidden.toString(), until, failures, remaining);
    }

    /** @param bytes of data that remain; null when the mover did not report them */
    PruneRecord succeed(Instant now, Long bytes) {
        return new PruneRecord(1, changes + 1, started, now.toString(), covers, covers, 0, bytes);
    }

    PruneRecord fail(Instant now) {
        String at = started == null ? now.toString() : started;
        return new PruneRecord(1, changes + 1, at, now.toString(), covers, until, failures + 1, remaining);
    }

    /** A capture had priority, or the Job is gone. The pauses do not grow. */
    PruneRecord interrupt(Instant now) {
        return new PruneRecord(
                1, changes + 1, started, now.toString(), covers, until, Math.max(1, failures), remaining);
    }

    boolean isRunning() {
        return started != null && ended == null;
    }

    /** Whether a deletion is newer than the last prune that succeeded. */
    boolean isPending(Instant deletion) {
        return until == null || !deletion.isBefore(Instant.parse(until));
    }
}
