package io.breakwater.failover;

import java.time.Duration;

/** What a site does next, as {@link LeaseRules#decide} finds it. A move that writes names the new document. */
sealed interface LeaseAction {

    /** A move that is one conditional write of the lease. */
    sealed interface Write extends LeaseAction {
        /** The document to write, in place of the one that the decision was made on. */
        Lease lease();
    }

    /** Writes the first lease. */
    record Create(Lease lease) implements Write {}

    /** Takes up a lease that was left behind when the plan was deleted here. */
    record Adopt(Lease lease) implements Write {}

    /** Asks the holder to hand over. */
    record Ask(Lease lease) implements Write {}

    /** Takes the request back. */
    record Withdraw(Lease lease) implements Write {}

    /** Starts to hand over. */
    record Honour(Lease lease) implements Write {}

    /** Turns a request down, or turns back from handing over. */
    record RollBack(Lease lease, String message) implements Write {}

    /** Gives the lease up. */
    record Release(Lease lease) implements Write {}

    /**
     * Starts a new epoch here.
     *
     * @param loss at most this much is lost; zero when it was handed over
     */
    record Acquire(Lease lease, Duration loss) implements Write {}

    /** Holds the lease; the application runs here. */
    record Serve() implements LeaseAction {}

    /** Gates the pods and makes the final point. */
    record HandOver() implements LeaseAction {}

    /** Holds the lease; restores, and then lets the application run. */
    record Promote() implements LeaseAction {}

    /** Waits for the holder, who is alive, to hand over. */
    record AwaitRelease() implements LeaseAction {}

    /** Waits for the lease of a silent holder to run out: so much longer at least. */
    record AwaitExpiry(Duration remaining) implements LeaseAction {}

    /** Could take over, and does not: more would be lost than is allowed. */
    record TooMuchLoss(Duration loss) implements LeaseAction {}

    /** Could take over, and has nothing to start from. */
    record NothingToStartFrom() implements LeaseAction {}

    /** Stands by; the request of this run was turned down. */
    record Rejected(String message) implements LeaseAction {}

    /** Stands by. */
    record Follow() implements LeaseAction {}

    /** Stands by; the plan was deleted on the active site, where the application runs on unguarded. */
    record Unguarded() implements LeaseAction {}

    /** There is no lease although there was one. */
    record Missing() implements LeaseAction {}

    /** The lease says that this site is active, and this cluster knows nothing of it. */
    record Amnesia() implements LeaseAction {}
}
