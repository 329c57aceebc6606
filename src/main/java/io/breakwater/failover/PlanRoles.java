package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec.Site;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The role of this site for each namespace. It comes from the lease as this process has read it, never from a status. Until
 * the lease was read, the role is Unknown and no namespace is active.
 */
@ApplicationScoped
public class PlanRoles {
    private record Known(Role role, long epoch) {}

    private final KubernetesClient client;
    private final String site;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    public PlanRoles(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.site = config.site();
    }

    /**
     * The role of this site for a namespace.
     *
     * @return empty where the namespace has no FailoverPlan
     * @throws BreakwaterException {@code UnknownSite} when spec.sites of the plan does not name this site
     */
    public Optional<PlanRole> roleOf(String namespace) {
        return ruling(client.resources(FailoverPlan.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems())
                .map(this::roleOf);
    }

    /** The plan of a namespace that applies: the oldest. */
    static Optional<FailoverPlan> ruling(List<FailoverPlan> plans) {
        return plans.stream()
                .min(Comparator.comparing(
                                (FailoverPlan plan) -> plan.getMetadata().getCreationTimestamp())
                        .thenComparing(plan -> plan.getMetadata().getName()));
    }

    /**
     * The entry of this site in spec.sites.
     *
     * @throws BreakwaterException {@code UnknownSite} when there is none
     */
    static Site own(FailoverPlan plan, String site) {
        return plan.getSpec().sites.stream()
                .filter(entry -> entry.name.equals(site))
                .findFirst()
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.UnknownSite,
                        ObjectNames.of(plan) + ": spec.sites does not name " + site
                                + ", which is the name of this site (Helm value site.name)"));
    }

    /** The entry of the other site in spec.sites. */
    static Site peer(FailoverPlan plan, String site) {
        Site own = own(plan, site);
        return plan.getSpec().sites.stream()
                .filter(entry -> entry != own)
                .findFirst()
                .orElseThrow();
    }

    /** Namespace and name. */
    static String key(FailoverPlan plan) {
        return ObjectNames.qualified(plan);
    }

    /** Remembers the role and the epoch that follow from the lease. */
    void set(String plan, Role role, long epoch) {
        known.put(plan, new Known(role, epoch));
    }

    /** Forgets a deleted plan. */
    void forget(String plan) {
        known.remove(plan);
    }

    private PlanRole roleOf(FailoverPlan plan) {
        Known now = known.getOrDefault(key(plan), new Known(Role.Unknown, epochOf(plan)));
        return new PlanRole(
                plan.getMetadata().getName(),
                plan.getSpec().policyRef.name,
                now.role(),
                now.epoch(),
                own(plan, site).locationRef,
                peer(plan, site).locationRef,
                plan.getSpec().rendezvousRef);
    }

    private static long epochOf(FailoverPlan plan) {
        return plan.getStatus() == null || plan.getStatus().epoch == null ? 0 : plan.getStatus().epoch;
    }
}
