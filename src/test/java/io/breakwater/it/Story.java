package io.breakwater.it;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.FailoverRequestSpec;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.it.AcknowledgedOrders.Entry;
import io.breakwater.it.StoryRow.Figures;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The story of {@code dev/demo} in ten steps. Each step checks its result; the first one that fails ends the story. */
final class Story implements AutoCloseable {
    private static final String SHOP = "shop";
    private static final String REBUILT = "shop-rebuilt";
    private static final String FIRST = "first";
    private static final Duration FAILOVER = Duration.ofMinutes(4);
    /** More than two renewals of the lease of the example. */
    private static final Duration MISSED = Duration.ofSeconds(20);

    private static final Duration MAX_DATA_LOSS = Duration.ofMinutes(5);

    private final Rig rig;
    private final Progress progress;
    private final OrderStream customers;
    private final List<StoryRow> lines = new ArrayList<>();
    private final Contents first = new Contents();
    private long epoch;

    /** The content of the shop at the time of the first point, as the first restore showed it. */
    private static final class Contents {
        private List<Entry> orders = List.of();
        private List<Entry> files = List.of();
    }

    Story(Rig rig) {
        this.rig = rig;
        this.progress = rig.progress();
        this.customers = new OrderStream(() -> List.of(shop(rig.east()), shop(rig.west())), 20260711);
    }

    /**
     * Runs all steps on a fresh rig.
     *
     * @throws AssertionError in the step that fails, which is then the last line
     */
    void run() {
        step("1 Install Breakwater on both clusters", this::install);
        step("2 Open the shop on east; orders arrive", this::open);
        step("3 Apply policy and plan; first point", this::protect);
        step("4 Drop a table, delete a Deployment; restore", this::undo);
        step("5 Delete the namespace; restore elsewhere", this::rebuild);
        step("6 West's catalog; replication lag", this::replicate);
        step("7 Planned failover to west", () -> handOver(rig.east(), rig.west()));
        step("8 Failback to east", () -> handOver(rig.west(), rig.east()));
        step("9 Kill east; unplanned failover to west", this::disaster);
        step("10 East returns and becomes passive", this::returnOfEast);
    }

    List<StoryRow> lines() {
        return List.copyOf(lines);
    }

    private void step(String name, Supplier<Figures> work) {
        progress.print("== %s", name);
        Instant begin = Instant.now();
        try {
            Figures figures = work.get();
            lines.add(StoryRow.done(name, since(begin), figures));
            progress.print("   %s s: %s", StoryRow.seconds(since(begin)), figures.note());
        } catch (RuntimeException | AssertionError e) {
            lines.add(StoryRow.failed(name, since(begin), e));
            progress.print("!! %s: %s", name, e.getMessage());
            rig.explain(SHOP, REBUILT);
            throw e;
        }
    }

    private Figures install() {
        rig.install();
        return Figures.of("two clusters, three stores, one Helm chart");
    }

    private Figures open() {
        Shop shop = shop(rig.east());
        shop.deploy();
        shop.awaitOpen(progress, Rig.startup());
        customers.start();
        moreOrders(50);
        return Figures.of(customers.state());
    }

    private Figures protect() {
        rig.locate();
        rig.sites().forEach(this::applyPolicyAndPlan);
        epoch = rig.east().awaitRole(SHOP, SHOP, Role.Active, Duration.ofMinutes(1)).epoch;
        rig.west().awaitRole(SHOP, SHOP, Role.Passive, Duration.ofMinutes(1));
        int before = customers.orders.acknowledged();
        rig.east().createPoint(SHOP, FIRST, SHOP);
        RestorePoint point = rig.east().awaitPoint(SHOP, FIRST);
        int after = customers.orders.sent();
        expect(after > before, "no order arrived while the point was made: the shop was blocked");
        return Figures.of("point %s: %d volumes, %d resources, quiesced for %s, orders continued"
                .formatted(
                        FIRST,
                        point.getStatus().volumeCount,
                        point.getStatus().resourceCount,
                        point.getStatus().quiescedFor));
    }

    private void applyPolicyAndPlan(Site site) {
        applyPolicyAndPlan(site, Map.of());
    }

