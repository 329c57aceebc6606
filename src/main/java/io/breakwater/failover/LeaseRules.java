package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.failover.SiteFacts.Handover;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;

/**
 * The rules of the lease: from what one site knows, what it does next. Pure, and the only place where they stand; the
 * controller acts on them and the model test explores them. "I cannot reach the other site" appears nowhere.
 */
final class LeaseRules {
    private LeaseRules() {}

    /** The next move of a site that has just read the lease. */
    static LeaseAction decide(SiteFacts s) {
        if (s.seen().isEmpty()) {
            return withoutLease(s);
        }
        LeaseVersion seen = s.seen().get();
        return seen.lease().heldBy(s.site()) ? asHolder(s, seen.lease()) : asOther(s, seen);
    }

    /**
     * Whether another site may take the lease: it was released, or the last renewal is older than the holder may be
     * trusted to have gated its pods. By the store's clock alone.
     */
    static boolean takeable(LeaseVersion seen, LeaseTiming holders) {
        return switch (seen.lease().state()) {
            case Released -> true;
            case Retired -> false;
            case Taken, Held, Releasing -> seen.age().compareTo(holders.takeableAfter()) > 0;
        };
    }

    /**
     * What an unplanned failover from this point would lose at most: everything between the point and the last moment at
     * which the holder may have served, by the store's clock.
     *
     * @return never negative
     */
    static Duration lossBound(LeaseVersion seen, PointRef start) {
        Instant served = seen.renewedAt().plus(seen.lease().duration());
        Instant last = seen.storeTime().isBefore(served) ? seen.storeTime() : served;
        Duration loss = Duration.between(capturedByStore(seen.lease(), start), last);
        return loss.isNegative() ? Duration.ZERO : loss;
    }

    /**
     * Whether a user's edit is a request for this site: spec.activeSite was changed to it since the plan last settled. A
     * spec that merely still names this site (because Git lags behind) is drift, and no request.
     *
     * @param settled value of spec.activeSite when the plan last settled; null for a plan that is new here
     */
    static boolean wants(String site, String activeSite, String settled) {
        return site.equals(activeSite) && settled != null && !settled.equals(site);
    }

    private static LeaseAction withoutLease(SiteFacts s) {
        OptionalLong known = s.knownEpoch();
        if (known.isPresent() && known.getAsLong() > 0) {
            return new LeaseAction.Missing();
        }
        return s.named()
                ? new LeaseAction.Create(Lease.first(s.site(), s.timing().duration()))
                : new LeaseAction.Follow();
    }

    private static LeaseAction asHolder(SiteFacts s, Lease lease) {
        if (lease.state() == Lease.State.Taken) {
            return lease.request() != null && !s.peerSilent()
                    ? new LeaseAction.Release(lease.released(lease.start()))
                    : new LeaseAction.Promote();
        }
        if (!remembers(s.knownEpoch(), lease)) {
            return new LeaseAction.Amnesia();
        }
        if (lease.state() == Lease.State.Releasing) {
            return handingOver(s, lease);
        }
        if (lease.request() == null) {
            return new LeaseAction.Serve();
        }
        return s.peerSilent() ? rollBack(lease, silent(lease)) : new LeaseAction.Honour(lease.honoured());
    }

    private static LeaseAction handingOver(SiteFacts s, Lease lease) {
        if (lease.request() == null) {
            return rollBack(lease, "the request was withdrawn");
        }
        if (s.peerSilent()) {
            return rollBack(lease, silent(lease));
        }
        return switch (s.handover()) {
            case Handover.Pending p -> new LeaseAction.HandOver();
            case Handover.Complete c -> new LeaseAction.Release(lease.released(c.last()));
            case Handover.Failed f -> rollBack(lease, f.message());
        };
    }

    private static LeaseAction asOther(SiteFacts s, LeaseVersion seen) {
        Lease lease = seen.lease();
        return switch (lease.state()) {
            case Released -> released(s, lease);
            case Retired -> retired(s, lease);
            case Taken, Held, Releasing -> beside(s, seen);
        };
    }

    private static LeaseAction released(SiteFacts s, Lease lease) {
        boolean forUs = lease.requestedBy(s.site());
        return forUs || s.wanted()
                ? new LeaseAction.Acquire(
                        lease.acquired(s.site(), Fence.Graceful, s.timing().duration(), lease.proof()), Duration.ZERO)
                : new LeaseAction.Follow();
    }

    private static LeaseAction retired(SiteFacts s, Lease lease) {
        if (!lease.holder().equals(s.site())) {
            return new LeaseAction.Unguarded();
        }
        return s.named() ? new LeaseAction.Adopt(lease.adopted()) : new LeaseAction.Follow();
    }

    private static LeaseAction beside(SiteFacts s, LeaseVersion seen) {
        Lease lease = seen.lease();
        boolean asked = lease.requestedBy(s.site());
        if (!s.wanted()) {
            return asked ? new LeaseAction.Withdraw(lease.withdrawn(seen.renewedAt())) : new LeaseAction.Follow();
        }
        if (!asked) {
            boolean answered = lease.outcome() != null && lease.outcome().id().equals(s.run());
            return answered
                    ? new LeaseAction.Rejected(lease.outcome().message())
                    : new LeaseAction.Ask(lease.requested(new Lease.Request(s.site(), s.run()), seen.renewedAt()));
        }
        return asked(s, seen);
    }

    private static LeaseAction asked(SiteFacts s, LeaseVersion seen) {
        LeaseTiming holders = LeaseTiming.of(seen.lease().duration());
        Duration overdue = seen.age().minus(holders.notice());
        if (overdue.isNegative()) {
            return new LeaseAction.AwaitRelease();
        }
        if (!takeable(seen, holders)) {
            return new LeaseAction.AwaitExpiry(holders.takeableAfter().minus(seen.age()));
        }
        if (s.newest().isEmpty()) {
            return new LeaseAction.NothingToStartFrom();
        }
        Duration loss = lossBound(seen, s.newest().get());
        if (loss.compareTo(s.maxDataLoss()) > 0) {
            return new LeaseAction.TooMuchLoss(loss);
        }
        return new LeaseAction.Acquire(
                seen.lease()
                        .acquired(
                                s.site(),
                                Fence.Expired,
                                s.timing().duration(),
                                s.newest().get()),
                loss);
    }

    /** A site that holds the lease must know of it; a rebuilt cluster would let an empty application run. */
    private static boolean remembers(OptionalLong known, Lease lease) {
        if (known.isEmpty()) {
            return false;
        }
        boolean creating = known.getAsLong() == 0 && lease.epoch() == 1;
        return creating || known.getAsLong() == lease.epoch();
    }

    private static LeaseAction rollBack(Lease lease, String message) {
        return new LeaseAction.RollBack(lease.rolledBack(message), message);
    }

    private static String silent(Lease lease) {
        return "the operator of site " + lease.request().site() + " was not seen for longer than a lease";
    }

    /** When a point was captured, by the store's clock; never later than it was. */
    private static Instant capturedByStore(Lease lease, PointRef point) {
        boolean holders = point.site().equals(lease.holder());
        return holders && lease.clockAheadMillis() != null
                ? point.capturedAt().minusMillis(lease.clockAheadMillis())
                : point.capturedAt();
    }
}
