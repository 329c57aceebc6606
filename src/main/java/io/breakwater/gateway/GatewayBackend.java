package io.breakwater.gateway;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Quotas;
import io.breakwater.location.Stores;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.SoftDeleteStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The stores that tickets lead to, and the leases that their writes depend on. */
@ApplicationScoped
class GatewayBackend {
    /** How long a changed location may go unnoticed. */
    private static final Duration FRESH = Duration.ofSeconds(5);

    private record Known(BackupLocation location, long at) {}

    private final LocationResolver locations;
    private final Stores stores;
    private final EpochGuard guard;
    private final Quotas quotas;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    GatewayBackend(LocationResolver locations, Stores stores, EpochGuard guard, Quotas quotas) {
        this.locations = locations;
        this.stores = stores;
        this.guard = guard;
        this.quotas = quotas;
    }

    /** The store behind a ticket; what is deleted there can be taken back for a while. */
    ObjectStore store(Ticket ticket) {
        return new SoftDeleteStore(
                stores.open(location(ticket.locationNamespace(), ticket.location())),
                ticket.site(),
                ticket.namespace());
    }

    /**
     * Passes when a ticket's location may be written to at all.
     *
     * @throws BreakwaterException Forbidden, for a location that is read-only
     */
    void checkWritable(Ticket ticket) {
        BackupLocation location = location(ticket.locationNamespace(), ticket.location());
        if (location.getSpec().accessMode == AccessMode.ReadOnly) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden, "BackupLocation " + ticket.location() + " has accessMode ReadOnly");
        }
    }

    /**
     * Passes when a ticket's epoch is the present one.
     *
     * @throws BreakwaterException LeaseLost, when it is over; StoreUnavailable, when the lease cannot be read
     */
    void checkEpoch(Ticket ticket) {
        Ticket.Fence fence = ticket.fence();
        if (fence != null) {
            guard.check(new EpochGuard.Guard(
                    location(fence.locationNamespace(), fence.location()),
                    fence.namespace(),
                    fence.plan(),
                    fence.epoch()));
        }
    }

    /**
     * Passes when there is room for an object. Packs are what counts: what a mover writes after its last one is little, and
     * without it the packs are of no use, so that passes a while longer.
     *
     * @throws BreakwaterException QuotaExceeded, when there is none; StoreUnavailable, when that cannot be found out
     */
    void checkQuota(Ticket ticket, ResticPath blob) {
        if (ticket.isLimited()) {
            quotas.admit(
                    location(ticket.locationNamespace(), ticket.location()),
                    ticket.site(),
                    ticket.namespace(),
                    blob.isPack());
        }
    }

    /** Says that an object of so many bytes was added. */
    void added(Ticket ticket, long bytes) {
        quotas.added(location(ticket.locationNamespace(), ticket.location()), ticket.site(), ticket.namespace(), bytes);
    }

    private BackupLocation location(String namespace, String name) {
        String id = namespace + "/" + name;
        Known last = known.get(id);
        if (last != null && System.nanoTime() - last.at < FRESH.toNanos()) {
            return last.location;
        }
        BackupLocation location = locations.get(namespace, name);
        if (location == null) {
            known.remove(id);
            throw BreakwaterException.permanent(Reason.LocationNotFound, "BackupLocation " + id + " does not exist");
        }
        known.put(id, new Known(location, System.nanoTime()));
        return location;
    }
}