    private void applyPolicyAndPlan(Site site, Map<String, String> annotations) {
        site.cluster().createNamespace(SHOP);
        FailoverPlan plan = Examples.read("failoverplan.yaml", FailoverPlan.class);
        plan.getMetadata().setNamespace(SHOP);
        plan.getMetadata().setAnnotations(annotations);
        site.client().resource(plan).serverSideApply();
        site.client().resource(policy()).serverSideApply();
    }

    /**
     * The policy of the example, with a run every minute; under a plan the operator uses the location near each site.
     */
    private static BackupPolicy policy() {
        BackupPolicy policy = Examples.read("backuppolicy.yaml", BackupPolicy.class);
        policy.getMetadata().setNamespace(SHOP);
        policy.getSpec().schedule.cron = "* * * * *";
        policy.getSpec().objectives.rpo = "5m";
        return policy;
    }

    private Figures undo() {
        moreOrders(25);
        Shop shop = shop(rig.east());
        var figures = new Figures[1];
        customers.whilePaused(() -> {
            shop.dropOrders();
            shop.deleteDeployment();
            Instant disaster = Instant.now();
            rig.east().restore(SHOP, "undo", FIRST, null, OnConflict.Replace);
            shop.awaitOpen(progress, Rig.startup());
            Duration rto = since(disaster);
            first.orders = shop.orders();
            first.files = shop.files();
            int rows = customers.orders.checkState(first.orders);
            int files = customers.files.checkState(first.files);
            AcknowledgedOrders.Loss loss = customers.orders.loss(first.orders);
            customers.orders.acceptRollback(first.orders);
            customers.files.acceptRollback(first.files);
            figures[0] = new Figures(
                    loss.time(),
                    rto,
                    "exactly the point's %d orders and %d files, checksums match".formatted(rows, files));
        });
        expect(!first.orders.isEmpty() && !first.files.isEmpty(), "the point contained no orders or no files");
        return figures[0];
    }

    private Figures rebuild() {
        moreOrders(25);
        Site east = rig.east();
        var figures = new Figures[1];
        customers.whilePaused(() -> {
            Instant disaster = Instant.now();
            east.cluster().deleteNamespace(SHOP, progress);
            RestorePoint listed = east.awaitListed(Rig.SYSTEM, Rig.EAST, SHOP, FIRST);
            String point = listed.getMetadata().getName();
            east.restore(Rig.SYSTEM, "rebuild", point, REBUILT, OnConflict.Fail);
            Shop rebuilt = new Shop(east.cluster(), REBUILT);
            rebuilt.awaitOpen(progress, Rig.startup());
            Duration rto = since(disaster);
            same("orders", first.orders, rebuilt.orders());
            same("files", first.files, rebuilt.files());
            AcknowledgedOrders.Loss loss = customers.orders.loss(first.orders);
            moveBack(east, point);
            figures[0] = new Figures(
                    loss.time(),
                    rto,
                    "namespace %s has the same %d orders and %d files"
                            .formatted(REBUILT, first.orders.size(), first.files.size()));
        });
        return figures[0];
    }

    /** Moves the shop to the namespace of its plan. */
    private void moveBack(Site east, String point) {
        east.cluster().deleteNamespace(REBUILT, progress);
        east.restore(Rig.SYSTEM, "home", point, SHOP, OnConflict.Fail);
        // The plan left a vacated lease; the restored shop takes it and keeps running.
        applyPolicyAndPlan(east, Map.of(Api.IN_PLACE, Long.toString(epoch)));
        epoch = east.awaitRole(SHOP, SHOP, Role.Active, Duration.ofMinutes(2)).epoch;
        Shop shop = shop(east);
        shop.awaitOpen(progress, Rig.startup());
        same("orders", first.orders, shop.orders());
        same("files", first.files, shop.files());
        customers.orders.acceptRollback(first.orders);
        customers.files.acceptRollback(first.files);
    }

