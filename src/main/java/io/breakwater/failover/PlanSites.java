package io.breakwater.failover;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.lease.LeaseStore;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Stores;
import jakarta.enterprise.context.ApplicationScoped;

/** Opens plans on this site. */
@ApplicationScoped
class PlanSites {
    private final BreakwaterConfig config;
    private final LocationResolver locations;
    private final Stores stores;

    PlanSites(BreakwaterConfig config, LocationResolver locations, Stores stores) {
        this.config = config;
        this.locations = locations;
        this.stores = stores;
    }

    String site() {
        return config.site();
    }

    /**
     * Opens a plan with its rendezvous location.
     *
     * @throws BreakwaterException when spec.sites does not name this site, the lease is too short, or the rendezvous location
     *     cannot hold a lease
     */
    PlanSite open(FailoverPlan plan) {
        String namespace = plan.getMetadata().getNamespace();
        BackupLocation rendezvous = locations.resolve(namespace, plan.getSpec().rendezvousRef);
        BackupLocationStatus status = rendezvous.getStatus();
        if (status != null
                && status.capabilities != null
                && Boolean.FALSE.equals(status.capabilities.conditionalWrites)) {
            throw BreakwaterException.permanent(
                    Reason.NoConditionalWrites,
                    ObjectNames.of(plan) + ": BackupLocation " + plan.getSpec().rendezvousRef.name
                            + " of spec.rendezvousRef has no conditional writes, so it cannot hold a lease; name"
                            + " another BackupLocation");
        }
        return PlanSite.of(
                plan,
                site(),
                new LeaseStore(
                        stores.open(rendezvous), namespace, plan.getMetadata().getName()));
    }
}
