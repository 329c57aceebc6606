package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.Reason;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.LastRenewal;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.lease.LeaseTiming;
import io.breakwater.lease.LeaseVersion;
import io.breakwater.observe.Events;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Optional;

/**
 * The end of a plan on this site. A plan that is deleted on its active site leaves the application running, and a lease that no
 * site may take: its keeper retires the lease, and renews and guards it until that has succeeded. A plan that is deleted on its
 * passive site leaves the namespace gated, since an open gate could make a second active site.
 */
final class PlanRemoval {
    /** Annotation on a FailoverPlan: the epoch whose lease is left to expire. The namespace stays gated. */
    static final String ABANDON = Api.ABANDON_LEASE;

    private final KubernetesClient client;
    private final PlanSites sites;
    private final NamespaceGate gate;
    private final LeaseKeepers keepers;
    private final LeaseSupervisor supervisor;
    private final Events events;

    PlanRemoval(
            KubernetesClient client,
            PlanSites sites,
            NamespaceGate gate,
            LeaseKeepers keepers,
            LeaseSupervisor supervisor,
            Events events) {
        this.client = client;
        this.sites = sites;
        this.gate = gate;
        this.keepers = keepers;
        this.supervisor = supervisor;
        this.events = events;
    }

    /** Advances the removal; returns whether the plan may be removed. */
    boolean advance(FailoverPlan plan) {
        String key = PlanRoles.key(plan);
        boolean terminating = isNamespaceTerminating(plan);
        if (keepers.isRetired(key) && terminating) {
            return true;
        }
        if (keepers.isRetired(key)) {
            gate.open(plan.getMetadata().getNamespace(), PlanSite.gateHolder(plan));
            return true;
        }
        if (isAbandoned(plan)) {
            gate.close(plan.getMetadata().getNamespace(), PlanSite.gateHolder(plan), LeaseTiming.LOST_GRACE);
            events.warning(plan, Reason.LeaseLost, "the lease was abandoned, so the namespace stays gated" + wayOut());
            return true;
        }
        supervisor.resume(plan);
        Optional<LeaseKeeper> keeper = keepers.of(key);
        if (keeper.isEmpty()) {
            return leave(plan);
        }
        return giveBack(plan, keeper.get())
                .orElseGet(() -> terminating ? vacate(plan, keeper.get()) : retire(plan, keeper.get()));
    }

    /**
     * Gives back a lease with which this site has not served, which the keeper does not retire. The data here is not complete, so
     * nothing may start on it: the gate stays closed, and the other site may take the lease; of a namespace that is deleted, this
     * site too, once it is created again. A site that has taken its offer back
     * runs the application again, before its keeper retires the lease.
     *
     * @return whether the plan may be removed; empty when this site has no such lease, or cannot read it
     */
    private Optional<Boolean> giveBack(FailoverPlan plan, LeaseKeeper keeper) {
        PlanSite site;
        Optional<LeaseVersion> seen;
        try {
            site = sites.open(plan);
            seen = site.store().read();
        } catch (BreakwaterException e) {
            return Optional.empty();
        }
        Lease lease = seen.map(LeaseVersion::lease).orElse(null);
        if (lease != null && lease.heldBy(site.site()) && lease.state() == Lease.State.Held) {
            openAgain(plan, keeper);
        }
        if (lease == null || !lease.heldBy(site.site()) || lease.state() != Lease.State.Taken) {
            return Optional.empty();
        }
        boolean terminating = isNamespaceTerminating(plan);
        boolean given = site.store()
                .write(terminating ? lease.vacated() : lease.givenBack(), seen)
                .isPresent();
        if (given && !terminating) {
            gate.close(site.namespace(), site.gateHolder(), LeaseTiming.LOST_GRACE);
            events.warning(
                    plan,
                    Reason.Standby,
                    "the plan was deleted before this site had served, so the namespace stays gated; to run the"
                            + " application on site " + site.peer() + ", change spec.activeSite there to "
                            + site.peer() + wayOut());
        }
        return Optional.of(given);
    }

    /**
     * Gates the namespace that is being deleted, and gives the lease up once its pods have ended, so that another site can take it. If
     * the store does not answer, the lease expires, or the other site needs an attestation.
     */
    private boolean vacate(FailoverPlan plan, LeaseKeeper keeper) {
        String namespace = plan.getMetadata().getNamespace();
        gate.close(namespace, PlanSite.gateHolder(plan));
        if (!gate.endStragglers(namespace)) {
            return false;
        }
        keeper.vacate();
        return keeper.failure().isPresent();
    }

