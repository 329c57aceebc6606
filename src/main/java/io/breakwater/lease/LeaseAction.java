package io.breakwater.lease;

import java.time.Duration;

/** The next action of a site, as {@link LeaseRules#decide} finds it. */
public sealed interface LeaseAction {

    /** An action of the site that holds the lease. */
    sealed interface Holding extends LeaseAction {}

    /** An action that is one conditional write of the lease. */
    sealed interface Write extends LeaseAction {
        /** The document to write, in place of the version that the decision was made on. */
        Lease lease();
    }

    /** An action of a site without the lease: it holds its pods, and reports the reason. */
    sealed interface Standby extends LeaseAction {}

    /** Writes the first lease. */
    record Create(Lease lease) implements Write {}

    /** Resumes a lease that was retired when the plan was deleted here. */
    record Adopt(Lease lease) implements Write {}

    /** Asks the holder to hand over. */
    record Ask(Lease lease) implements Write {}

    /** Withdraws the request. */
    record Withdraw(Lease lease) implements Write {}

    /** Starts to hand over. */
    record Honour(Lease lease) implements Write {}

    /** Refuses a request, cancels a hand-over, or takes an offer back. */
    record RollBack(Lease lease, String message) implements Write {}

    /** Offers the lease to the other site. */
    record Offer(Lease lease) implements Write {}

    /** Refuses an offer: this site cannot start from the point. */
    record Decline(Lease lease, String message) implements Write {}

    /**
     * Starts a new epoch here.
     *
     * @param loss upper bound of the lost data; zero when the lease was handed over
     */
    record Acquire(Lease lease, Duration loss) implements Write {}

    /** Starts a new epoch here with the data that the namespace has; a user decided that. */
    record TakeInPlace(Lease lease) implements Write {}

    /** Renews the lease; the application runs here. */
    record Serve() implements Holding {}

    /** Gates the pods and creates the final point. */
    record HandOver() implements Holding {}

    /** Restores the data, and releases the pods after that. */
    record Promote() implements Holding {}

    /**
     * Waits until the holder hands over.
     *
     * @param isSilent whether the last heartbeat of the holder's operator is older than a lease
     */
    record AwaitRelease(boolean isSilent) implements Standby {}

    /**
     * Waits until the lease of a holder that does not renew it expires.
     *
     * @param remaining shortest time until this process may take the lease
     */
    record AwaitExpiry(Duration remaining) implements Standby {}

    /** Restores the offered point behind the closed gate. */
    record Prepare() implements Standby {}

    /** Has offered the lease, and waits until the other site takes it. */
    record AwaitTake() implements Standby {}

    /**
     * Waits until a user attests that the site of the holder is off: it does not renew the lease, and its pods run on.
     *
     * @param renewal that the attestation must name
     */
    record AwaitAttestation(RenewalCounter renewal) implements Standby {}

    /**
     * Waits until the holder has not renewed the lease for long enough for an attestation.
     *
     * @param remaining shortest time until then
     */
    record ConfirmAttestation(Duration remaining) implements Standby {}

    /**
     * Does not take over: the holder renewed the lease after a user attested that its site is off.
     *
     * @param ago time since the last renewal
     */
    record Contradicted(Duration ago) implements Standby {}

    /** Refuses to take over: more data would be lost than the plan allows. */
    record TooMuchLoss(Duration loss) implements Standby {}

    /** Cannot take over: no point is complete here. */
    record NothingToStartFrom() implements Standby {}

    /** Is on standby; the holder refused the request of this run. */
    record Rejected(String message) implements Standby {}

    /** Is on standby. */
    record Follow() implements Standby {}

    /** Is on standby; the plan was deleted on the active site, where the application runs without a lease. */
    record Unguarded(RenewalCounter renewal) implements Standby {}

    /**
     * Is on standby; the namespace was deleted on the active site, and no site was named to take over.
     *
     * @param hasVolumes whether this is that site, and the namespace that was created again has volumes, whose data no user has
     *     decided about
     */
    record AwaitOrder(boolean hasVolumes) implements Standby {}

    /** Waits: the rendezvous has no lease although it had one. */
    record Missing() implements Standby {}

    /** Waits: the lease names this site as its holder, and this cluster has no record of that. */
    record Amnesia() implements Standby {}
}
