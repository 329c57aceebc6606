package io.breakwater.lease;

import static io.breakwater.lease.ModelState.NOW;
import static io.breakwater.lease.ModelState.OLD;
import static io.breakwater.lease.ModelState.ago;
import static io.breakwater.lease.ModelState.ticks;

import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.lease.LeaseInvariants.Violation;
import io.breakwater.lease.ModelState.Flight;
import io.breakwater.lease.ModelState.Pods;
import io.breakwater.lease.ModelState.Site;
import io.breakwater.lease.SiteFacts.Handover;
import java.time.Duration;
import java.time.Instant;
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
 * Two sites, a store and a clock, explored exhaustively. A write can succeed, fail, succeed late or lose its answer, in every
 * order with reads. Operators and whole sites can die at any point and return, the pods before the operator. Sites make points,
 * and users edit spec.activeSite repeatedly. The sites decide with the same {@link LeaseRules} as the operator. The number of
 * reachable states is finite without a limit on time. {@link Limits} bounds the disturbances of one history.
 */
final class LeaseModel {
    /** One step of the store's clock. It is longer than any lease of the model. */
    static final Duration JUMP = Duration.ofMinutes(1);

    /**
     * The disturbances of one history.
     *
     * @param lost writes whose effect or answer is lost or late
     * @param flips edits of spec.activeSite, each on one site
     * @param points points that are copied
     * @param skew lead of the clock of east over the clock of the store
     * @param jumps steps of the store's clock by {@link #JUMP}, in either direction
     * @param deletions namespaces that are deleted on the active site, and created again there
     * @param keeps whether the plans say {@code KeepServing} at first
     * @param switches edits of spec.lease.onLoss, each on one site
     * @param attestations that the other site is off, when it is
     */
    record Limits(
            int crashes,
            int lost,
            int flips,
            int points,
            Duration maxDataLoss,
            Duration skew,
            int jumps,
            int deletions,
            boolean keeps,
            int switches,
            int attestations) {
        Limits(int crashes, int lost, int flips, int points, Duration maxDataLoss, Duration skew) {
            this(crashes, lost, flips, points, maxDataLoss, skew, 0, 0);
        }

        Limits(
                int crashes,
                int lost,
                int flips,
                int points,
                Duration maxDataLoss,
                Duration skew,
                int jumps,
                int deletions) {
            this(crashes, lost, flips, points, maxDataLoss, skew, jumps, deletions, false, 0, 0);
        }

        /** Plans that keep serving, in histories with one crash. */
        static Limits keeping(int crashes, int flips, int switches, int attestations) {
            return new Limits(
                    crashes, 0, flips, 1, Duration.ofMinutes(1), Duration.ZERO, 0, 0, true, switches, attestations);
        }

        Duration skewOf(String site) {
            return site.equals("east") ? skew : Duration.ZERO;
        }
    }

    /**
     * The subject of the test: the rules, and the guarantees of the processes that follow them.
     *
     * @param watch how a site measures the time for which the lease has stood still
     * @param podsFirst whether the final point waits until the pods have ended
     * @param conditional whether a write depends on the version that was read
     * @param gates whether a holder that cannot renew gates
     * @param takesBack whether a site that has offered the lease takes it back before it serves again
     * @param confirms whether a site serves on without a renewal only after a renewal has said {@code KeepServing}
     */
    record Subject(
            Function<SiteFacts, LeaseAction> rules,
            LeaseTiming timing,
            Watch watch,
            boolean podsFirst,
            boolean conditional,
            boolean gates,
            boolean takesBack,
            boolean confirms) {
        static Subject real() {
            return new Subject(
                    LeaseRules::decide,
                    LeaseTiming.of(LeaseTiming.SHORTEST),
                    (s, x) -> ticks(x.watched),
                    true,
                    true,
                    true,
                    true,
                    true);
        }
    }

    /** The time for which a site believes that the lease has stood still. */
    interface Watch {
        Duration stoodStill(ModelState state, Site reader);
    }

    private record Step(String what, ModelState from) {}

    private final Subject subject;
    private final Limits limits;
    private final LeaseInvariants invariants;
    private final Map<ModelState, Step> reached = new HashMap<>();

