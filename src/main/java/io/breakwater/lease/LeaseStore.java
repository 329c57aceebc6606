package io.breakwater.lease;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * The objects of one plan in its rendezvous location: the lease, the journal, and the heartbeats of both sites. Every call
 * blocks until the store has answered, and throws {@link BreakwaterException} when it does not answer.
 */
public final class LeaseStore {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    /** The largest document that is read. A lease with all its epochs is smaller than 10 KiB. */
    static final int LARGEST = 64 * 1024;

    private final ObjectStore store;
    private final StoreBulkhead bulkhead;
    private final String namespace;
    private final String plan;

    /** @param bulkhead for the calls to the location of the store */
    public LeaseStore(ObjectStore store, StoreBulkhead bulkhead, String namespace, String plan) {
        this.store = store;
        this.bulkhead = bulkhead;
        this.namespace = namespace;
        this.plan = plan;
    }

    /** The lease as it is now; empty when the store has none. */
    public Optional<LeaseVersion> read() {
        return bulkhead.call(() -> store.read(key(), LARGEST)).map(this::version);
    }

    /**
     * Writes the lease if no other write has changed it.
     *
     * @param basis the version that the change was decided on; empty for the first lease
     * @return the new version, or empty when another write came first and nothing was written
     * @throws BreakwaterException when the write failed, or its result is unknown
     */
    public Optional<LeaseVersion> write(Lease lease, Optional<LeaseVersion> basis) {
        Precondition condition = basis.<Precondition>map(version -> new Precondition.Matches(version.etag()))
                .orElse(Precondition.ABSENT);
        try {
            Optional<LeaseVersion> written = bulkhead.call(() -> store.write(key(), bytes(lease), condition))
                    .map(o -> new LeaseVersion(lease, o.info().etag(), o.info().lastModified(), o.storeTime()));
            return written.isPresent() ? written : findWritten(lease);
        } catch (BreakwaterException e) {
            Optional<LeaseVersion> landed = findWritten(lease);
            if (landed.isPresent()) {
                return landed;
            }
            throw e;
        }
    }

    /** Writes the heartbeat of a site. */
    public void heartbeat(String site) {
        bulkhead.call(() -> store.write(StoreLayout.heartbeat(site), bytes(Map.of("site", site)), Precondition.NONE));
    }

    /** Time since the last heartbeat of a site, by the clock of the store; empty when there is none. */
    public Optional<Duration> timeSinceHeartbeat(String site) {
        return bulkhead.call(() -> store.head(StoreLayout.heartbeat(site)))
                .map(o -> Duration.between(o.info().lastModified(), o.storeTime()));
    }

    /** Writes one entry of the journal. */
    public void journal(long epoch, int number, String step, Object entry) {
        String key = StoreLayout.journal(namespace, plan, epoch, number, step);
        bulkhead.call(() -> store.write(key, bytes(entry), Precondition.NONE));
    }

    /** A write may have succeeded although its answer was lost: the store has the document then. */
    private Optional<LeaseVersion> findWritten(Lease lease) {
        return read().filter(version -> version.lease().equals(lease));
    }

    private LeaseVersion version(Document document) {
        try {
            Lease lease = JSON.readValue(document.content(), Lease.class);
            if (lease.schemaVersion() != Lease.SCHEMA) {
                throw BreakwaterException.permanent(
                        Reason.InvalidSpec,
                        key() + " has schemaVersion " + lease.schemaVersion() + ", but this operator supports "
                                + Lease.SCHEMA + "; run the same version of Breakwater on both sites");
            }
            return new LeaseVersion(
                    lease, document.info().etag(), document.info().lastModified(), document.storeTime());
        } catch (IOException e) {
            throw BreakwaterException.permanent(
                    Reason.Tampered,
                    key() + " is not a valid lease: " + e.getMessage() + "; do not edit the object by hand",
                    e);
        }
    }

    private String key() {
        return StoreLayout.lease(namespace, plan);
    }

    private static byte[] bytes(Object value) {
        try {
            return JSON.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
