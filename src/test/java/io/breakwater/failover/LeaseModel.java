package io.breakwater.failover;

import static io.breakwater.failover.ModelState.NOW;
import static io.breakwater.failover.ModelState.OLD;
import static io.breakwater.failover.ModelState.ago;
import static io.breakwater.failover.ModelState.ticks;

import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.failover.ModelState.Flight;
import io.breakwater.failover.ModelState.Pods;
import io.breakwater.failover.ModelState.Site;
import io.breakwater.failover.SiteFacts.Handover;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Two sites, a store and a clock, explored exhaustively: every order of reads and of writes that land, are lost, land late or
 * lose their answer; operators and whole sites that die at any point and come back, the pods before the operator; points; and
 * users who change their mind. The sites decide with the very {@link LeaseRules} that the operator uses. The reachable states
 * are finite without a limit on time; {@link Limits} bounds the disturbances of one history.
 */
final class LeaseModel {
    /**
     * How much goes wrong in one history.
     *
     * @param lost writes whose effect or answer is lost or late
     * @param flips edits of spec.activeSite, each on one site
     * @param points points that are copied
     * @param skew how much the clock of east is ahead of the store's
     */
    record Limits(int crashes, int lost, int flips, int points, Duration maxDataLoss, Duration skew) {}

    /**
     * What is under test: the rules, and what the processes promise to do around them.
     *
     * @param podsFirst whether the final point waits for the pods to be gone
     * @param conditional whether a write depends on the version that was read
     * @param gates whether a holder that cannot renew gates
     */
    record Subject(
            Function<SiteFacts, LeaseAction> rules,
            LeaseTiming timing,
            boolean podsFirst,
            boolean conditional,
            boolean gates) {
        static Subject real() {
            return new Subject(LeaseRules::decide, LeaseTiming.of(LeaseTiming.SHORTEST), true, true, true);
        }
    }

    /** A history that breaks an invariant. */
    static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1;

