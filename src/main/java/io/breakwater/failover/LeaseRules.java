package io.breakwater.failover;

import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.failover.Situation.Handover;
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
    static Move decide(Situation s) {
        if (s.seen().isEmpty()) {
            return withoutLease(s);
        }
        Seen seen = s.seen().get();
        return seen.lease().heldBy(s.site()) ? asHolder(s, seen.lease()) : asOther(s, seen);
    }

    /**
     * Whether another site may take the lease: it was released, or the last renewal is older than the holder may be
     * trusted to have gated its pods. By the store's clock alone.
     */
    static boolean takeable(Seen seen, LeaseTiming holders) {
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
    static Duration lossBound(Seen seen, PointRef start) {
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

    private static Move withoutLease(Situation s) {
        OptionalLong known = s.knownEpoch();
        if (known.isPresent() && known.getAsLong() > 0) {
            return new Move.Missing();
        }
        return s.named() ? new Move.Create(Lease.first(s.site(), s.timing().duration())) : new Move.Follow();
    }

    private static Move asHolder(Situation s, Lease lease) {
        if (lease.state() == Lease.State.Taken) {
            return lease.request() != null && !s.peerSilent()
                    ? new Move.Release(lease.released(lease.start()))
                    : new Move.Promote();
        }
        if (!remembers(s.knownEpoch(), lease)) {
            return new Move.Amnesia();
        }
        if (lease.state() == Lease.State.Releasing) {
            return handingOver(s, lease);
        }
        if (lease.request() == null) {
            return new Move.Serve();
        }
        return s.peerSilent() ? rollBack(lease, silent(lease)) : new Move.Honour(lease.honoured());
    }

    private static Move handingOver(Situation s, Lease lease) {
        if (lease.request() == null) {
            return rollBack(lease, "the request was withdrawn");
        }
        if (s.peerSilent()) {
            return rollBack(lease, silent(lease));
        }
        return switch (s.handover()) {
            case Handover.Pending p -> new Move.HandOver();
            case Handover.Complete c -> new Move.Release(lease.released(c.last()));
            case Handover.Failed f -> rollBack(lease, f.message());
        };
    }

    private static Move asOther(Situation s, Seen seen) {
        Lease lease = seen.lease();
        return switch (lease.state()) {
            case Released -> released(s, lease);
            case Retired -> retired(s, lease);
            case Taken, Held, Releasing -> beside(s, seen);
        };
    }

    private static Move released(Situation s, Lease lease) {
        boolean forUs = lease.requestedBy(s.site());
        return forUs || s.wanted()
                ? new Move.Acquire(
                        lease.acquired(s.site(), Fence.Graceful, s.timing().duration(), lease.proof()), Duration.ZERO)
                : new Move.Follow();
    }

    private static Move retired(Situation s, Lease lease) {
        if (!lease.holder().equals(s.site())) {
            return new Move.Unguarded();
        }
        return s.named() ? new Move.Adopt(lease.adopted()) : new Move.Follow();
    }

    private static Move beside(Situation s, Seen seen) {
        Lease lease = seen.lease();
        boolean asked = lease.requestedBy(s.site());
        if (!s.wanted()) {
            return asked ? new Move.Withdraw(lease.withdrawn(seen.renewedAt())) : new Move.Follow();
        }
        if (!asked) {
            boolean answered = lease.outcome() != null && lease.outcome().id().equals(s.run());
            return answered
                    ? new Move.Rejected(lease.outcome().message())
                    : new Move.Ask(lease.requested(new Lease.Request(s.site(), s.run()), seen.renewedAt()));
        }
        return asked(s, seen);
    }

    private static Move asked(Situation s, Seen seen) {
        LeaseTiming holders = LeaseTiming.of(seen.lease().duration());
        Duration overdue = seen.age().minus(holders.notice());
        if (overdue.isNegative()) {
            return new Move.AwaitRelease();
        }
        if (!takeable(seen, holders)) {
            return new Move.AwaitExpiry(holders.takeableAfter().minus(seen.age()));
        }
        if (s.newest().isEmpty()) {
            return new Move.NothingToStartFrom();
        }
        Duration loss = lossBound(seen, s.newest().get());
        if (loss.compareTo(s.maxDataLoss()) > 0) {
            return new Move.TooMuchLoss(loss);
        }
        return new Move.Acquire(
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

    private static Move rollBack(Lease lease, String message) {
        return new Move.RollBack(lease.rolledBack(message), message);
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
