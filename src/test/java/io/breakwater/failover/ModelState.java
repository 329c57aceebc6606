package io.breakwater.failover;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * One state of {@link LeaseModel}. Ages are in ticks and instants relative to {@link #NOW}, which never moves: as time goes
 * by, everything else grows older, up to an age at which it makes no more difference. Immutable but for the copy that
 * {@link #with} hands to its change.
 */
final class ModelState {
    /** Seconds of a tick. */
    static final int TICK = 5;

    static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    /** Ticks after which the age of a point or of a last service makes no more difference. */
    static final int OLD = 18;

    /** The same for a lease, a heartbeat. */
    private static final int SILENT = 8;

    /** The same for a renewal as its holder sees it. */
    private static final int UNRENEWED = 3;

    enum Pods {
        None,
        Running,
        Ending
    }

    /**
     * A write on its way; {@code fresh} while the version that it depends on is the present one,
     * {@code slow} once time may pass before it is answered, {@code landed} when only the answer is missing.
     */
    record Flight(LeaseAction move, Lease document, boolean fresh, boolean slow, boolean landed, int age) {
        Flight older() {
            return this == FUTILE
                    ? this
                    : new Flight(move, shifted(document), fresh, slow, landed, Math.min(age + 1, UNRENEWED));
        }

        Flight stale() {
            return new Flight(move, document, false, slow, landed, age);
        }

        Flight whichIsSlow() {
            return this == FUTILE ? this : new Flight(move, document, fresh, true, landed, age);
        }

        /** In the store, but its site does not know yet. */
        Flight whichLanded() {
            return new Flight(move, document, fresh, true, true, age);
        }

        /** Whose write can only fail. */
        static final Flight FUTILE = new Flight(null, null, false, false, false, 0);
    }

    /** One cluster with its operator; what is in it survives the operator, but for the write on its way. */
    static final class Site {
        String name;
        boolean operator = true;
        boolean node = true;
        /** The store cannot be reached from here. */
        boolean cut;

        boolean gateOpen;
        Pods pods = Pods.None;
        /** Ticks since the pods were told to end. */
        int ending;
        /** Ticks since the last renewal that the site knows of was started. */
        int renewal = UNRENEWED;
        /** Ticks since the operator was last seen. */
        int beat;
        /** The epoch that the cluster remembers; -1 for none. */
        long known = -1;

        String named = "east";
        String settled = "east";
        int generation;
        PointRef last;
        Flight flight;
        Flight late;
        /** Pods run, or ran on, although nobody was there to gate them when it was time. */
        boolean unattended;

        boolean runs() {
            return pods != Pods.None;
        }

        boolean attended() {
            return runs() && !unattended;
        }

        /** Whether time may pass: the operator has had its turn, or cannot have it. */
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
                unattended
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
            s.unattended = unattended;
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
            if (pods == Pods.Ending
                    && (++ending + 1) * TICK > timing.gateBudget().toSeconds()) {
                pods = Pods.None;
                ending = 0;
            }
            unattended = runs() && (unattended || !operator && gateOpen && !timing.mayRun(ticks(renewal)));
            last = shifted(last);
            flight = flight == null ? null : flight.older();
            late = late == null
                    ? null
                    : new Flight(late.move(), shifted(late.document()), late.fresh(), true, false, 0);
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
    /** The newest point of the present epoch that lies on both sites. */
    PointRef newest;
    /** Ticks since an attended pod of the present epoch ran last. */
    int served = OLD;

    int crashes;
    int lost;
    int flips;
    int points;
    private int hash;

    ModelState(LeaseModel.Limits limits) {
        east.name = "east";
        west.name = "west";
        crashes = limits.crashes();
        lost = limits.lost();
        flips = limits.flips();
        points = limits.points();
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

    private static Instant shifted(Instant i) {
        return shifted(i, OLD);
    }

    private static Instant shifted(Instant i, int limit) {
        return i == null || !i.isAfter(ago(limit)) ? i : i.minus(ticks(1));
    }

    private static PointRef shifted(PointRef p) {
        return p == null ? null : new PointRef(p.point(), p.digest(), shifted(p.capturedAt()));
    }

    private static Lease shifted(Lease l) {
        return l == null ? null : canonical(l, shifted(l.renewedAt(), SILENT), shifted(l.proof()), shifted(l.start()));
    }

    /** The document without its counters and history, which would only tell equal states apart. */
    static Lease canonical(Lease l) {
        return canonical(l, l.renewedAt(), l.proof(), l.start());
    }

    private static Lease canonical(Lease l, Instant renewedAt, PointRef proof, PointRef start) {
        return new Lease(
                l.schemaVersion(),
                l.epoch(),
                l.holder(),
                l.state(),
                l.fence(),
                l.durationSeconds(),
                0,
                renewedAt,
                l.clockAheadMillis(),
                l.request(),
                l.outcome(),
                proof,
                start,
                List.of());
    }

    private Object[] fields() {
        return new Object[] {lease, modified, newest, served, crashes, lost, flips, points};
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
