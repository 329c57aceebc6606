package io.breakwater.gateway;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Quotas;
import io.breakwater.location.Stores;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Optional;

/** The stores of tickets, and the leases that their writes depend on. */
@ApplicationScoped
class GatewayBackend {
    /** Longest time until a change of a location takes effect. */
    private static final Duration FRESH = Duration.ofSeconds(5);

    private static final int LOCATIONS = 1_000;

    private final LocationResolver locations;
    private final Stores stores;
    private final EpochGuard guard;
    private final Quotas quotas;
    private final TimedCache<String, BackupLocation> known = new TimedCache<>(LOCATIONS);

    GatewayBackend(LocationResolver locations, Stores stores, EpochGuard guard, Quotas quotas) {
        this.locations = locations;
        this.stores = stores;
        this.guard = guard;
        this.quotas = quotas;
    }

    /** The store of a ticket. Deleted objects can be restored there during the grace period. */
    ObjectStore store(Ticket ticket) {
        return new SoftDeleteStore(
                stores.open(location(ticket.locationNamespace(), ticket.location())),
                DeletionScope.repository(ticket.repository()));
    }

    /**
     * Passes when the location of a ticket is writable.
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
     * Passes when the epoch of a ticket is the present one.
     *
     * @throws BreakwaterException LeaseLost, when a later epoch has started; StoreUnavailable, when the lease cannot be read
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
     * Passes when the quota allows an object. It counts packs. The objects that a mover writes after its last pack are small,
     * and the packs are useless without them, so they may exceed the quota by a little.
     *
     * @throws BreakwaterException QuotaExceeded, when the quota does not allow it; StoreUnavailable, when the usage is unknown
     */
    void checkQuota(Ticket ticket, ResticPath path) {
        if (ticket.isLimited()) {
            quotas.admit(
                    location(ticket.locationNamespace(), ticket.location()),
                    new OwnedRepository(ticket.repository(), ticket.source()),
                    path.isPack());
        }
    }

    /** Records that an object of this size was added. */
    void added(Ticket ticket, long bytes) {
        quotas.added(
                location(ticket.locationNamespace(), ticket.location()),
                new OwnedRepository(ticket.repository(), ticket.source()),
                bytes);
    }

    private BackupLocation location(String namespace, String name) {
        String id = namespace + "/" + name;
        return known.get(id, FRESH, () -> Optional.ofNullable(locations.get(namespace, name)))
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.LocationNotFound, "BackupLocation " + id + " does not exist"));
    }
}
