package io.breakwater.policy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.NamedRef;
import io.breakwater.failover.PlanRole;
import io.breakwater.failover.PlanRoles;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.location.LocationResolver;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the locations of a policy's points. Without a plan these are the locations of the policy. Under a plan a site
 * writes to the location near it and copies to the one near its peer, so that both sites can have the same manifest.
 */
@ApplicationScoped
public class PointRoutes {
    private final LocationResolver locations;
    private final PlanRoles plans;

    public PointRoutes(LocationResolver locations, PlanRoles plans) {
        this.locations = locations;
        this.plans = plans;
    }

    /** The current route of a policy. */
    public PointRoute of(BackupPolicy policy) {
        String namespace = policy.getMetadata().getNamespace();
        Optional<PlanRole> plan = plans.roleOf(namespace)
                .filter(p -> p.policy().equals(policy.getMetadata().getName()));
        NamedRef first = plan.map(PlanRole::ownLocation).orElse(policy.getSpec().locationRef);
        List<String> copies = new ArrayList<>();
        plan.ifPresent(p -> copies.add(p.peerLocation().name));
        if (policy.getSpec().copies != null) {
            policy.getSpec().copies.forEach(c -> copies.add(c.locationRef.name));
        }
        return new PointRoute(
                locations.resolve(namespace, first),
                copies.stream().distinct().filter(c -> !c.equals(first.name)).toList(),
                plan.map(PlanRole::epoch).orElse(0L),
                plan.map(p -> new EpochGuard.Guard(
                        locations.resolve(namespace, p.rendezvous()), namespace, p.plan(), p.epoch())),
                plan.map(p -> p.role() == Role.Active).orElse(true));
    }
}
