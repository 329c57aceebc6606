package io.breakwater.lease;

import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.lease.SiteFacts.Handover;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * The rules of the lease: they find the next action of a site from its facts. They are pure, and this is the only place that
 * has them. The controller acts on them, and the model test explores them. No rule uses the fact that the other site cannot
 * be reached.
 */
public final class LeaseRules {
    private LeaseRules() {}

    /** The next action of a site that has just read the lease. */
    public static LeaseAction decide(SiteFacts facts) {
        if (facts.seen().isEmpty()) {
            return withoutLease(facts);
        }
        LeaseVersion seen = facts.seen().get();
        return seen.lease().heldBy(facts.site()) ? asHolder(facts, seen.lease()) : asPeer(facts, seen);
    }

    /**
     * Whether another site may take the lease: it was offered, or this process has seen no renewal for so long that the holder
     * must have gated its pods. Only the monotonic clock of this process counts. The pods of a holder that keeps serving do not
     * end, so its lease never expires.
     */
    public static boolean isTakeable(LeaseVersion seen, LeaseTiming ofHolder) {
        return switch (seen.lease().state()) {
            case Offered, Vacated -> true;
            case Retired -> false;
            case Taken, Held, Releasing ->
                !seen.lease().servesOn() && seen.stoodStill().compareTo(ofHolder.takeableAfter()) > 0;
        };
    }

    /**
     * Upper bound for the data loss of an unplanned failover from this point: the time between the point and the last moment
     * at which the holder may have served, by the clock of the store. A clock that went back after the renewal does not make it
     * smaller, since at least the time has passed for which this process has watched.
     *
     * @return never negative
     */
    public static Duration lossBound(LeaseVersion seen, PointRef start) {
        // The pods of a vacated lease had ended when it was written.
        Duration validity = seen.lease().state() == Lease.State.Vacated
                ? Duration.ZERO
                : seen.lease().duration();
        Instant served = seen.renewedAt().plus(validity);
        Instant now = now(seen);
        boolean ended = !seen.lease().servesOn() && served.isBefore(now);
        return lossBound(seen, start, ended ? served : now);
    }

    private static Duration lossBound(LeaseVersion seen, PointRef start, Instant last) {
        Duration loss = Duration.between(capturedByStore(seen.lease(), start), last);
        return loss.isNegative() ? Duration.ZERO : loss;
    }

    /**
     * Whether a user's edit is a request for this site: spec.activeSite was changed to this site since the plan last settled.
     * A spec that still names this site, because Git lags behind, is drift and not a request.
     *
     * @param settled value of spec.activeSite when the plan last settled; null for a plan that is new here
     */
    public static boolean wants(String site, String activeSite, String settled) {
        return site.equals(activeSite) && settled != null && !settled.equals(site);
    }

    private static LeaseAction withoutLease(SiteFacts facts) {
        OptionalLong known = facts.knownEpoch();
        if (known.isPresent() && known.getAsLong() > 0) {
            return new LeaseAction.Missing();
        }
        return facts.named()
                ? new LeaseAction.Create(
                        Lease.first(facts.site(), facts.timing().duration()))
                : new LeaseAction.Follow();
    }

    private static LeaseAction asHolder(SiteFacts facts, Lease lease) {
        if (lease.state() == Lease.State.Taken) {
            return lease.request() != null && !facts.peerSilent()
                    ? new LeaseAction.Offer(lease.offered(lease.start()))
                    : new LeaseAction.Promote();
        }
        if (!remembers(facts.knownEpoch(), lease)) {
            return new LeaseAction.Amnesia();
        }
        if (lease.state() == Lease.State.Releasing) {
            return handingOver(facts, lease);
        }
        if (lease.request() == null) {
            return new LeaseAction.Serve();
        }
        if (facts.handover() instanceof Handover.Failed refused) {
            return rollBack(lease, refused.message());
        }
        return facts.peerSilent() ? rollBack(lease, silent(lease)) : new LeaseAction.Honour(lease.honoured());
    }

    private static LeaseAction handingOver(SiteFacts facts, Lease lease) {
        if (lease.request() == null) {
            return rollBack(lease, "the request was withdrawn");
        }
        if (facts.peerSilent()) {
            return rollBack(lease, silent(lease));
        }
        return switch (facts.handover()) {
            case Handover.Pending _ -> new LeaseAction.HandOver();
            case Handover.Complete complete -> new LeaseAction.Offer(lease.offered(complete.last()));
            case Handover.Failed failed -> rollBack(lease, failed.message());
        };
    }