    private void openAgain(FailoverPlan plan, LeaseKeeper keeper) {
        String namespace = plan.getMetadata().getNamespace();
        String holder = PlanSite.gateHolder(plan);
        if (!keeper.mayRun() || isNamespaceTerminating(plan) || !gate.closedBy(namespace, holder)) {
            return;
        }
        gate.open(namespace, holder);
        if (!keeper.mayRun()) {
            gate.close(namespace, holder, PlanSite.timing(plan).grace());
        }
    }

    private boolean retire(FailoverPlan plan, LeaseKeeper keeper) {
        keeper.retire();
        Optional<String> failure = keeper.failure();
        failure.ifPresent(cause -> events.warning(
                plan,
                Reason.LeaseLost,
                "could not retire the lease, will retry: " + cause
                        + "; to delete the plan without that, annotate it with " + ABANDON + "=" + keeper.epoch()
                        + ", which gates the namespace"));
        return false;
    }

    /** Without a keeper, either the gate is closed already, or this site never held the lease. */
    private boolean leave(FailoverPlan plan) {
        try {
            if (plan.getStatus() == null) {
                plan.setStatus(new FailoverPlanStatus());
            }
            PlanSite site = sites.open(plan);
            Optional<LeaseVersion> seen = site.store().read();
            if (seen.isPresent() && seen.get().lease().heldBy(site.site())) {
                LeaseVersion held = seen.get();
                supervisor.keep(
                        plan,
                        held.lease().epoch(),
                        new LastRenewal(held.age(), held.lease().duration()));
                return false;
            }
            if (seen.isPresent() && isOwnOffer(site, seen.get().lease()) && !isNamespaceTerminating(plan)) {
                takeBack(plan, site, seen.get());
                return false;
            }
            if (seen.isPresent() && !withdraw(site, seen.get())) {
                return false;
            }
            events.warning(
                    plan,
                    Reason.Standby,
                    "the namespace stays gated, because site " + site.peer() + " may be active" + wayOut());
            return true;
        } catch (BreakwaterException e) {
            if (e.isRetryable() && !isNamespaceTerminating(plan)) {
                events.warning(plan, e.reason(), "could not read the lease, will retry: " + e.getMessage());
                return false;
            }
            return true;
        }
    }

    /** Whether this site has served in its epoch and offers it. A site without a record of the epoch has not the data of it. */
    private static boolean isOwnOffer(PlanSite site, Lease lease) {
        return lease.state() == Lease.State.Offered
                && lease.holder().equals(site.site())
                && !lease.offersStart()
                && site.knownEpoch().orElse(0) == lease.epoch();
    }

    /** Otherwise the offer would stay for ever, and start the other site at any later time. The next pass retires the lease. */
    private void takeBack(FailoverPlan plan, PlanSite site, LeaseVersion seen) {
        String cause = "the plan was deleted on site " + site.site();
        if (site.store().write(seen.lease().takenBack(cause), Optional.of(seen)).isPresent()) {
            events.warning(plan, Reason.RolledBack, "took the offer of the lease back, since " + cause);
        }
    }

    /** Otherwise the other site would hand over to a site without a plan. Returns whether no request of this site is left. */
    private static boolean withdraw(PlanSite site, LeaseVersion seen) {
        return !seen.lease().requestedBy(site.site())
                || site.store()
                        .write(seen.lease().withdrawn(seen.renewedAt()), Optional.of(seen))
                        .isPresent();
    }

    private static String wayOut() {
        return "; to run the application here, create a FailoverPlan in the namespace again, or set annotation "
                + Api.OPEN_GATE + "=<reason> on the namespace";
    }

    private static boolean isAbandoned(FailoverPlan plan) {
        return PlanSite.isDecided(plan, ABANDON, plan.getStatus() == null ? null : plan.getStatus().epoch);
    }

    private boolean isNamespaceTerminating(FailoverPlan plan) {
        Namespace namespace =
                client.namespaces().withName(plan.getMetadata().getNamespace()).get();
        return namespace == null || namespace.getMetadata().getDeletionTimestamp() != null;
    }
}
