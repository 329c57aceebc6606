package io.breakwater.lease;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * One state of {@link LeaseModel}. Ages are in ticks, and instants are relative to {@link #NOW}, which never moves. When time
 * passes, all ages grow up to a limit, above which an age has no effect. A state is immutable, except the copy that
 * {@link #with} passes to its change.
 */
final class ModelState {
    /** Seconds of a tick. */
    static final int TICK = 5;

    static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    /** Limit for the age of a point and of the last service. */
    static final int OLD = 18;

    /** Limit for the age of a lease and of a heartbeat. */
    private static final int SILENT = 8;

    /** No read of this process has shown the present renewal. */
    static final int UNSEEN = -1;

    /** Limit for the age of a renewal, as its holder sees it. */
    private static final int UNRENEWED = 3;

    enum Pods {
        None,
        Running,
        Ending
    }

    /**
     * A write without an answer: {@code fresh} while the version that it depends on is the present one, {@code slow} when time
     * may pass before the answer, {@code landed} when only the answer is missing.
     */
    record Flight(LeaseAction action, Lease document, boolean fresh, boolean slow, boolean landed, int age) {
        Flight older() {
            return this == FUTILE
                    ? this
                    : new Flight(action, shifted(document), fresh, slow, landed, Math.min(age + 1, UNRENEWED));
        }

        Flight stale() {
            return new Flight(action, document, false, slow, landed, age);
        }

        Flight whichIsSlow() {
            return this == FUTILE ? this : new Flight(action, document, fresh, true, landed, age);
        }

        /** The write is in the store, but its site does not know that yet. */
        Flight whichLanded() {
            return new Flight(action, document, fresh, true, true, age);
        }

        /** A write that can only fail. */
        static final Flight FUTILE = new Flight(null, null, false, false, false, 0);
    }

    /** One cluster with its operator. The cluster survives the operator, except the write without an answer. */
    static final class Site {
        String name;
        boolean operator = true;
        boolean node = true;
        /** This site cannot reach the store. */
        boolean cut;

        boolean gateOpen;
        Pods pods = Pods.None;
        /** Ticks since the deletion of the pods. */
        int ending;
        /** Ticks since the start of the last renewal that the site knows. */
        int renewal = UNRENEWED;
        /** Ticks since the last heartbeat of the operator. */
        int beat;
        /** The epoch that the cluster remembers; -1 for none. */
        long known = -1;

        String named = "east";
        String settled = "east";
        int generation;
        PointRef last;
        Flight flight;
        Flight late;
        /** Ticks for which this process has seen the lease of the other site without a renewal; or UNSEEN. */
        int watched = UNSEEN;
        /** Whether spec.lease.onLoss says {@code KeepServing}. */
        boolean keeps;
        /** Whether the site may serve without a renewal, as it believes. */
        boolean servesOn;
        /** Ticks since a user attested here that the other site is off; or UNSEEN. */
        int attested = UNSEEN;
        /** Whether the other site has renewed the lease since then. */
        boolean contradicted;
        /** Pods run, or continued to run, although no operator could gate them in time. */
        boolean unattended;
        /** The namespace was created again, and a user has filled its volumes; its user takes the lease in place. */
        boolean filled;

        boolean runs() {
            return pods != Pods.None;
        }

        boolean attended() {
            return runs() && !unattended;
        }

        /** Whether time may pass: the operator has worked in this tick, or cannot work. */
        boolean mayWait() {
            return !operator || cut || beat == 0 && (flight == null || flight.slow());
        }

        private Object[] fields() {
            return new Object[] {
                name,
                operator,
                node,
                gateOpen,
                pods,
                ending,
                renewal,
                beat,
                known,
                named,
                settled,
                generation,
                last,
                flight,
                late,
                watched,
                unattended,
                filled,
                keeps,
                servesOn,
                attested,
                contradicted
            };
        }

        private Site copy() {
            Site s = new Site();
            s.name = name;
            s.operator = operator;
            s.node = node;
            s.cut = cut;
            s.gateOpen = gateOpen;
            s.pods = pods;
            s.ending = ending;
            s.renewal = renewal;
            s.beat = beat;
            s.known = known;
            s.named = named;
            s.settled = settled;
            s.generation = generation;
            s.last = last;
            s.flight = flight;
            s.late = late;
            s.watched = watched;
            s.keeps = keeps;
            s.servesOn = servesOn;
            s.attested = attested;
            s.contradicted = contradicted;
            s.unattended = unattended;
            s.filled = filled;
            return s;
        }

        void close() {
            gateOpen = false;
            if (pods == Pods.Running) {
                pods = Pods.Ending;
                ending = 0;
            }
        }

        void open() {
            gateOpen = true;
            pods = Pods.Running;
            unattended = false;
            last = null;
        }

        private void older(LeaseTiming timing) {
            renewal = Math.min(renewal + 1, UNRENEWED);
            beat = Math.min(beat + 1, SILENT);
            watched = watched == UNSEEN ? UNSEEN : Math.min(watched + 1, SILENT);
            if (pods == Pods.Ending
                    && (++ending + 1) * TICK > timing.gateBudget().toSeconds()) {
                pods = Pods.None;
                ending = 0;
            }
            attested = attested == UNSEEN ? UNSEEN : Math.min(attested + 1, OLD);
            boolean missed = !operator && gateOpen && !servesOn && !timing.mayRun(ticks(renewal));
            unattended = runs() && (unattended || missed);
            last = shifted(last);
            flight = flight == null ? null : flight.older();
            late = late == null
                    ? null
                    : new Flight(late.action(), shifted(late.document()), late.fresh(), true, false, 0);
        }

        @Override
        public String toString() {
            return Arrays.toString(fields());
        }
    }

    Lease lease;
    /** Ticks since the present version was written. */
    int modified;

    Site east = new Site();
    Site west = new Site();
    /** The newest point of the present epoch that is complete on both sites. */
    PointRef newest;
    /** Ticks since an attended pod of the present epoch last ran. */
    int served = OLD;

    int crashes;
    int lost;
    int flips;
    int points;
    int jumps;
    int deletions;
    int attestations;
    int switches;
    /** How far the clock of the store has jumped since the last renewal. */
    Duration jumped = Duration.ZERO;

    private int hash;

    ModelState(LeaseModel.Limits limits) {
        east.name = "east";
        west.name = "west";
        crashes = limits.crashes();
        lost = limits.lost();
        flips = limits.flips();
        points = limits.points();
        jumps = limits.jumps();
        deletions = limits.deletions();
        attestations = limits.attestations();
        switches = limits.switches();
        east.keeps = limits.keeps();
        west.keeps = limits.keeps();
    }

    private ModelState(ModelState s) {
        lease = s.lease;
        modified = s.modified;
        east = s.east.copy();
        west = s.west.copy();
        newest = s.newest;
        served = s.served;
        crashes = s.crashes;
        lost = s.lost;
        flips = s.flips;
        points = s.points;
        jumps = s.jumps;
        deletions = s.deletions;
        attestations = s.attestations;
        switches = s.switches;
        jumped = s.jumped;
    }

    ModelState with(Consumer<ModelState> change) {
        ModelState copy = new ModelState(this);
        change.accept(copy);
        return copy;
    }

    Site site(String name) {
        return name.equals("east") ? east : west;
    }

    Site other(Site s) {
        return s.name.equals("east") ? west : east;
    }

    List<Site> sites() {
        return List.of(east, west);
    }

    /** One tick passes. */
    ModelState older(LeaseTiming timing) {
        return with(s -> {
            s.lease = shifted(lease);
            s.modified = Math.min(modified + 1, SILENT);
            s.newest = shifted(newest);
            s.sites().forEach(x -> x.older(timing));
            boolean serving = lease != null && s.site(lease.holder()).attended();
            s.served = serving ? 0 : Math.min(served + 1, OLD);
        });
    }

    static Duration ticks(int n) {
        return Duration.ofSeconds((long) n * TICK);
    }

    static Instant ago(int n) {
        return NOW.minus(ticks(n));
    }

    private static Instant shifted(Instant instant) {
        return shifted(instant, OLD);
    }

    private static Instant shifted(Instant instant, int limit) {
        return instant == null || !instant.isAfter(ago(limit)) ? instant : instant.minus(ticks(1));
    }

    private static PointRef shifted(PointRef point) {
        return point == null ? null : new PointRef(point.point(), point.digest(), shifted(point.capturedAt()));
    }

    private static Lease shifted(Lease lease) {
        return lease == null
                ? null
                : canonical(lease, shifted(lease.renewedAt(), SILENT), shifted(lease.proof()), shifted(lease.start()));
    }

    /** The document without its counters and history, in which equal states would differ. */
    static Lease canonical(Lease lease) {
        return canonical(lease, lease.renewedAt(), lease.proof(), lease.start());
    }

    private static Lease canonical(Lease lease, Instant renewedAt, PointRef proof, PointRef start) {
        return LeaseDraft.after(lease)
                .id(null)
                .writes(0)
                .renewals(0)
                .renewedAt(renewedAt)
                .proof(proof)
                .start(start)
                .terms(List.of())
                .build();
    }

    private Object[] fields() {
        return new Object[] {
            lease,
            modified,
            newest,
            served,
            crashes,
            lost,
            flips,
            points,
            jumps,
            deletions,
            jumped,
            attestations,
            switches
        };
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof ModelState s
                && hashCode() == s.hashCode()
                && Arrays.equals(fields(), s.fields())
                && Arrays.equals(east.fields(), s.east.fields())
                && Arrays.equals(west.fields(), s.west.fields());
    }

    @Override
    public int hashCode() {
        if (hash == 0) {
            hash = Objects.hash(
                    Arrays.hashCode(fields()), Arrays.hashCode(east.fields()), Arrays.hashCode(west.fields()));
        }
        return hash;
    }

    @Override
    public String toString() {
        return Arrays.toString(fields()) + "\n    " + east + "\n    " + west;
    }
}
