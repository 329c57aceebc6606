package io.breakwater.failover;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.breakwater.api.FailoverPlanStatus.Fence;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The document that decides who is active: {@code breakwater/plans/<namespace>/<plan>/lease.json} in the rendezvous
 * location, changed only by conditional writes. Each method is one legal change; what follows from a document is decided
 * in {@link LeaseRules}.
 *
 * @param schemaVersion layout of the document, {@link #SCHEMA}
 * @param epoch grows with every change of holder, and never shrinks
 * @param holder site that holds the lease, or gave it up last
 * @param state how far the holder is
 * @param fence how the holder came to this epoch
 * @param durationSeconds how long a renewal holds; what the holder has promised, whatever the other site's plan says
 * @param writes counts the writes, so that no two versions are equal
 * @param renewedAt store time of the last renewal, where another site than the holder wrote this version; null where the
 *     holder wrote it, since then the document's own modification time says it
 * @param clockAheadMillis how much the holder's clock is ahead of the store's at most; null while unknown
 * @param request what the other site asks for
 * @param outcome what became of the last request that was turned down
 * @param proof where the holder's data ended, once the lease is Released
 * @param start the point that this epoch starts from; null in the first one
 * @param terms who held which epoch, oldest first, at most {@link #MAX_TERMS}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
record Lease(
        int schemaVersion,
        long epoch,
        String holder,
        State state,
        Fence fence,
        long durationSeconds,
        long writes,
        Instant renewedAt,
        Long clockAheadMillis,
        Request request,
        Outcome outcome,
        PointRef proof,
        PointRef start,
        List<EpochRecord> terms) {

    static final int SCHEMA = 1;
    static final int MAX_TERMS = 64;

    /** How far the holder is. */
    enum State {
        /** Has the lease, but not its data yet: nothing runs. */
        Taken,
        /** Is active. */
        Held,
        /** Is handing over; it may still turn back. */
        Releasing,
        /** Has handed over, with proof; nothing runs, and there is no way back. */
        Released,
        /** Its plan was deleted while it was active: the application runs there unguarded, so nobody may take over. */
        Retired
    }

    /**
     * A site's wish to become active.
     *
     * @param site the site that asks, for itself
     * @param id identity of the run
     */
    record Request(String site, String id) {}

    /**
     * Why a request was turned down.
     *
     * @param id the request
     * @param message for people
     */
    record Outcome(String id, String message) {}

    Lease {
        terms = terms == null ? List.of() : List.copyOf(terms);
    }

    /** The first lease of a plan. */
    static Lease first(String site, Duration duration) {
        return new Lease(
                SCHEMA,
                1,
                site,
                State.Held,
                Fence.Initial,
                duration.toSeconds(),
                1,
                null,
                null,
                null,
                null,
                null,
                null,
                List.of(new EpochRecord(1, site, Fence.Initial)));
    }

    /** Renewal by the holder. */
    Lease renewed(Duration duration, Long clockAhead) {
        require(isHeld(), "renew");
        return new Lease(
                schemaVersion,
                epoch,
                holder,
                state,
                fence,
                duration.toSeconds(),
                writes + 1,
                null,
                clockAhead,
                request,
                outcome,
                proof,
                start,
                terms);
    }

    /**
     * A request by the other site; it does not count as a sign of life of the holder.
     *
     * @param renewed store time of the holder's last renewal
     */
    Lease requested(Request wish, Instant renewed) {
        require(isHeld() && !wish.site().equals(holder), "request");
        return by(renewed, state, wish, null, null);
    }

    /** The other site takes its request back. */
    Lease withdrawn(Instant renewed) {
        require(request != null && state != State.Released, "withdraw");
        return by(renewed, state, null, outcome, proof);
    }

    /** The holder starts to hand over. */
    Lease honoured() {
        require(state == State.Held && request != null, "honour");
        return by(null, State.Releasing, request, null, null);
    }

    /** The holder turns the request down, or back from handing over, and goes on. */
    Lease rolledBack(String message) {
        require(isHeld(), "roll back");
        Outcome why = request == null ? outcome : new Outcome(request.id(), message);
        return by(null, state == State.Releasing ? State.Held : state, null, why, null);
    }

    /** The holder has handed over; its data ends with the given point, which is complete where the requester restores. */
    Lease released(PointRef last) {
        require((state == State.Releasing || state == State.Taken) && request != null, "release");
        return by(null, State.Released, request, null, last);
    }

    /** A new epoch. Nothing runs in it before {@link #serving()}. */
    Lease acquired(String site, Fence how, Duration duration, PointRef from) {
        require(state != State.Retired && (state == State.Released || !site.equals(holder)), "acquire");
        List<EpochRecord> all = new ArrayList<>(terms);
        all.add(new EpochRecord(epoch + 1, site, how));
        List<EpochRecord> kept = all.subList(Math.max(0, all.size() - MAX_TERMS), all.size());
        return new Lease(
                schemaVersion,
                epoch + 1,
                site,
                State.Taken,
                how,
                duration.toSeconds(),
                writes + 1,
                null,
                null,
                null,
                null,
                null,
                from,
                kept);
    }

    /** The new holder has its data and lets the application run. */
    Lease serving() {
        require(state == State.Taken, "serve");
        return by(null, State.Held, request, outcome, null);
    }

    /** The plan is deleted on its active site. */
    Lease retired() {
        require(isHeld(), "retire");
        return by(null, State.Retired, null, null, null);
    }

    /** The plan is back on the site on which it was deleted. */
    Lease adopted() {
        require(state == State.Retired, "adopt");
        return by(null, State.Held, null, null, null);
    }

    /** Whether somebody holds the lease, in whatever stage. */
    @JsonIgnore
    boolean isHeld() {
        return state == State.Taken || state == State.Held || state == State.Releasing;
    }

    /** Whether the given site holds the lease. */
    boolean heldBy(String site) {
        return isHeld() && holder.equals(site);
    }

    /** Whether the given site asks for the lease. */
    boolean requestedBy(String site) {
        return request != null && request.site().equals(site);
    }

    /** How long a renewal holds. */
    Duration duration() {
        return Duration.ofSeconds(durationSeconds);
    }

    /** The site that held an epoch, as far as the history goes back. */
    Optional<String> holderOf(long term) {
        return terms.stream()
                .filter(t -> t.epoch() == term)
                .map(EpochRecord::holder)
                .findFirst();
    }

    /**
     * The epoch in which the given site was last active, if it lost that one without handing over: it may have data of it
     * that nobody else has. An epoch that is still going on does not count.
     */
    Optional<Long> lostBy(String site) {
        Optional<Long> lost = Optional.empty();
        for (int i = 1; i < terms.size(); i++) {
            EpochRecord before = terms.get(i - 1);
            if (before.holder().equals(site)) {
                lost = terms.get(i).fence() == Fence.Expired ? Optional.of(before.epoch()) : Optional.empty();
            }
        }
        return lost;
    }

    private Lease by(Instant renewed, State next, Request wish, Outcome why, PointRef last) {
        return new Lease(
                schemaVersion,
                epoch,
                holder,
                next,
                fence,
                durationSeconds,
                writes + 1,
                renewed,
                clockAheadMillis,
                wish,
                why,
                last,
                start,
                terms);
    }

    private void require(boolean legal, String change) {
        if (!legal) {
            throw new IllegalStateException("cannot " + change + " a lease that is " + this);
        }
    }
}
