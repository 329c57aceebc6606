package io.breakwater.failover;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.lease.LeaseStore;
import io.breakwater.lease.StoreBulkhead;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Stores;
import io.breakwater.watch.SharedInformers;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Opens plans on this site. */
@ApplicationScoped
class PlanSites {
    private static final int BULKHEADS = 1_000;

    private final BreakwaterConfig config;
    private final LocationResolver locations;
    private final Stores stores;
    /** By uid of the location. */
    private final Map<String, StoreBulkhead> bulkheads = BoundedCache.of(BULKHEADS);

    private final SharedInformers informers;
    private final LeaseMemories memories = new LeaseMemories();

    private SharedIndexInformer<BackupLocation> locationWatch;

    PlanSites(BreakwaterConfig config, LocationResolver locations, Stores stores, SharedInformers informers) {
        this.informers = informers;
        this.config = config;
        this.locations = locations;
        this.stores = stores;
    }

    /** Watches the locations in the guard, so that the looks at plans read none. */
    void start(@Observes StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.guard) {
            locationWatch = informers.informer(BackupLocation.class);
            locationWatch.exceptionHandler((started, cause) -> true);
            locationWatch.start();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        if (locationWatch != null) {
            locationWatch.stop();
        }
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
        BackupLocation rendezvous = resolve(plan);
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
        memories.acceptFor(plan);
        return PlanSite.of(plan, site(), store(plan, rendezvous));
    }

    /** Forgets the lease of a plan that was deleted. */
    void forget(FailoverPlan plan) {
        memories.forget(plan);
    }

    /** The rendezvous of a lease that exists already. What a probe has found since then does not end its renewals. */
    LeaseStore rendezvous(FailoverPlan plan) {
        return store(plan, resolve(plan));
    }

    /**
     * Whether this cluster has recorded the sites of the rendezvous. Before that, a heartbeat would replace the one of an earlier
     * cluster of this site, which nothing else proves.
     */
    boolean mayBeat(FailoverPlan plan) {
        BackupLocationStatus status = resolve(plan).getStatus();
        return status != null && status.sites != null;
    }

    /**
     * The reason for which a location of a plan is not usable now; empty when it is ready. The status of the location counts: the
     * guard opens no store of users.
     */
    Optional<String> problemOf(FailoverPlan plan, NamedRef ref) {
        BackupLocation location;
        try {
            location = locations.resolve(plan.getMetadata().getNamespace(), ref);
        } catch (BreakwaterException e) {
            return Optional.of(e.getMessage());
        }
        Optional<Condition> ready = location.getStatus() == null
                ? Optional.empty()
                : location.getStatus().condition(Condition.READY);
        return ready.filter(c -> "True".equals(c.status)).isPresent()
                ? Optional.empty()
                : Optional.of(ObjectNames.of(location) + " is not ready"
                        + ready.map(c -> ": " + c.message).orElse("; wait until the operator has probed it"));
    }

    /** The guard reads stores of administrators only: all plans share its process, and what a lease says moves applications. */
    private BackupLocation resolve(FailoverPlan plan) {
        BackupLocation location = locations.resolve(plan.getMetadata().getNamespace(), plan.getSpec().rendezvousRef);
        String namespace = location.getMetadata().getNamespace();
        if (!config.namespace().equals(namespace)) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    ObjectNames.of(plan) + ": BackupLocation "
                            + location.getMetadata().getName()
                            + " of spec.rendezvousRef is in namespace " + namespace
                            + ", but a lease must be in a location of"
                            + " namespace " + config.namespace() + "; share one from there with spec.usagePolicy");
        }
        return location;
    }

    private LeaseStore store(FailoverPlan plan, BackupLocation rendezvous) {
        StoreBulkhead bulkhead = bulkheads.computeIfAbsent(
                rendezvous.getMetadata().getUid(), uid -> new StoreBulkhead(ObjectNames.qualified(rendezvous)));
        return new LeaseStore(
                stores.open(rendezvous),
                bulkhead,
                plan.getMetadata().getNamespace(),
                plan.getMetadata().getName(),
                memories.of(plan),
                plan.getSpec().sites.stream().map(site -> site.name).collect(Collectors.toSet()));
    }
}