    LeaseModel(Subject subject, Limits limits) {
        this.subject = subject;
        this.limits = limits;
        this.invariants = new LeaseInvariants(limits);
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

    /** Restarts operators and nodes, which work without disturbances for some minutes. */
    ModelState settle(ModelState from) {
        ModelState s = from;
        for (int i = 0; i < 40; i++) {
            for (String name : List.of("east", "west")) {
                s = s.with(x -> comeBack(x, x.site(name), true));
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
                    LeaseInvariants.check(to);
                    next.accept(what, to);
                }
            } catch (Violation v) {
                throw new Violation(v.getMessage() + history(s) + "\n  " + what + "\nfrom " + s);
            }
        };
        if (s.sites().stream().allMatch(x -> !due(x) && x.mayWait())) {
            ModelState older = s.older(subject.timing());
            LeaseInvariants.check(older);
            next.accept("time passes", older);
        }
        for (String name : List.of("east", "west")) {
            siteEvents(s, name, take);
        }
        if (s.jumps > 0) {
            take.event("the clock of the store jumps ahead", x -> jump(x, JUMP));
            take.event("the clock of the store jumps back", x -> jump(x, JUMP.negated()));
        }
    }

    private interface Take {
        void event(String what, java.util.function.Consumer<ModelState> change);
    }

