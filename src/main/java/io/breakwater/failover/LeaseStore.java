package io.breakwater.failover;

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
 * One plan's objects in its rendezvous location: the lease, the journal, and the signs of life of both sites. Every call
 * blocks until the store has answered, and throws {@link BreakwaterException} when it did not.
 */
final class LeaseStore {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    private final ObjectStore store;
    private final String namespace;
    private final String plan;

    LeaseStore(ObjectStore store, String namespace, String plan) {
        this.store = store;
        this.namespace = namespace;
        this.plan = plan;
    }

    /** The lease as it is now; empty when there is none. */
    Optional<LeaseVersion> read() {
        return store.read(key()).map(this::seen);
    }

    /**
     * Writes the lease if it is still as it was seen.
     *
     * @param basis what the change was decided on; empty for the first lease
     * @return the new version, or empty when another one came first and nothing was written
     * @throws BreakwaterException when it is not known whether the write took effect, or it did not
     */
    Optional<LeaseVersion> write(Lease lease, Optional<LeaseVersion> basis) {
        Precondition condition =
                basis.<Precondition>map(s -> new Precondition.Matches(s.etag())).orElse(Precondition.ABSENT);
        try {
            Optional<LeaseVersion> written = store.write(key(), bytes(lease), condition)
                    .map(o -> new LeaseVersion(lease, o.info().etag(), o.info().lastModified(), o.storeTime()));
            return written.isPresent() ? written : ours(lease);
        } catch (BreakwaterException e) {
            Optional<LeaseVersion> landed = ours(lease);
            if (landed.isPresent()) {
                return landed;
            }
            throw e;
        }
    }

    /** Shows that the operator of a site is alive. */
    void heartbeat(String site) {
        store.write(StoreLayout.heartbeat(site), bytes(Map.of("site", site)), Precondition.NONE);
    }

    /** How long the operator of a site has not been seen, by the store's clock; empty when it never was. */
    Optional<Duration> timeSinceHeartbeat(String site) {
        return store.head(StoreLayout.heartbeat(site))
                .map(o -> Duration.between(o.info().lastModified(), o.storeTime()));
    }

    /** Writes one entry of the journal. */
    void journal(long epoch, int number, String step, Object entry) {
        store.write(StoreLayout.journal(namespace, plan, epoch, number, step), bytes(entry), Precondition.NONE);
    }

    /** A lost answer is no lost write: what lies there may be what was to be written. */
    private Optional<LeaseVersion> ours(Lease lease) {
        return read().filter(s -> s.lease().equals(lease));
    }

    private LeaseVersion seen(Document d) {
        try {
            Lease lease = JSON.readValue(d.content(), Lease.class);
            if (lease.schemaVersion() != Lease.SCHEMA) {
                throw BreakwaterException.permanent(
                        Reason.InvalidSpec,
                        key() + " has schemaVersion " + lease.schemaVersion() + ", this operator knows " + Lease.SCHEMA
                                + "; run the same version of Breakwater on both sites");
            }
            return new LeaseVersion(lease, d.info().etag(), d.info().lastModified(), d.storeTime());
        } catch (IOException e) {
            throw BreakwaterException.permanent(
                    Reason.Tampered, key() + " is no lease: " + e.getMessage() + "; it must not be edited by hand", e);
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