    private Figures replicate() {
        moreOrders(25);
        rig.east().createPoint(SHOP, "second", SHOP);
        rig.east().awaitPoint(SHOP, "second");
        Instant sealed = Instant.now();
        rig.east().awaitCopy(SHOP, "second", "blob-west");
        Duration copied = since(sealed);
        rig.west().awaitListed(SHOP, Rig.EAST, SHOP, "second");
        double lag = progress.awaitValue(
                "east measures the replication lag",
                Duration.ofMinutes(1),
                () -> "no metric yet",
                () -> rig.east()
                        .metric("breakwater_replication_lag_seconds", "namespace=\"shop\"", "location=\"blob-west\""));
        rig.east()
                .awaitSeriesOf(
                        "BreakwaterRpoMissed",
                        "BreakwaterNoGoodPoint",
                        "BreakwaterLastPointFailed",
                        "BreakwaterReplicationLagAboveRpo",
                        "BreakwaterNeverReplicated",
                        "BreakwaterLastCopyFailed",
                        "BreakwaterLocationNotReady",
                        "BreakwaterKeyMissing",
                        "BreakwaterLeaseAge",
                        "BreakwaterFailoverFailed",
                        "BreakwaterDivergentData",
                        "BreakwaterPlanStalled",
                        "BreakwaterTwoActiveSites");
        rig.west().awaitSeriesOf("BreakwaterStandby");
        rig.east().awaitSeriesOfDashboard("Objectives", "Movers", "Replication", "Controllers", "Memory");
        return Figures.of(
                "copied %s s after the seal, listed on west, lag %.0f s".formatted(StoryRow.seconds(copied), lag));
    }

    private Figures handOver(Site from, Site to) {
        moreOrders(25);
        customers.watchSilence();
        // The same line changes on both sites, as with one commit in Git.
        to.requestActive(SHOP, SHOP, to.cluster().name(), "0s");
        from.requestActive(SHOP, SHOP, to.cluster().name(), "0s");
        FailoverPlanStatus status = awaitTakeOver(to, FailoverPlanStatus.Kind.Planned);
        from.awaitRole(SHOP, SHOP, Role.Passive, Duration.ofMinutes(1));
        awaitServing(to);
        expect(
                shop(from).running().isEmpty(),
                "%s still runs %s",
                from.cluster().name(),
                shop(from).running());
        checkAll(to);
        return new Figures(
                Duration.ZERO,
                customers.longestSilence(),
                "%d acknowledged orders, none missing; the plan reports %s"
                        .formatted(customers.orders.acknowledged(), status.run.achievedRto));
    }

    private Figures disaster() {
        moreOrders(25);
        RestorePoint point = rig.east().createPoint(SHOP, "third", SHOP);
        rig.east().awaitPoint(SHOP, point.getMetadata().getName());
        rig.east().awaitCopy(SHOP, point.getMetadata().getName(), "blob-west");
        moreOrders(50);
        customers.watchSilence();
        rig.east().cluster().kill();
        progress.print("   killed east with %s", customers.state());
        attest(rig.west());
        FailoverPlanStatus status = awaitTakeOver(rig.west(), FailoverPlanStatus.Kind.Unplanned);
        // Git follows.
        rig.west().requestActive(SHOP, SHOP, Rig.WEST, Durations.format(MAX_DATA_LOSS));
        awaitServing(rig.west());
        var loss = new AcknowledgedOrders.Loss[1];
        Duration rto = customers.longestSilence();
        customers.whilePaused(() -> loss[0] = countLoss());
        Duration reported = Durations.parse(status.run.dataLoss);
        expect(
                loss[0].time().compareTo(MAX_DATA_LOSS) <= 0,
                "lost %s, more than maxDataLoss %s",
                loss[0],
                MAX_DATA_LOSS);
        expect(
                loss[0].time().compareTo(reported.plusSeconds(1)) <= 0,
                "lost %s, but the plan reported only %s",
                loss[0],
                status.run.dataLoss);
        return new Figures(
                loss[0].time(),
                rto,
                "%d orders lost; at most %s allowed, %s reported"
                        .formatted(loss[0].entries(), Durations.format(MAX_DATA_LOSS), status.run.dataLoss));
    }

    /** A person who has switched east off says so, with the last renewal that west shows. */
    private void attest(Site west) {
        String renewal = west.awaitPlan(
                        SHOP,
                        SHOP,
                        "shows that east does not renew the lease",
                        Duration.ofMinutes(1),
                        seen -> since(Instant.parse(seen.leaseRenewedAt)).compareTo(MISSED) > 0)
                .leaseCounter;
        FailoverRequest request = Examples.read("failoverrequest.yaml", FailoverRequest.class);
        request.getMetadata().setNamespace(SHOP);
        request.getSpec().site = Rig.WEST;
        request.getSpec().maxDataLoss = Durations.format(MAX_DATA_LOSS);
        request.getSpec().attestation = new FailoverRequestSpec.Attestation();
        request.getSpec().attestation.siteOff = Rig.EAST;
        request.getSpec().attestation.lease = renewal;
        west.client().resource(request).create();
    }

