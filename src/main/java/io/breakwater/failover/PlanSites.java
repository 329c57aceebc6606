package io.breakwater.failover;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Stores;
import jakarta.enterprise.context.ApplicationScoped;

/** Opens a plan on this site: its rendezvous, its part in it. */
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
     * Opens a plan.
     *
     * @throws BreakwaterException when it has no part for this site, its lease is too short, or its rendezvous cannot hold
     *     a lease
     */
    PlanSite open(FailoverPlan plan) {
        String namespace = plan.getMetadata().getNamespace();
        BackupLocation rendezvous = locations.resolve(namespace, plan.getSpec().rendezvousRef);
        BackupLocationStatus s = rendezvous.getStatus();
        if (s != null && s.capabilities != null && Boolean.FALSE.equals(s.capabilities.conditionalWrites)) {
            throw BreakwaterException.permanent(
                    Reason.NoConditionalWrites,
                    "FailoverPlan " + PlanRoles.key(plan) + ": BackupLocation "
                            + plan.getSpec().rendezvousRef.name
                            + " of spec.rendezvousRef has no conditional writes, so it cannot hold a lease; name"
                            + " another one");
        }
        return PlanSite.of(
                plan,
                site(),
                new LeaseStore(
                        stores.open(rendezvous), namespace, plan.getMetadata().getName()));
    }
}
