package io.breakwater.lease;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.api.FailoverPlanStatus.Fence;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The document that determines the active site: {@code breakwater/plans/<namespace>/<plan>/lease.json} in the rendezvous
 * location, changed only by conditional writes. Each method is one legal change. {@link LeaseRules} decides which change a
 * site makes.
 *
 * @param schemaVersion layout of the document, {@link #SCHEMA}
 * @param id random identity of this lease, from its first version on. Epochs are comparable only within one lease
 * @param epoch grows with every change of holder, and never shrinks
 * @param holder site that holds the lease, or the last one that held it
 * @param cluster uid of the holder's cluster, which is the uid of its namespace {@code kube-system}; two clusters may have one
 *     site name. {@link LeaseStore} writes it; null before that
 * @param state stage of the holder
 * @param fence how the holder came to this epoch
 * @param durationSeconds validity of a renewal, by the plan of the holder; the plan of the other site does not matter
 * @param onLoss what the holder does when it cannot renew the lease, by its own last renewal. Null, before the first renewal of an
 *     epoch, means {@code Gate}: no pod runs on without a renewal that said {@code KeepServing}
 * @param writes number of writes, so that no two versions are equal
 * @param renewals number of writes by a holder. Another site counts as silent while this stands still
 * @param renewedAt store time of the last renewal, where the other site wrote this version; null where the holder wrote it,
 *     since the modification time of the object is the time of the renewal then
 * @param clockAheadMillis upper bound for the lead of the holder's clock over the clock of the store; null while unknown
 * @param request request of the other site
 * @param outcome answer to the last request that was refused
 * @param proof final point of the holder, once the lease is Offered
 * @param start the point that this epoch starts from; null in the first epoch, and in one that was taken in place
 * @param terms holders of past epochs and of this one, oldest first, at most {@link #MAX_TERMS}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Lease(
        int schemaVersion,
        String id,
        long epoch,
        String holder,
        String cluster,
        State state,
        Fence fence,
        long durationSeconds,
        OnLoss onLoss,
        long writes,
        long renewals,
        Instant renewedAt,
        Long clockAheadMillis,
        Request request,
        Outcome outcome,
        PointRef proof,
        PointRef start,
        List<EpochRecord> terms) {

    public static final int SCHEMA = 3;
    public static final int MAX_TERMS = 64;

    /** Numbers of writes that a version without a known key can skip. */
    private static final long MAX_SKIPPED = 1000;

    /** The stage of the holder. */
    public enum State {
        /** The site has the lease, but not its data yet. No pod runs. */
        Taken,
        /** The site is active. */
        Held,
        /** The site is handing over. It can still roll back. */
        Releasing,
        /**
         * The site offers the lease, with a final point. No pod runs. The other site may take the lease, and this site may take the
         * offer back; the store decides which of both writes came first.
         */
        Offered,
        /** The plan was deleted on the active site. The application still runs there, so no site may take over. */
        Retired,
        /** The namespace was deleted on the active site. No pod runs, and a site takes over only if a person names it. */
        Vacated
    }

    /**
     * The request of a site to become active.
     *
     * @param site the site that requests the lease for itself
     * @param id identity of the run
     */
    public record Request(String site, String id) {}

    /**
     * The refusal of a request.
     *
     * @param id id of the request
     * @param message the cause
     */
    public record Outcome(String id, String message) {}

    public Lease {
        terms = terms == null ? List.of() : List.copyOf(terms);
    }

    /** The first lease of a plan. */
    public static Lease first(String site, Duration duration) {
        return LeaseDraft.empty()
                .epoch(1)
                .holder(site)
                .state(State.Held)
                .fence(Fence.Initial)
                .duration(duration)
                .writes(1)
                .renewals(1)
                .terms(List.of(new EpochRecord(1, site, Fence.Initial)))
                .build();
    }

    /** The same lease with its identity, which its first version gets before it is written. */
    public Lease identified(String random) {
        return LeaseDraft.after(this)
                .writes(writes)
                .renewals(renewals)
                .id(random)
                .build();
    }

    /** The same lease as the given cluster of the holder writes it. */
    Lease ofCluster(String uid) {
        return LeaseDraft.after(this)
                .writes(writes)
                .renewals(renewals)
                .renewedAt(renewedAt)
                .cluster(uid)
                .build();
    }

    /**
     * Renewal by the holder.
     *
     * @param before store time of the holder's last write. The first renewal of an epoch records it as the start of the epoch
     */
    Lease renewed(Duration duration, OnLoss onLoss, Long clockAhead, Instant before) {
        EpochRecord last = terms.isEmpty() ? null : terms.getLast();
        if (last == null || last.epoch() != epoch || last.since() != null) {
            return renewed(duration, onLoss, clockAhead);
        }
        List<EpochRecord> dated = new ArrayList<>(terms);
        dated.set(dated.size() - 1, last.startedAt(before));
        require(isHeld(), "renew");
        return LeaseDraft.after(this)
                .duration(duration)
                .onLoss(onLoss)
                .clockAheadMillis(clockAhead)
                .terms(dated)
                .build();
    }

    /** Renewal by a holder that gates its pods when it cannot renew. */
    public Lease renewed(Duration duration, Long clockAhead) {
        return renewed(duration, OnLoss.Gate, clockAhead);
    }

    /** Renewal by the holder. */
    public Lease renewed(Duration duration, OnLoss onLoss, Long clockAhead) {
        require(isHeld(), "renew");
        return LeaseDraft.after(this)
                .duration(duration)
                .onLoss(onLoss)
                .clockAheadMillis(clockAhead)
                .build();
    }

    /**
     * This version after another one that no known key signed. Nothing of that version is adopted but its number, within a bound.
     * A request in it is refused, so that the other site does not write it again.
     */
    Lease afterUnverified(Lease other) {
        LeaseDraft draft =
                LeaseDraft.after(this).writes(Math.max(writes, Math.min(other.writes, writes + MAX_SKIPPED)));
        boolean refuses = request == null && other.request != null && other.request.id() != null;
        return refuses
                ? draft.outcome(new Outcome(
                                other.request.id(),
                                "site " + holder
                                        + " does not know the key that signed the request; accept the key of the"
                                        + " requesting site there, and change spec.activeSite again"))
                        .build()
                : draft.build();
    }

    /**
     * A request by the other site. It does not count as a renewal.
     *
     * @param renewed store time of the holder's last renewal
     */
    public Lease requested(Request by, Instant renewed) {
        require(isHeld() && !by.site().equals(holder), "request");
        return LeaseDraft.after(this)
                .renewals(renewals)
                .renewedAt(renewed)
                .request(by)
                .outcome(null)
                .proof(null)
                .build();
    }

    /** The other site withdraws its request. */
    public Lease withdrawn(Instant renewed) {
        require(request != null, "withdraw");
        return LeaseDraft.after(this)
                .renewals(renewals)
                .renewedAt(renewed)
                .request(null)
                .build();
    }

    /** The holder starts to hand over. */
    public Lease honoured() {
        require(state == State.Held && request != null, "honour");
        return LeaseDraft.after(this)
                .state(State.Releasing)
                .outcome(null)
                .proof(null)
                .build();
    }

    /** The holder refuses the request, or cancels the hand-over, and stays active. */
    public Lease rolledBack(String message) {
        require(isHeld(), "roll back");
        Outcome refusal = request == null ? outcome : new Outcome(request.id(), message);
        return LeaseDraft.after(this)
                .state(state == State.Releasing ? State.Held : state)
                .request(null)
                .outcome(refusal)
                .proof(null)
                .build();
    }

    /** The holder offers the lease. The given final point is complete in the location that the other site restores from. */
    public Lease offered(PointRef last) {
        require((state == State.Releasing || state == State.Taken) && request != null, "offer");
        return LeaseDraft.after(this)
                .state(State.Offered)
                .outcome(null)
                .proof(last)
                .build();
    }

    /** The holder has not served in this epoch, and gives it back: the other site may take it, and starts from the same point. */
    public Lease givenBack() {
        require(state == State.Taken, "give back");
        return LeaseDraft.after(this)
                .state(State.Offered)
                .request(null)
                .outcome(null)
                .proof(start)
                .build();
    }

    /** The holder takes its offer back, before the other site has taken the lease. */
    public Lease takenBack(String message) {
        require(state == State.Offered, "take back");
        return LeaseDraft.after(this)
                .state(offersStart() ? State.Taken : State.Held)
                .request(null)
                .outcome(request == null ? outcome : new Outcome(request.id(), message))
                .proof(null)
                .build();
    }

    /** The other site cannot start from the offered point. */
    public Lease declined(String message) {
        require(state == State.Offered && request != null, "decline");
        return LeaseDraft.after(this)
                .renewals(renewals)
                .request(null)
                .outcome(new Outcome(request.id(), message))
                .build();
    }

    /** A new epoch. No pod runs in it before {@link #serving()}. */
    public Lease acquired(String site, Fence how, Duration duration, PointRef from) {
        boolean retired = state == State.Retired && how != Fence.Attested;
        require(!retired && (state == State.Vacated || !site.equals(holder)), "acquire");
        return next(site, State.Taken, how, duration, from);
    }

    /** A new epoch of the same holder, with the data that its namespace has by now. No site has run the application meanwhile. */
    public Lease takenInPlace(Duration duration) {
        require(state == State.Vacated, "take in place");
        return next(holder, State.Held, Fence.Vacated, duration, null);
    }

    private Lease next(String site, State stage, Fence how, Duration duration, PointRef from) {
        List<EpochRecord> all = new ArrayList<>(terms);
        all.add(new EpochRecord(epoch + 1, site, how, null, from));
        return LeaseDraft.empty()
                .id(id)
                .epoch(epoch + 1)
                .holder(site)
                .state(stage)
                .fence(how)
                .duration(duration)
                .writes(writes + 1)
                .renewals(renewals + 1)
                .start(from)
                .terms(all.subList(Math.max(0, all.size() - MAX_TERMS), all.size()))
                .build();
    }

    /** The new holder has its data and starts the application. */
    public Lease serving() {
        require(state == State.Taken, "serve");
        return LeaseDraft.after(this).state(State.Held).proof(null).build();
    }

    /** The plan was deleted on its active site. */
    public Lease retired() {
        require(isHeld(), "retire");
        return LeaseDraft.after(this)
                .state(State.Retired)
                .request(null)
                .outcome(null)
                .proof(null)
                .build();
    }

    /** The namespace was deleted on its active site, and its pods have ended. */
    public Lease vacated() {
        require(isHeld(), "vacate");
        return LeaseDraft.after(this)
                .state(State.Vacated)
                .request(null)
                .outcome(null)
                .proof(null)
                .build();
    }

    /** The plan was created again on the site on which it was deleted. */
    public Lease adopted() {
        require(state == State.Retired, "adopt");
        return LeaseDraft.after(this)
                .state(State.Held)
                .request(null)
                .outcome(null)
                .proof(null)
                .build();
    }

    /** Whether a site holds the lease, in whatever stage. */
    @JsonIgnore
    public boolean isHeld() {
        return state == State.Taken || state == State.Held || state == State.Releasing;
    }

    /** Whether the point that is offered is the one that the epoch started from: the holder has not served in it. */
    public boolean offersStart() {
        return state == State.Offered && start != null && start.digest().equals(proof.digest());
    }

    /**
     * Whether the point that is offered lacks data that a site has served: no epoch since has served, and one of them began without
     * the last data of the site before it.
     */
    public boolean offersLoss() {
        if (!offersStart()) {
            return false;
        }
        return terms.reversed().stream()
                .takeWhile(term -> term.start() != null && term.start().digest().equals(proof.digest()))
                .anyMatch(term -> term.fence() != Fence.Graceful);
    }

    /**
     * Whether the pods of the holder may run although it does not renew the lease. In state Taken no pod runs yet, whatever the
     * plan says.
     */
    public boolean servesOn() {
        return onLoss == OnLoss.KeepServing && isHeld() && state != State.Taken;
    }

    /** Whether the given site holds the lease. */
    public boolean heldBy(String site) {
        return isHeld() && holder.equals(site);
    }

    /** Whether the given site requests the lease. */
    public boolean requestedBy(String site) {
        return request != null && request.site().equals(site);
    }

    /** Validity of a renewal. */
    public Duration duration() {
        return Duration.ofSeconds(durationSeconds);
    }

    /**
     * The epoch in which the given site was last active, if it lost that epoch without handing over. The site may have data of
     * that epoch that no other site has. The present epoch does not count.
     */
    public Optional<Long> lostBy(String site) {
        Optional<Long> lost = Optional.empty();
        for (int i = 1; i < terms.size(); i++) {
            EpochRecord before = terms.get(i - 1);
            if (before.holder().equals(site)) {
                lost = isForced(terms.get(i).fence()) ? Optional.of(before.epoch()) : Optional.empty();
            }
        }
        return lost;
    }

    /** Whether an epoch started without a final point of the holder before. */
    private static boolean isForced(Fence fence) {
        return fence == Fence.Expired || fence == Fence.Attested;
    }

    private void require(boolean legal, String change) {
        if (!legal) {
            throw new IllegalStateException("cannot " + change + " a lease that is " + this);
        }
    }
}