    private static LeaseAction asPeer(SiteFacts facts, LeaseVersion seen) {
        Lease lease = seen.lease();
        return switch (lease.state()) {
            case Offered -> lease.holder().equals(facts.site()) ? afterOwnOffer(facts, lease) : afterOffer(facts, seen);
            case Retired -> afterRetirement(facts, seen);
            case Vacated -> afterVacating(facts, seen);
            case Taken, Held, Releasing -> whileHeld(facts, seen);
        };
    }

    /** The site that offered the lease serves again only after it has taken the offer back. */
    private static LeaseAction afterOwnOffer(SiteFacts facts, Lease lease) {
        if (!remembers(facts.knownEpoch(), lease)) {
            return new LeaseAction.AwaitTake();
        }
        if (lease.request() == null) {
            return takeBack(
                    lease,
                    lease.outcome() == null
                            ? "the request was withdrawn"
                            : lease.outcome().message());
        }
        if (facts.wanted()) {
            return takeBack(lease, "spec.activeSite was changed back to site " + facts.site());
        }
        return facts.handover() instanceof Handover.Failed late
                ? takeBack(lease, late.message())
                : new LeaseAction.AwaitTake();
    }

    /** The other site takes the lease only with the data of the offered point. */
    private static LeaseAction afterOffer(SiteFacts facts, LeaseVersion seen) {
        Lease lease = seen.lease();
        boolean requested = lease.requestedBy(facts.site());
        if (!facts.wanted()) {
            return requested ? new LeaseAction.Withdraw(lease.withdrawn(seen.renewedAt())) : new LeaseAction.Follow();
        }
        if (!requested && isAnswered(facts, lease)) {
            return new LeaseAction.Rejected(lease.outcome().message());
        }
        Duration loss = lease.offersLoss() ? lossBound(seen, lease.proof()) : Duration.ZERO;
        if (loss.compareTo(facts.maxDataLoss()) > 0) {
            return new LeaseAction.TooMuchLoss(loss);
        }
        return switch (facts.handover()) {
            case Handover.Complete complete
            when complete.last().digest().equals(lease.proof().digest()) ->
                new LeaseAction.Acquire(
                        lease.acquired(
                                facts.site(), Fence.Graceful, facts.timing().duration(), lease.proof()),
                        loss);
            case Handover.Failed failed
            when requested -> new LeaseAction.Decline(lease.declined(failed.message()), failed.message());
            default -> new LeaseAction.Prepare();
        };
    }

    private static boolean isAnswered(SiteFacts facts, Lease lease) {
        return lease.outcome() != null && lease.outcome().id().equals(facts.run());
    }

    /**
     * The application of a retired lease runs on, and no guard ends it. So the other site needs an attestation, whatever the lease said
     * before.
     */
    private static LeaseAction afterRetirement(SiteFacts facts, LeaseVersion seen) {
        Lease lease = seen.lease();
        if (!lease.holder().equals(facts.site())) {
            return facts.wanted() && facts.attestation().isPresent()
                    ? attested(facts, seen, facts.attestation().get())
                    : new LeaseAction.Unguarded(RenewalCounter.of(lease));
        }
        return facts.named() ? new LeaseAction.Adopt(lease.adopted()) : new LeaseAction.Follow();
    }

    /**
     * A vacated lease starts no site by itself. The site that a person names takes it. The site with the namespace that was created
     * again needs no edit: its plan names it or a request does, and {@code maxDataLoss} limits what is lost. If that namespace has volumes, a user has
     * filled it since, and only a person knows whether the application is to have that data.
     */
    private static LeaseAction afterVacating(SiteFacts facts, LeaseVersion seen) {
        boolean again =
                (facts.named() || facts.wanted()) && seen.lease().holder().equals(facts.site());
        if (again && facts.hasVolumes()) {
            return facts.inPlace()
                    ? new LeaseAction.TakeInPlace(
                            seen.lease().takenInPlace(facts.timing().duration()))
                    : new LeaseAction.AwaitOrder(true);
        }
        return facts.wanted() || again
                ? take(facts, seen, Fence.Vacated, lossFrom(seen))
                : new LeaseAction.AwaitOrder(false);
    }

    private static LeaseAction whileHeld(SiteFacts facts, LeaseVersion seen) {
        Lease lease = seen.lease();
        boolean requested = lease.requestedBy(facts.site());
        if (!facts.wanted()) {
            return requested ? new LeaseAction.Withdraw(lease.withdrawn(seen.renewedAt())) : new LeaseAction.Follow();
        }
        if (facts.attestation().isPresent()) {
            return attested(facts, seen, facts.attestation().get());
        }
        if (!requested) {
            return isAnswered(facts, lease)
                    ? new LeaseAction.Rejected(lease.outcome().message())
                    : new LeaseAction.Ask(
                            lease.requested(new Lease.Request(facts.site(), facts.run()), seen.renewedAt()));
        }
        return afterRequest(facts, seen);
    }