    private void siteEvents(ModelState s, String name, Take take) {
        Site site = s.site(name);
        if (site.cut) {
            take.event(name + ": link is restored", x -> x.site(name).cut = false);
        }
        if (site.operator) {
            if (due(site)) {
                take.event(name + " gates in time", x -> x.site(name).close());
            } else if (site.flight == null && site.beat > 0 && !site.cut) {
                take.event(name + " reads and decides", x -> decide(x, x.site(name)));
                if (isOffered(s) || s.lease != null && s.lease.state() == Lease.State.Releasing) {
                    take.event(name + " decides after a failure", x -> decide(x, x.site(name), true));
                }
            }
            if (s.crashes > 0) {
                take.event(name + ": operator dies", x -> dies(x, x.site(name), false));
                take.event(name + ": site dies", x -> dies(x, x.site(name), true));
                take.event(name + ": link to the store is cut", x -> cut(x, x.site(name)));
            }
        } else {
            take.event(name + ": operator starts again", x -> comeBack(x, x.site(name), true));
            take.event(name + ": node starts again", x -> comeBack(x, x.site(name), false));
        }
        writeEvents(s, name, take);
        if (s.deletions > 0 && holds(s, site) && site.flight == null) {
            take.event(name + ": namespace is deleted", x -> delete(x, x.site(name), false));
            take.event(name + ": namespace is deleted, and filled by hand", x -> delete(x, x.site(name), true));
        }
        if (s.flips > 0) {
            take.event(name + ": user edits activeSite", x -> flip(x, x.site(name)));
        }
        if (s.switches > 0) {
            take.event(name + ": user edits onLoss", x -> switchOnLoss(x, x.site(name)));
        }
        boolean isOther = s.lease != null && s.lease.heldBy(s.other(site).name);
        if (s.attestations > 0 && isOther && !s.other(site).node) {
            take.event(name + ": user attests that the other site is off", x -> attest(x, x.site(name)));
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

    /** Whether the timer of this site requires the gate to close; the timer fires before more time passes. */
    private boolean due(Site site) {
        return subject.gates()
                && site.operator
                && site.gateOpen
                && !(serves(site) && !site.unattended)
                && !subject.timing().mayRun(ticks(site.renewal));
    }

    /** Whether the site serves without a renewal, unless its pods started without an operator. */
    private boolean serves(Site site) {
        return subject.confirms() ? site.servesOn : site.keeps;
    }

    private ModelState gated(ModelState s, String name) {
        return due(s.site(name)) ? s.with(x -> x.site(name).close()) : s;
    }

    private void decide(ModelState s, Site site) {
        decide(s, site, false);
    }

    /** @param fails whether the deadline of the hand-over is over, or the offered point cannot be restored */
    private void decide(ModelState s, Site site, boolean fails) {
        if (site.flight != null || !site.operator || site.cut) {
            return;
        }
        site.beat = 0;
        boolean holds = s.lease != null && s.lease.heldBy(site.name);
        site.servesOn = site.servesOn && site.keeps && holds;
        site.attested = holds ? ModelState.UNSEEN : site.attested;
        site.watched = s.lease == null || s.lease.heldBy(site.name) ? ModelState.UNSEEN : Math.max(site.watched, 0);
        LeaseAction action = subject.rules().apply(facts(s, site, fails));
        switch (action) {
            case LeaseAction.Create create -> {
                site.known = 0;
                send(site, create, create.lease());
            }
            case LeaseAction.Acquire acquire -> {
                site.known = acquire.lease().epoch();
                site.close();
                send(site, acquire, acquire.lease());
            }
            case LeaseAction.TakeInPlace take -> {
                site.known = take.lease().epoch();
                send(site, take, take.lease());
            }
            case LeaseAction.RollBack _
            when s.lease.state() == Lease.State.Offered && !subject.takesBack() -> site.open();
            case LeaseAction.Write write -> send(site, write, write.lease());
            case LeaseAction.Serve serve -> send(site, serve, renewal(s, site));
            case LeaseAction.Promote promote -> send(site, promote, s.lease.serving());
            case LeaseAction.HandOver handOver -> {
                site.close();
                if (site.last == null && (!site.runs() || !subject.podsFirst())) {
                    site.last = captured(site, "final");
                }
                send(site, handOver, renewal(s, site));
            }
            case LeaseAction.Standby standby -> standBy(standby, site);
        }
    }

    private SiteFacts facts(ModelState s, Site site, boolean fails) {
        return new SiteFacts.Draft()
                .site(site.name)
                .timing(subject.timing())
                .seen(Optional.ofNullable(s.lease)
                        .map(lease -> new LeaseVersion(
                                lease,
                                "",
                                ago(s.modified),
                                storeTime(s),
                                subject.watch().stoodStill(s, site))))
                .knownEpoch(site.known < 0 ? OptionalLong.empty() : OptionalLong.of(site.known))
                .named(site.named.equals(site.name))
                .wanted(isAttested(site) || LeaseRules.wants(site.name, site.named, site.settled))
                .run(isAttested(site) ? "request" : site.name + site.generation)
                .attestation(attestation(s, site))
                .maxDataLoss(limits.maxDataLoss())
                .peerSilent(ticks(s.other(site).beat).compareTo(subject.timing().duration()) > 0)
                .handover(progress(s, site, fails))
                .newest(Optional.ofNullable(s.newest))
                .inPlace(site.filled)
                .hasVolumes(site.filled)
                .build();
    }

    private static boolean isAttested(Site site) {
        return site.attested != ModelState.UNSEEN;
    }

    private static Optional<Attestation> attestation(ModelState s, Site site) {
        if (!isAttested(site) || s.lease == null) {
            return Optional.empty();
        }
        RenewalCounter renewal = site.contradicted ? new RenewalCounter(0, 0) : RenewalCounter.of(s.lease);
        return Optional.of(new Attestation(renewal, ticks(site.attested), ticks(site.attested)));
    }

    /** A site that has not restored the offered point yet is one that does not decide yet. */
    private Handover progress(ModelState s, Site site, boolean fails) {
        if (fails) {
            return new Handover.Failed("deadline");
        }
        if (isOffered(s)) {
            return s.lease.holder().equals(site.name) ? Handover.PENDING : new Handover.Complete(s.lease.proof());
        }
        boolean ready = site.last != null && (!site.runs() || !subject.podsFirst());
        return ready ? new Handover.Complete(site.last) : Handover.PENDING;
    }

    private static boolean isOffered(ModelState s) {
        return s.lease != null && s.lease.state() == Lease.State.Offered;
    }

    private static void standBy(LeaseAction.Standby action, Site site) {
        site.close();
        if (action instanceof LeaseAction.Contradicted || action instanceof LeaseAction.Rejected) {
            site.attested = ModelState.UNSEEN;
        }
        boolean settles = switch (action) {
            case LeaseAction.Follow _, LeaseAction.Rejected _, LeaseAction.AwaitOrder _, LeaseAction.AwaitTake _ ->
                true;
            case LeaseAction.Prepare _,
                    LeaseAction.AwaitRelease _,
                    LeaseAction.AwaitExpiry _,
                    LeaseAction.AwaitAttestation _,
                    LeaseAction.ConfirmAttestation _,
                    LeaseAction.Contradicted _,
                    LeaseAction.TooMuchLoss _,
                    LeaseAction.NothingToStartFrom _,
                    LeaseAction.Unguarded _,
                    LeaseAction.Missing _,
                    LeaseAction.Amnesia _ -> false;
        };
        if (settles) {
            site.settled = site.named;
        }
    }

    private static void send(Site site, LeaseAction action, Lease document) {
        site.flight = new Flight(action, ModelState.canonical(document), true, false, false, 0);
    }

    private Lease renewal(ModelState s, Site site) {
        return s.lease.renewed(
                subject.timing().duration(),
                site.keeps ? OnLoss.KeepServing : OnLoss.Gate,
                limits.skewOf(site.name).toMillis());
    }

    private PointRef captured(Site site) {
        return captured(site, "d");
    }

    private PointRef captured(Site site, String digest) {
        return new PointRef(site.name + "/shop/p", digest, NOW.plus(limits.skewOf(site.name)));
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

    /** The write takes effect. Every other write without an answer depends on an old version now. */
    private void store(ModelState s, Flight f) {
        Lease before = s.lease;
        if (before != null) {
            invariants.checkWrite(s, before, f);
        }
        boolean turned = before != null && before.epoch() != f.document().epoch();
        s.lease = f.document();
        s.modified = 0;
        boolean renewal = f.document().renewedAt() == null;
        s.jumped = renewal ? Duration.ZERO : s.jumped;
        for (Site x : s.sites()) {
            x.watched = renewal ? ModelState.UNSEEN : x.watched;
            x.contradicted = isAttested(x) && (x.contradicted || renewal);
            x.last = turned || f.action() instanceof LeaseAction.RollBack ? null : x.last;
            boolean waiting = x.flight != null && !x.flight.landed();
            if (subject.conditional()) {
                x.flight = waiting ? Flight.FUTILE : x.flight;
                x.late = null;
            } else {
                x.flight = waiting ? x.flight.stale() : x.flight;
                x.late = x.late == null ? null : x.late.stale();
            }
        }
        if (turned) {
            s.newest = f.document().start();
            s.served = OLD;
        }
    }

    /** The site receives the answer that its write succeeded. */
    private void learn(Site site, Flight f) {
        Lease now = f.document();
        if (!now.heldBy(site.name)) {
            site.close();
            site.servesOn = false;
            site.settled = f.action() instanceof LeaseAction.Offer ? site.named : site.settled;
            return;
        }
        site.known = now.epoch();
        site.renewal = f.age();
        site.servesOn = site.keeps && now.servesOn();
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
        site.watched = ModelState.UNSEEN;
        site.late = site.flight == null || site.flight.landed() ? site.late : site.flight;
        site.flight = null;
        if (whole) {
            site.node = false;
            site.pods = Pods.None;
            site.unattended = false;
        }
    }

    /** The clock of the store shows another time since the last renewal than has passed. */
    private static void jump(ModelState s, Duration by) {
        s.jumps--;
        s.jumped = s.jumped.plus(by);
    }

    /** The clock of the store. Times of earlier renewals are relative to the true one. */
    static Instant storeTime(ModelState s) {
        return NOW.plus(s.jumped);
    }

    private static void cut(ModelState s, Site site) {
        s.crashes--;
        site.cut = true;
        site.late = site.flight == null || site.flight.landed() ? site.late : site.flight;
        site.flight = null;
    }

    /** The node starts its pods again, before an operator can gate them. */
    private static void comeBack(ModelState s, Site site, boolean operator) {
        if (!site.node && site.gateOpen) {
            site.pods = Pods.Running;
            site.unattended = true;
        }
        site.node = true;
        site.cut = false;
        site.operator = site.operator || operator;
    }

    /** Whether the guard of a site works and renews the lease. */
    private boolean holds(ModelState s, Site site) {
        return site.operator
                && !site.cut
                && s.lease != null
                && s.lease.heldBy(site.name)
                && site.known == s.lease.epoch()
                && subject.timing().mayRun(ticks(site.renewal));
    }

    /** The guard vacates the lease when the pods have ended. Git creates the namespace and the plan again. */
    private void delete(ModelState s, Site site, boolean filled) {
        s.deletions--;
        site.gateOpen = false;
        site.pods = filled ? Pods.Running : Pods.None;
        site.unattended = filled;
        site.known = -1;
        site.settled = null;
        site.filled = filled;
        store(s, new Flight(null, ModelState.canonical(s.lease.vacated()), true, false, false, 0));
    }

    private static void flip(ModelState s, Site site) {
        s.flips--;
        site.generation++;
        site.named = site.named.equals("east") ? "west" : "east";
    }

    private static void switchOnLoss(ModelState s, Site site) {
        s.switches--;
        site.keeps = !site.keeps;
    }

    private static void attest(ModelState s, Site site) {
        s.attestations--;
        site.attested = 0;
        site.contradicted = false;
    }

    private String history(ModelState s) {
        Deque<String> lines = new ArrayDeque<>();
        for (Step at = reached.get(s); at != null; at = at.from() == null ? null : reached.get(at.from())) {
            lines.push("\n  " + at.what());
        }
        return String.join("", lines);
    }
}