    /** Counts the lost entries. */
    private AcknowledgedOrders.Loss countLoss() {
        List<Entry> orders = shop(rig.west()).orders();
        List<Entry> files = shop(rig.west()).files();
        AcknowledgedOrders.Loss loss = customers.orders.loss(orders);
        customers.files.loss(files);
        customers.orders.acceptRollback(orders);
        customers.files.acceptRollback(files);
        return loss;
    }

    private Figures returnOfEast() {
        Site east = rig.east();
        east.cluster().revive(progress);
        Instant back = Instant.now();
        FailoverPlanStatus west = rig.west().awaitRole(SHOP, SHOP, Role.Active, Duration.ofSeconds(10));
        FailoverPlanStatus status = east.awaitPlan(
                SHOP, SHOP, "becomes passive", FAILOVER, s -> s.role == Role.Passive && west.epoch.equals(s.epoch));
        Duration steppedDown = since(back);
        Shop old = shop(east);
        progress.await(
                "the old shop's pods are deleted",
                Duration.ofMinutes(1),
                old::pods,
                () -> Optional.of(old.running().isEmpty()));
        RestorePoint divergent = progress.awaitValue(
                "east saves the data that only it has",
                Duration.ofMinutes(3),
                () -> "no divergent point",
                () -> east.divergentPoint(SHOP));
        east.awaitPoint(SHOP, divergent.getMetadata().getName());
        moreOrders(25);
        checkAll(rig.west());
        expect("west".equals(customers.servedBy()), "customers are served by %s", customers.servedBy());
        return Figures.of("passive at epoch %d %s s after its return; %s saved; west has every order"
                .formatted(
                        status.epoch,
                        StoryRow.seconds(steppedDown),
                        divergent.getMetadata().getName()));
    }

    private FailoverPlanStatus awaitTakeOver(Site to, FailoverPlanStatus.Kind kind) {
        FailoverPlanStatus status = to.awaitPlan(
                SHOP,
                SHOP,
                "takes over",
                FAILOVER,
                s -> s.role == Role.Active
                        && s.run != null
                        && s.run.state == JournalEntry.State.Done
                        && s.epoch > epoch);
        expect(status.run.kind == kind, "the run was %s, not %s", status.run.kind, kind);
        epoch = status.epoch;
        return status;
    }

    private void awaitServing(Site site) {
        String name = site.cluster().name();
        progress.await(
                "customers are served by " + name,
                Rig.startup(),
                customers::state,
                () -> Optional.of(name.equals(customers.servedBy())));
        moreOrders(5);
    }

    /** Checks that this site has every acknowledged entry. */
    private void checkAll(Site site) {
        List<Entry> orders = customers.orders.acknowledgedEntries();
        List<Entry> files = customers.files.acknowledgedEntries();
        Shop shop = shop(site);
        AcknowledgedOrders.Difference o = customers.orders.compare(orders, shop.orders());
        AcknowledgedOrders.Difference f = customers.files.compare(files, shop.files());
        expect(o.none(), "orders on %s: %s", site.cluster().name(), o);
        expect(f.none(), "files on %s: %s", site.cluster().name(), f);
    }

    private void moreOrders(int n) {
        int goal = customers.orders.acknowledged() + n;
        progress.await(
                n + " more orders",
                Duration.ofMinutes(1),
                customers::state,
                () -> Optional.of(customers.orders.acknowledged() >= goal));
    }

    private static void same(String what, List<Entry> expected, List<Entry> actual) {
        var byId = Comparator.comparing(Entry::id);
        expect(
                expected.stream()
                        .sorted(byId)
                        .toList()
                        .equals(actual.stream().sorted(byId).toList()),
                "the %s differ: %d expected, %d found",
                what,
                expected.size(),
                actual.size());
    }

    private static void expect(boolean holds, String message, Object... arguments) {
        if (!holds) {
            throw new AssertionError(message.formatted(arguments));
        }
    }

    private static Shop shop(Site site) {
        return new Shop(site.cluster(), SHOP);
    }

    private static Duration since(Instant begin) {
        return Duration.between(begin, Instant.now());
    }

    @Override
    public void close() {
        customers.close();
    }
}
