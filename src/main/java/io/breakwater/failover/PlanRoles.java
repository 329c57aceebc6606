package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec.Site;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.watch.ObjectCache;
import io.breakwater.watch.SharedInformers;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The role of this site for each namespace, from the status that the guard writes. A role is valid for the duration of the
 * lease after the guard has last reported a renewal. Until there is a valid role, it is Unknown and no namespace is active.
 *
 * <p>This process measures the age of a report itself, from the moment at which the report changed. Only the first report that
 * it sees has an age by the clocks of this node and of the store. A role that is too old does no harm to data: each write to
 * the store is checked against the lease.
 */
@ApplicationScoped
public class PlanRoles {
    /** The last change of a plan's report, by the monotonic clock of this process. */
    private record SeenRenewal(String renewedAt, long nanos) {}

    private final ObjectCache objects;
    private final SharedInformers informers;
    private final BreakwaterConfig config;
    private final Clock clock;
    private final LongSupplier nanos;
    private final Map<String, SeenRenewal> renewals = new ConcurrentHashMap<>();
    private SharedIndexInformer<FailoverPlan> informer;

    @Inject
    public PlanRoles(ObjectCache objects, SharedInformers informers, BreakwaterConfig config, Clock clock) {
        this(objects, informers, config, clock, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    PlanRoles(
            ObjectCache objects, SharedInformers informers, BreakwaterConfig config, Clock clock, LongSupplier nanos) {
        this.objects = objects;
        this.informers = informers;
        this.config = config;
        this.clock = clock;
        this.nanos = nanos;
    }

    /** Watches the plans in the operator, so that the age of each report is known when a role is needed. */
    void start(@Observes StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.operator) {
            informer = informers.informer(FailoverPlan.class);
            informer.addEventHandler(new RenewalHandler());
            informer.exceptionHandler((started, cause) -> true);
            informer.start();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        if (informer != null) {
            informer.stop();
        }
    }

    /**
     * The role of this site for a namespace.
     *
     * @return empty where the namespace has no FailoverPlan
     * @throws BreakwaterException {@code UnknownSite} when spec.sites of the plan does not name this site
     */
    public Optional<PlanRole> roleOf(String namespace) {
        Optional<FailoverPlan> known = ruling(objects.in(FailoverPlan.class, namespace));
        if (known.isEmpty() || isFresh(known.get())) {
            return known.map(this::roleOf);
        }
        // The report, or the watch, can be late: only what the API server has now shows which.
        objects.read(known.get());
        return ruling(objects.in(FailoverPlan.class, namespace)).map(this::roleOf);
    }

    /** The plan of a namespace that applies: the oldest. */
    static Optional<FailoverPlan> ruling(List<FailoverPlan> plans) {
        return FailoverPlan.ruling(plans);
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

    private PlanRole roleOf(FailoverPlan plan) {
        String site = config.site();
        return new PlanRole(
                plan.getMetadata().getName(),
                plan.getSpec().policyRef.name,
                isFresh(plan) ? plan.getStatus().role : Role.Unknown,
                epochOf(plan),
                own(plan, site).locationRef,
                peer(plan, site).locationRef,
                plan.getSpec().rendezvousRef);
    }

    private boolean isFresh(FailoverPlan plan) {
        FailoverPlanStatus status = plan.getStatus();
        if (status == null || status.role == null || status.leaseRenewedAt == null) {
            return false;
        }
        Duration age = Duration.ofNanos(nanos.getAsLong() - observe(plan).nanos());
        return age.compareTo(PlanSite.timing(plan).duration()) < 0;
    }

    /** Notes the report of a plan, which has a renewal. */
    private SeenRenewal observe(FailoverPlan plan) {
        String renewedAt = plan.getStatus().leaseRenewedAt;
        return renewals.compute(key(plan), (key, before) -> {
            if (before != null && before.renewedAt().equals(renewedAt)) {
                return before;
            }
            long age = before == null ? ageByClock(renewedAt) : 0;
            return new SeenRenewal(renewedAt, nanos.getAsLong() - age);
        });
    }

    private long ageByClock(String renewedAt) {
        return Math.max(
                0, Duration.between(Instant.parse(renewedAt), clock.instant()).toNanos());
    }

    private static long epochOf(FailoverPlan plan) {
        FailoverPlanStatus status = plan.getStatus();
        if (status == null) {
            return 0;
        }
        Long epoch = status.leaseEpoch == null ? status.epoch : status.leaseEpoch;
        return epoch == null ? 0 : epoch;
    }

    private final class RenewalHandler implements ResourceEventHandler<FailoverPlan> {
        @Override
        public void onAdd(FailoverPlan plan) {
            if (plan.getStatus() != null && plan.getStatus().leaseRenewedAt != null) {
                observe(plan);
            }
        }

        @Override
        public void onUpdate(FailoverPlan before, FailoverPlan plan) {
            onAdd(plan);
        }

        @Override
        public void onDelete(FailoverPlan plan, boolean unknown) {
            renewals.remove(key(plan));
        }
    }
}
