package io.breakwater.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.Stores;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Refuses writes of an old epoch: a site that lost its lease, or a mover of that site, cannot write any more. If the lease
 * cannot be read, or is absent although the writer has an epoch, the guard refuses all writes.
 */
@ApplicationScoped
public class EpochGuard {
    private static final Duration FRESH = Duration.ofSeconds(2);
    private static final int LEASES = 10_000;
    private static final ObjectMapper JSON = BoundedJson.mapper();

    private final Stores stores;
    /** Epochs by location and key of the lease. An epoch never decreases, also when the lease is deleted. */
    private final TimedCache<String, Long> epochs = new TimedCache<>(LEASES, Math::max);

    EpochGuard(Stores stores) {
        this.stores = stores;
    }

    /**
     * The epoch of a writer.
     *
     * @param rendezvous location that holds the lease
     * @param namespace namespace of the plan
     */
    public record Guard(BackupLocation rendezvous, String namespace, String plan, long epoch) {
        private String key() {
            return StoreLayout.lease(namespace, plan);
        }
    }

    /**
     * Passes while no later epoch has started.
     *
     * @throws BreakwaterException LeaseLost, when one has started; StoreUnavailable, when the lease is absent or cannot be read
     */
    public void check(Guard guard) {
        long now = epoch(guard);
        if (now == 0 && guard.epoch() > 0) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    "location " + guard.rendezvous().getMetadata().getName() + " has no lease of FailoverPlan "
                            + guard.namespace() + "/" + guard.plan() + ", so writes of epoch " + guard.epoch()
                            + " are refused; restore the object");
        }
        if (now > guard.epoch()) {
            throw BreakwaterException.permanent(
                    Reason.LeaseLost,
                    "FailoverPlan " + guard.namespace() + "/" + guard.plan() + " is in epoch " + now
                            + ", so writes of epoch " + guard.epoch() + " are refused");
        }
    }

    /** The clock of the store that has the lease, read now; empty when the lease is absent or cannot be read. */
    public Optional<Instant> storeTime(Guard guard) {
        try {
            return stores.open(guard.rendezvous())
                    .readSigned(guard.key(), ObjectStore.MAX_DOCUMENT)
                    .map(SignedDocument::storeTime);
        } catch (BreakwaterException e) {
            return Optional.empty();
        }
    }

    private long epoch(Guard guard) {
        String id = guard.rendezvous().getMetadata().getUid() + "/" + guard.key();
        return epochs.get(id, FRESH, () -> Optional.of(read(guard))).orElseThrow();
    }

    private long read(Guard guard) {
        try {
            return stores.open(guard.rendezvous())
                    .readSigned(guard.key(), ObjectStore.MAX_DOCUMENT)
                    .map(lease -> parse(guard, lease.payload()))
                    .orElse(0L);
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Tampered) {
                throw e;
            }
            // It proves nothing about the epoch, so the writer waits.
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, "writes of epoch " + guard.epoch() + " wait: " + e.getMessage(), e);
        }
    }

    private static long parse(Guard guard, byte[] lease) {
        try {
            JsonNode epoch = JSON.readTree(lease).get("epoch");
            if (epoch != null && epoch.isIntegralNumber()) {
                return epoch.asLong();
            }
        } catch (IOException e) {
            // The exception below reports it.
        }
        throw BreakwaterException.retryable(
                Reason.StoreUnavailable,
                guard.key() + " is not a valid lease, so writes are refused; restore the object");
    }
}
