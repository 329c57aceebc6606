package io.breakwater.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.Stores;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Refuses what belongs to an epoch that is over: a site that lost its lease, or a mover that it left behind, cannot write
 * any more. Fails closed: where the lease cannot be read, nothing is written.
 */
@ApplicationScoped
public class EpochGuard {
    private static final Duration FRESH = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What is known of a lease, and since when on the monotonic clock. */
    private record Known(long epoch, long at) {}

    private final Stores stores;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    EpochGuard(Stores stores) {
        this.stores = stores;
    }

    /**
     * The epoch that somebody writes in.
     *
     * @param rendezvous location in which the lease lies
     * @param namespace namespace of the plan
     */
    public record Guard(BackupLocation rendezvous, String namespace, String plan, long epoch) {
        private String key() {
            return StoreLayout.lease(namespace, plan);
        }
    }

    /**
     * Passes when no later epoch has begun.
     *
     * @throws BreakwaterException LeaseLost, when one has; StoreUnavailable, when the lease cannot be read
     */
    public void check(Guard guard) {
        long now = epoch(guard);
        if (now > guard.epoch()) {
            throw BreakwaterException.permanent(
                    Reason.LeaseLost,
                    "FailoverPlan " + guard.namespace() + "/" + guard.plan() + " is in epoch " + now
                            + ", so nothing of epoch " + guard.epoch() + " is written any more");
        }
    }

    private long epoch(Guard guard) {
        String id = guard.rendezvous().getMetadata().getUid() + "/" + guard.key();
        Known last = known.get(id);
        if (last != null && System.nanoTime() - last.at < FRESH.toNanos()) {
            return last.epoch;
        }
        long asked = System.nanoTime();
        long epoch = stores.open(guard.rendezvous())
                .read(guard.key())
                .map(d -> parse(guard, d.content()))
                .orElse(0L);
        known.merge(id, new Known(epoch, asked), (a, b) -> a.epoch > b.epoch ? a : b);
        return Math.max(epoch, last == null ? 0 : last.epoch);
    }

    private static long parse(Guard guard, byte[] lease) {
        try {
            JsonNode epoch = JSON.readTree(lease).get("epoch");
            if (epoch != null && epoch.isIntegralNumber()) {
                return epoch.asLong();
            }
        } catch (IOException e) {
            // told below
        }
        throw BreakwaterException.retryable(
                Reason.StoreUnavailable, guard.key() + " is not a lease; nothing is written before it is");
    }
}
