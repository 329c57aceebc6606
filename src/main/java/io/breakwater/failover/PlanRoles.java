package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec.Site;
import io.breakwater.api.FailoverPlanStatus.Role;
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
 * What this site is for a namespace. The role is what this process has read from the lease, never what a status remembers:
 * until the lease was read it is Unknown, and nothing is active.
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
     * @return empty where no FailoverPlan rules the namespace
     * @throws BreakwaterException {@code UnknownSite} when the plan has no part for this site
     */
    public Optional<PlanRole> roleOf(String namespace) {
        return ruling(client.resources(FailoverPlan.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems())
                .map(this::roleOf);
    }

    /** The one plan of a namespace that counts: the oldest. */
    static Optional<FailoverPlan> ruling(List<FailoverPlan> plans) {
        return plans.stream()
                .min(Comparator.comparing((FailoverPlan p) -> p.getMetadata().getCreationTimestamp())
                        .thenComparing(p -> p.getMetadata().getName()));
    }

    /**
     * This site's part of a plan.
     *
     * @throws BreakwaterException {@code UnknownSite} when the plan has none
     */
    static Site own(FailoverPlan plan, String site) {
        return plan.getSpec().sites.stream()
                .filter(s -> s.name.equals(site))
                .findFirst()
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.UnknownSite,
                        "FailoverPlan " + key(plan) + ": none of spec.sites is called " + site
                                + ", which is the name of this site (Helm value site.name)"));
    }

    /** The other site's part of a plan. */
    static Site peer(FailoverPlan plan, String site) {
        Site own = own(plan, site);
        return plan.getSpec().sites.stream().filter(s -> s != own).findFirst().orElseThrow();
    }

    /** Namespace and name. */
    static String key(FailoverPlan plan) {
        return plan.getMetadata().getNamespace() + "/" + plan.getMetadata().getName();
    }

    /** Remembers what the lease says. */
    void set(String plan, Role role, long epoch) {
        known.put(plan, new Known(role, epoch));
    }

    /** Forgets a plan that is gone. */
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
