package io.breakwater.lease;

import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.lease.Lease.Outcome;
import io.breakwater.lease.Lease.Request;
import io.breakwater.lease.Lease.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Builds a {@link Lease} by the names of its fields. Whether a change is legal is decided in {@link Lease}. */
public final class LeaseDraft {
    private String id;
    private long epoch;
    private String holder;
    private String cluster;
    private State state;
    private Fence fence;
    private long durationSeconds;
    private OnLoss onLoss;
    private long writes;
    private long renewals;
    private Instant renewedAt;
    private Long clockAheadMillis;
    private Request request;
    private Outcome outcome;
    private PointRef proof;
    private PointRef start;
    private List<EpochRecord> terms;

    private LeaseDraft() {}

    /** A lease without any field. */
    static LeaseDraft empty() {
        return new LeaseDraft();
    }

    /** The next version of a lease: the same fields, one write and one renewal more, and written by the holder. */
    static LeaseDraft after(Lease lease) {
        LeaseDraft draft = new LeaseDraft();
        draft.id = lease.id();
        draft.epoch = lease.epoch();
        draft.holder = lease.holder();
        draft.cluster = lease.cluster();
        draft.state = lease.state();
        draft.fence = lease.fence();
        draft.durationSeconds = lease.durationSeconds();
        draft.onLoss = lease.onLoss();
        draft.writes = lease.writes() + 1;
        draft.renewals = lease.renewals() + 1;
        draft.clockAheadMillis = lease.clockAheadMillis();
        draft.request = lease.request();
        draft.outcome = lease.outcome();
        draft.proof = lease.proof();
        draft.start = lease.start();
        draft.terms = lease.terms();
        return draft;
    }

    /** @param value null before the first version is written */
    LeaseDraft id(String value) {
        id = value;
        return this;
    }

    LeaseDraft epoch(long value) {
        epoch = value;
        return this;
    }

    LeaseDraft holder(String site) {
        holder = site;
        return this;
    }

    /** @param value null before it is written */
    LeaseDraft cluster(String value) {
        cluster = value;
        return this;
    }

    LeaseDraft state(State value) {
        state = value;
        return this;
    }

    LeaseDraft fence(Fence value) {
        fence = value;
        return this;
    }

    LeaseDraft duration(Duration value) {
        durationSeconds = value.toSeconds();
        return this;
    }

    /** @param value null before the first renewal of an epoch */
    LeaseDraft onLoss(OnLoss value) {
        onLoss = value;
        return this;
    }

    LeaseDraft writes(long value) {
        writes = value;
        return this;
    }

    LeaseDraft renewals(long value) {
        renewals = value;
        return this;
    }

    /** @param value null where the holder writes this version */
    LeaseDraft renewedAt(Instant value) {
        renewedAt = value;
        return this;
    }

    /** @param value null while unknown */
    LeaseDraft clockAheadMillis(Long value) {
        clockAheadMillis = value;
        return this;
    }

    /** @param value null for none */
    LeaseDraft request(Request value) {
        request = value;
        return this;
    }

    /** @param value null for none */
    LeaseDraft outcome(Outcome value) {
        outcome = value;
        return this;
    }

    /** @param value null for none */
    LeaseDraft proof(PointRef value) {
        proof = value;
        return this;
    }

    /** @param value null in the first epoch */
    LeaseDraft start(PointRef value) {
        start = value;
        return this;
    }

    LeaseDraft terms(List<EpochRecord> value) {
        terms = value;
        return this;
    }

    Lease build() {
        return new Lease(
                Lease.SCHEMA,
                id,
                epoch,
                holder,
                cluster,
                state,
                fence,
                durationSeconds,
                onLoss,
                writes,
                renewals,
                renewedAt,
                clockAheadMillis,
                request,
                outcome,
                proof,
                start,
                terms);
    }
}