        Violation(String what) {
            super(what);
        }
    }

    private record Step(String what, ModelState from) {}

    private final Subject subject;
    private final Limits limits;
    private final Map<ModelState, Step> reached = new HashMap<>();

    LeaseModel(Subject subject, Limits limits) {
        this.subject = subject;
        this.limits = limits;
    }

    /**
     * Visits every reachable state.
     *
     * @return all of them
     * @throws Violation with the shortest history that breaks an invariant
     */
    List<ModelState> explore() {
        ModelState start = new ModelState(limits);
        reached.put(start, new Step("start", null));
        List<ModelState> all = new ArrayList<>(List.of(start));
        for (int i = 0; i < all.size(); i++) {
            ModelState s = all.get(i);
            each(s, (what, next) -> {
                if (reached.putIfAbsent(next, new Step(what, s)) == null) {
                    all.add(next);
                }
            });
        }
        return all;
    }

    /** Lets operators and nodes come back and work undisturbed for some minutes. */
    ModelState settle(ModelState from) {
        ModelState s = from;
        for (int i = 0; i < 40; i++) {
            for (String name : List.of("east", "west")) {
                s = s.with(x -> comesBack(x, x.site(name), true));
                for (int j = 0; j < 3; j++) {
                    s = gated(s, name);
                    s = s.with(x -> decide(x, x.site(name)));
                    s = s.with(x -> land(x, x.site(name), true));
                }
            }
            s = s.older(subject.timing());
        }
        return s;
    }

    private void each(ModelState s, BiConsumer<String, ModelState> next) {
        Take take = (what, change) -> {
            try {
                ModelState to = s.with(change::accept);
                if (!to.equals(s)) {
                    check(to);
                    next.accept(what, to);
                }
            } catch (Violation v) {
                throw new Violation(v.getMessage() + history(s) + "\n  " + what + "\nfrom " + s);
            }
        };
        if (s.sites().stream().allMatch(x -> !due(x) && x.mayWait())) {
            ModelState older = s.older(subject.timing());
            check(older);
            next.accept("time passes", older);
        }
        for (String name : List.of("east", "west")) {
            siteEvents(s, name, take);
        }
    }

    private interface Take {
        void event(String what, java.util.function.Consumer<ModelState> change);
    }

    private void siteEvents(ModelState s, String name, Take take) {
        Site site = s.site(name);
        if (site.cut) {
            take.event(name + ": link is back", x -> x.site(name).cut = false);
        }
        if (site.operator) {
            if (due(site)) {
                take.event(name + " gates in time", x -> x.site(name).close());
            } else if (site.flight == null && site.beat > 0 && !site.cut) {
                take.event(name + " reads and decides", x -> decide(x, x.site(name)));
            }
            if (s.crashes > 0) {
                take.event(name + ": operator dies", x -> dies(x, x.site(name), false));
                take.event(name + ": site dies", x -> dies(x, x.site(name), true));
                take.event(name + ": link to the store is cut", x -> cut(x, x.site(name)));
            }
        } else {
            take.event(name + ": operator is back", x -> comesBack(x, x.site(name), true));
            take.event(name + ": node is back", x -> comesBack(x, x.site(name), false));
        }
        writeEvents(s, name, take);
        if (s.flips > 0) {
            take.event(name + ": user edits activeSite", x -> flip(x, x.site(name)));
        }
        boolean holder = s.lease != null && s.lease.heldBy(name);
        if (s.points > 0 && holder && site.operator && site.attended() && site.pods == Pods.Running) {
            take.event(name + " makes a point", x -> {
                x.points--;
                x.newest = captured(x.site(name));
            });
        }
    }

    private void writeEvents(ModelState s, String name, Take take) {
        Site site = s.site(name);
        if (site.flight != null && !site.cut) {
            take.event(name + ": write is answered", x -> land(x, x.site(name), true));
        }
        if (site.flight != null && !site.flight.slow() && s.lost > 0) {
            take.event(name + ": write lands, answer lost", x -> {
                x.lost--;
                land(x, x.site(name), false);
            });
            take.event(name + ": write takes long", x -> {
                x.lost--;
                x.site(name).flight = site.flight.whichIsSlow();
            });
            if (site.flight.fresh()) {
                take.event(name + ": write lands, answer takes long", x -> {
                    x.lost--;
                    x.site(name).flight = site.flight.whichLanded();
                    store(x, site.flight);
                });
            }
            take.event(name + ": write is not answered", x -> {
                x.lost--;
                x.site(name).late = site.flight;
                x.site(name).flight = null;
            });
        }
        if (site.late != null) {
            take.event(name + ": late write lands", x -> {
                x.site(name).late = null;
                if (site.late.fresh() || !subject.conditional()) {
                    store(x, site.late);
                }
            });
            take.event(name + ": late write is lost", x -> x.site(name).late = null);
        }
    }

    // ---- a site at work -------------------------------------------------------------------------------------------

    /** Whether this site's own timer says that it is time to gate; it fires before time goes on. */
    private boolean due(Site site) {
        return subject.gates()
                && site.operator
                && site.gateOpen
                && !subject.timing().mayRun(ticks(site.renewal));
    }

    private ModelState gated(ModelState s, String name) {
        return due(s.site(name)) ? s.with(x -> x.site(name).close()) : s;
    }

    private void decide(ModelState s, Site site) {
        if (site.flight != null || !site.operator || site.cut) {
            return;
        }
        site.beat = 0;
        LeaseAction move = subject.rules().apply(situation(s, site));
        switch (move) {
            case LeaseAction.Create m -> {
                site.known = 0;
                send(site, m, m.lease());
            }
            case LeaseAction.Acquire m -> {
                site.known = m.lease().epoch();
                site.close();
                send(site, m, m.lease());
            }
            case LeaseAction.Write m -> send(site, m, m.lease());
            case LeaseAction.Serve m -> send(site, m, renewal(s, site));
            case LeaseAction.Promote m -> send(site, m, s.lease.serving());
            case LeaseAction.HandOver m -> {
                site.close();
                if (site.last == null && (!site.runs() || !subject.podsFirst())) {
                    site.last = captured(site);
                }
                send(site, m, renewal(s, site));
            }
            case LeaseAction.Follow m -> standBy(site);
            case LeaseAction.Rejected m -> standBy(site);
            default -> site.close();
        }
    }

    private SiteFacts situation(ModelState s, Site site) {
        boolean ready = site.last != null && (!site.runs() || !subject.podsFirst());
        return new SiteFacts(
                site.name,
                subject.timing(),
                Optional.ofNullable(s.lease).map(l -> new LeaseVersion(l, "", ago(s.modified), NOW)),
                site.known < 0 ? OptionalLong.empty() : OptionalLong.of(site.known),
                site.named.equals(site.name),
                LeaseRules.wants(site.name, site.named, site.settled),
                site.name + site.generation,
                limits.maxDataLoss(),
                ticks(s.other(site).beat).compareTo(subject.timing().duration()) > 0,
                ready ? new Handover.Complete(site.last) : Handover.PENDING,
                Optional.ofNullable(s.newest));
    }

    private void standBy(Site site) {
        site.close();
        site.settled = site.named;
    }

    private static void send(Site site, LeaseAction move, Lease document) {
        site.flight = new Flight(move, ModelState.canonical(document), true, false, false, 0);
    }

    private Lease renewal(ModelState s, Site site) {
        return s.lease.renewed(subject.timing().duration(), skew(site.name).toMillis());
    }

    private PointRef captured(Site site) {
        return new PointRef(site.name + "/shop/p", "d", NOW.plus(skew(site.name)));
    }

    private Duration skew(String site) {
        return site.equals("east") ? limits.skew() : Duration.ZERO;
    }

    // ---- the store ------------------------------------------------------------------------------------------------

    private void land(ModelState s, Site site, boolean answered) {
        Flight f = site.flight;
        site.flight = null;
        if (f == null || !f.landed() && !f.fresh() && subject.conditional()) {
            return;
        }
        if (!f.landed()) {
            store(s, f);
        }
        if (answered) {
            learn(site, f);
        }
    }

    /** The write takes effect; every other one on its way depends on a version that is gone now. */
    private void store(ModelState s, Flight f) {
        Lease before = s.lease;
        if (before != null) {
            checkWrite(s, before, f);
        }
        boolean turned = before != null && before.epoch() != f.document().epoch();
        s.lease = f.document();
        s.modified = 0;
        for (Site x : s.sites()) {
            x.last = turned || f.move() instanceof LeaseAction.RollBack ? null : x.last;
            if (x.flight != null && x.flight.landed()) {
                continue;
            }
            if (subject.conditional()) {
                x.flight = x.flight == null ? null : Flight.FUTILE;
                x.late = null;
            } else {
                x.flight = x.flight == null ? null : x.flight.stale();
                x.late = x.late == null ? null : x.late.stale();
            }
        }
        if (turned) {
            s.newest = f.document().start();
            s.served = OLD;
        }
    }

    /** The site learns that its write holds. */
    private void learn(Site site, Flight f) {
        Lease now = f.document();
        if (!now.heldBy(site.name)) {
            site.close();
            site.settled = f.move() instanceof LeaseAction.Release ? site.named : site.settled;
            return;
        }
        site.known = now.epoch();
        site.renewal = f.age();
        if (now.state() != Lease.State.Held) {
            if (subject.podsFirst()) {
                site.close();
            }
        } else if (now.request() == null && subject.timing().mayRun(ticks(site.renewal))) {
            site.open();
            site.settled = site.named;
        }
    }

    // ---- disturbances ---------------------------------------------------------------------------------------------

    private static void dies(ModelState s, Site site, boolean whole) {
        s.crashes--;
        site.operator = false;
        site.late = site.flight == null || site.flight.landed() ? site.late : site.flight;
        site.flight = null;
        if (whole) {
            site.node = false;
            site.pods = Pods.None;
            site.unattended = false;
        }
    }

    private static void cut(ModelState s, Site site) {
        s.crashes--;
        site.cut = true;
        site.late = site.flight == null || site.flight.landed() ? site.late : site.flight;
        site.flight = null;
    }

    /** The node brings its pods back, with nobody there yet to gate them. */
    private static void comesBack(ModelState s, Site site, boolean operator) {
        if (!site.node && site.gateOpen) {
            site.pods = Pods.Running;
            site.unattended = true;
        }
        site.node = true;
        site.cut = false;
        site.operator = site.operator || operator;
    }

    private static void flip(ModelState s, Site site) {
        s.flips--;
        site.generation++;
        site.named = site.named.equals("east") ? "west" : "east";
    }

    // ---- invariants -----------------------------------------------------------------------------------------------

    /** I1. Pods that nobody could gate in time are the one exception, and are never those of the holder. */
    private static void check(ModelState s) {
        if (s.east.attended() && s.west.attended()) {
            throw new Violation("I1: pods run on both sites");
        }
    }

    private void checkWrite(ModelState s, Lease before, Flight f) {
        Lease after = f.document();
        if (after.epoch() < before.epoch()) {
            throw new Violation("I2: the epoch goes back from " + before.epoch() + " to " + after.epoch());
        }
        if (after.epoch() == before.epoch() && !after.holder().equals(before.holder())) {
            throw new Violation("I1: two holders in epoch " + after.epoch());
        }
        if (after.epoch() > before.epoch()) {
            checkLoss(s, f);
        }
    }

    private void checkLoss(ModelState s, Flight f) {
        PointRef start = f.document().start();
        Duration lost = s.served == OLD
                ? Duration.ZERO
                : Duration.between(start.capturedAt().minus(skew(start.site())), ago(s.served));
        if (f.document().fence() == Fence.Graceful && lost.isPositive()) {
            throw new Violation("I3: " + lost + " lost in a planned failover");
        }
        Duration told = f.move() instanceof LeaseAction.Acquire a ? a.loss() : Duration.ZERO;
        if (lost.compareTo(told) > 0 || told.compareTo(limits.maxDataLoss()) > 0) {
            throw new Violation("I4: " + lost + " lost, " + told + " told, " + limits.maxDataLoss() + " allowed");
        }
    }

    private String history(ModelState s) {
        Deque<String> lines = new ArrayDeque<>();
        for (Step at = reached.get(s); at != null; at = at.from() == null ? null : reached.get(at.from())) {
            lines.push("\n  " + at.what());
        }
        return String.join("", lines);
    }
}