    private static LeaseAction afterRequest(SiteFacts facts, LeaseVersion seen) {
        LeaseTiming ofHolder = LeaseTiming.of(seen.lease().duration());
        if (!isTakeable(seen, ofHolder)) {
            if (seen.lease().servesOn()) {
                return isLate(seen, ofHolder)
                        ? new LeaseAction.AwaitAttestation(RenewalCounter.of(seen.lease()))
                        : new LeaseAction.AwaitRelease(facts.peerSilent());
            }
            return isLate(seen, ofHolder)
                    ? new LeaseAction.AwaitExpiry(ofHolder.takeableAfter().minus(seen.stoodStill()))
                    : new LeaseAction.AwaitRelease(facts.peerSilent());
        }
        return take(facts, seen, Fence.Expired, lossFrom(seen));
    }

    /**
     * A user attested that the site of the holder is off, so it is not asked to hand over. It must have missed a renewal while this
     * process watched, so that an attestation that came too early has an effect only if it is true. The holder may have served until
     * the attestation. That moment counts only as far back as this process has seen no renewal, since a clock of the cluster may be
     * wrong.
     */
    private static LeaseAction attested(SiteFacts facts, LeaseVersion seen, Attestation attestation) {
        if (!attestation.isCurrent(seen.lease())) {
            return new LeaseAction.Contradicted(seen.age());
        }
        Duration missing = LeaseTiming.of(seen.lease().duration()).notice().minus(seen.stoodStill());
        if (missing.isPositive()) {
            return new LeaseAction.ConfirmAttestation(missing);
        }
        Instant moment = now(seen).minus(shorter(attestation.least(), seen.stoodStill()));
        return take(facts, seen, Fence.Attested, point -> lossBound(seen, point, later(moment, seen.renewedAt())));
    }

    /** The time of the store. It is not earlier than the time for which this process has seen no renewal allows. */
    private static Instant now(LeaseVersion seen) {
        return later(seen.storeTime(), seen.renewedAt().plus(seen.stoodStill()));
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private static Function<PointRef, Duration> lossFrom(LeaseVersion seen) {
        return point -> lossBound(seen, point);
    }

    /**
     * Takes the lease without a final point, within the loss that the plan allows.
     *
     * @param bound the loss of a start from a point
     */
    private static LeaseAction take(
            SiteFacts facts, LeaseVersion seen, Fence fence, Function<PointRef, Duration> bound) {
        if (facts.newest().isEmpty()) {
            return new LeaseAction.NothingToStartFrom();
        }
        PointRef newest = facts.newest().get();
        Duration loss = bound.apply(newest);
        if (loss.compareTo(facts.maxDataLoss()) > 0) {
            return new LeaseAction.TooMuchLoss(loss);
        }
        return new LeaseAction.Acquire(
                seen.lease().acquired(facts.site(), fence, facts.timing().duration(), newest), loss);
    }

    /**
     * Whether the holder has missed a renewal, for reports. A process that has just started believes the clock of the store once it
     * should have seen a renewal itself.
     */
    private static boolean isLate(LeaseVersion seen, LeaseTiming ofHolder) {
        Duration expected = ofHolder.renewEvery().plus(ofHolder.attempt());
        return seen.stoodStill().compareTo(ofHolder.notice()) >= 0
                || seen.age().compareTo(ofHolder.notice()) >= 0
                        && seen.stoodStill().compareTo(expected) >= 0;
    }

    private static Instant later(Instant a, Instant b) {
        return a.isAfter(b) ? a : b;
    }

    /** A site that holds the lease must remember its epoch; otherwise a rebuilt cluster would run an empty application. */
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

    private static LeaseAction takeBack(Lease lease, String message) {
        return new LeaseAction.RollBack(lease.takenBack(message), message);
    }

    private static String silent(Lease lease) {
        return "the last heartbeat of the operator of site " + lease.request().site() + " is older than a lease";
    }

    /** Time of the capture of a point by the clock of the store; never later than the capture. */
    private static Instant capturedByStore(Lease lease, PointRef point) {
        if (point.storeTime() != null) {
            return point.storeTime();
        }
        boolean ofHolder = point.site().equals(lease.holder());
        return ofHolder && lease.clockAheadMillis() != null
                ? point.capturedAt().minusMillis(lease.clockAheadMillis())
                : point.capturedAt();
    }
}
