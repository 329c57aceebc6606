package io.breakwater.policy;

import static io.breakwater.policy.PointFixtures.failed;
import static io.breakwater.policy.PointFixtures.good;
import static io.breakwater.policy.PointFixtures.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationStatus.SitePin;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Quota;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.location.TestRegister;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.StatusWriter;
import io.breakwater.points.TestIndex;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.trust.AdoptedHistory;
import io.breakwater.trust.AuthorReview;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class BackupPolicyReconcilerTest extends PolicyControllerFixture {
    private static final CapturedNamespace LOST =
            new CapturedNamespace(TestConfig.of(Map.of()).site(), "shop", "lost", "uid-of-the-lost-shop");

    @Test
    void createsOnePointPerDueTime() {
        reconcile("12:00:05");
        client.resource(now()).edit(p -> {
            p.setStatus(null); // as if the operator had been killed before it wrote the status
            return p;
        });
        reconcile("12:00:06");

        assertThat(points()).containsExactly("hourly-20900105-120000");
        RestorePoint made = client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("hourly-20900105-120000")
                .get();
        assertThat(made.getMetadata().getLabels()).containsEntry(Api.POLICY, "hourly");
        assertThat(made.hasFinalizer(Api.FINALIZER)).isTrue();
        assertThat(made.getSpec().trigger).isEqualTo(Trigger.Scheduled);
        assertThat(now().getStatus().lastScheduleTime).isEqualTo("2090-01-05T12:00:00Z");
        assertThat(now().getStatus().nextRunTime).isEqualTo("2090-01-05T13:00:00Z");
        assertThat(events()).filteredOn(m -> m.startsWith("started")).hasSize(1);
    }

    @Test
    void readsNoPointsFromTheServerAtRest() {
        keepLast(2);
        add(good("p1", "2090-01-05T11:51:00Z"), good("p2", "2090-01-05T11:52:00Z"));
        reconcile("11:58:00");
        TestIndex.fill(index, client);
        cluster.reads().clear();

        reconcile("11:59:00");

        assertThat(cluster.reads()).isNotEmpty().noneMatch(path -> path.contains("/restorepoints"));
        assertThat(now().getStatus().points).isEqualTo(2);
    }

    @Test
    void asksNothingAtRest() {
        keepLast(2);
        add(good("p1", "2090-01-05T11:51:00Z"), good("p2", "2090-01-05T11:52:00Z"));
        reconcile("11:57:00");
        reconcile("11:58:00");
        watch();
        cluster.reads().clear();

        reconcile("11:59:00");

        assertThat(cluster.reads())
                .as("reads of the fixture and of its writer")
                .hasSize(2)
                .allMatch(path -> path.endsWith("/backuppolicies/hourly"));
    }

    @Test
    void listsRestoresOnlyBeforeADeletion() {
        keepLast(2);
        add(good("p1", "2090-01-05T11:51:00Z"), good("p2", "2090-01-05T11:52:00Z"));
        cluster.reads().clear();

        reconcile("12:00:01");

        assertThat(points()).contains("hourly-20900105-120000");
        assertThat(cluster.reads()).noneMatch(path -> path.contains("/restores"));
        client.resource(now()).edit(p -> {
            p.getSpec().retention.keepLast = 1;
            return p;
        });
        reconcile("12:00:02");
        assertThat(points()).doesNotContain("p1");
        assertThat(cluster.reads()).anyMatch(path -> path.contains("/restores"));
    }

    @Test
    void neverDeletesByAnEarlierSpec() {
        policy.getSpec().schedule = null;
        keepLast(1);
        add(good("p1", "2090-01-05T11:51:00Z"), good("p2", "2090-01-05T11:52:00Z"));
        client.resource(policy).create();
        BackupPolicy earlier = now();
        Long generation = earlier.getMetadata().getGeneration();
        earlier.getMetadata().setGeneration(generation - 1);
        objects = new ObjectCache(client, informers, new StatusWriter(client)) {
            @Override
            public <T extends HasMetadata> T find(Class<T> type, String namespace, String name) {
                return type == BackupPolicy.class
                        ? type.cast(client.getKubernetesSerialization().clone(earlier))
                        : super.find(type, namespace, name);
            }
        };

        reconcile("11:58:00");
        assertThat(points()).containsExactly("p1", "p2");

        earlier.getMetadata().setGeneration(generation);
        reconcile("11:59:00");
        assertThat(points()).containsExactly("p2");
    }

    @Test
    void neverDeletesByAnIndexThatIsBehind() {
        policy.getSpec().schedule = null;
        keepLast(1);
        add(good("p1", "2090-01-05T11:51:00Z"), good("p2", "2090-01-05T11:52:00Z"));
        TestIndex.fill(index, client);
        client.resource(point("p2")).delete(); // the index has not seen it: p1 is the last point now

        reconcile("11:58:00");

        assertThat(points()).containsExactly("p1");
        assertThat(deleted()).isEmpty();
    }

    @Test
    void startsAPointAlthoughTheIndexShowsARunningOne() {
        add(running("manual", "2090-01-05T11:59:00Z"));
        TestIndex.fill(index, client);
        client.resource(point("manual")).delete(); // by a user, and the watch is down

        reconcile("12:00:05");

        assertThat(points()).containsExactly("hourly-20900105-120000");
    }

    @Test
    void seesTheScheduledPointBeforeTheWatchReportsIt() {
        TestIndex.fill(index, client);

        reconcile("12:00:05");

        assertThat(index.in("shop"))
                .extracting(p -> p.getMetadata().getName())
                .containsExactly("hourly-20900105-120000");
    }

    /** A daily schedule that is set in the evening must not start a point at once. */
    @Test
    void makesUpForNoTimeBeforeTheScheduleWasSet() {
        BackupPolicySpec.Schedule later = policy.getSpec().schedule;
        policy.getSpec().schedule = null;
        reconcile("11:55:00");
        schedule(later, 2);
        reconcile("14:48:49");
        assertThat(points()).isEmpty();
        reconcile("15:00:05");
        assertThat(points()).containsExactly("hourly-20900105-150000");

        schedule(CronScheduleTest.schedule("30 * * * *", "Etc/UTC"), 3);
        reconcile("15:45:00");
        assertThat(points()).as("15:30 was not scheduled then").hasSize(1);
        client.resources(RestorePoint.class).inNamespace("shop").delete(); // it is in progress
        reconcile("17:00:00");
        assertThat(points())
                .as("16:30 was missed, and the finalizer holds the deleted point")
                .containsExactly("hourly-20900105-150000", "hourly-20900105-163000");
    }

    private void schedule(BackupPolicySpec.Schedule schedule, long generation) {
        client.resource(policy).edit(p -> {
            p.getSpec().schedule = schedule;
            p.getMetadata().setGeneration(generation);
            return p;
        });
    }

    @Test
    void skipsADueTimeWhileAPointIsRunning() {
        add(running("manual", "2090-01-05T11:59:00Z"));

        reconcile("12:00:05");
        client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName("manual")
                .delete();
        reconcile("12:10:00");

        assertThat(points()).isEmpty();
        assertThat(events()).anyMatch(m -> m.contains(" because manual is still running"));
    }

    @Test
    void reportsAFailedNewestPointWithoutAnObjective() {
        policy.getSpec().objectives = null;
        add(failed("p2", "2090-01-05T12:31:00Z"));
        reconcile("12:32:00");
        assertThat(condition(Condition.LAST_POINT_GOOD).status).isEqualTo("False");
        assertThat(condition(Condition.LAST_POINT_GOOD).message).startsWith("RestorePoint p2 failed: ");
    }

    @Test
    void reportsAScheduleWithoutGoodPoints() {
        policy.getSpec().objectives = null;
        add(good("p1", "2090-01-05T11:55:00Z"), running("endless", "2090-01-05T11:59:00Z"));

        reconcile("12:30:00");
        assertThat(condition(Condition.LAST_POINT_GOOD).status).isEqualTo("True");
        reconcile("13:00:05");
        assertThat(condition(Condition.LAST_POINT_GOOD).reason).isEqualTo("ScheduleMissed");
    }

    @Test
    void reportsNoLastPointOnAStandbySite() {
        add(failed("p2", "2090-01-05T11:51:00Z"));
        reconcile("11:52:00");

        active = false;
        reconcile("11:53:00");

        assertThat(now().getStatus().condition(Condition.LAST_POINT_GOOD)).isEmpty();
    }

    @Test
    void reportsAnAuthorWithoutTheRightAndContinues() {
        policy.getSpec().hooks = new BackupPolicySpec.Hooks();
        policy.getSpec().hooks.pre = List.of(new BackupPolicySpec.Hook());
        reconcile("11:58:00");
        assertThat(condition(Condition.AUTHORIZED).status).isEqualTo("True");
        assertThat(lacksRight()).isZero();

        objection = Optional.of(new AuthorReview.Objection(false, "author jane lacks it"));
        reconcile("12:00:05");
        reconcile("12:00:06");

        assertThat(condition(Condition.AUTHORIZED).status).isEqualTo("False");
        assertThat(condition(Condition.AUTHORIZED).reason).isEqualTo("AuthorLacksRight");
        assertThat(condition(Condition.READY).status).isEqualTo("True");
        assertThat(lacksRight()).isOne();
        assertThat(points()).hasSize(1);
        assertThat(events()).filteredOn(m -> m.equals("author jane lacks it")).hasSize(1);
    }

    private double lacksRight() {
        return registry.get(MeterName.POLICY_AUTHOR_LACKS_RIGHT.registered())
                .gauge()
                .value();
    }

    @Test
    void nothingIsStartedWhileSuspended() {
        policy.getSpec().suspend = true;

        reconcile("12:00:05");

        assertThat(points()).isEmpty();
        assertThat(condition(Condition.READY).reason).isEqualTo("Suspended");
        assertThat(now().getStatus().nextRunTime).isNull();
    }

    @Test
    void createsAndDeletesNothingOnTheStandbySite() {
        active = false;
        keepLast(1);
        add(good("p1", "2090-01-05T10:00:00Z"), good("p2", "2090-01-05T11:00:00Z"));

        reconcile("12:00:05");

        assertThat(points()).containsExactly("p1", "p2");
        assertThat(condition(Condition.READY).reason).isEqualTo("Standby");
        assertThat(condition(Condition.READY).holds()).isTrue();
    }

    @Test
    void excludesTemplatesFromVolumeConflicts() {
        BackupPolicy template = new BackupPolicy();
        template.getMetadata().setName("older");
        template.getMetadata().setNamespace("shop");
        template.getMetadata().setCreationTimestamp("2090-01-05T00:00:00Z");
        template.setSpec(new BackupPolicySpec());
        template.getSpec().source = new BackupPolicySpec.Source();
        template.getSpec().source.namespaces = new BackupPolicySpec.NamespaceSelection();
        assertThat(PolicyConflictCheck.conflict(policy, List.of(template, policy), List.of("data"), Optional.empty()))
                .isEmpty();
    }

    @Test
    void deletesPoliciesWithoutTheirTemplateButNoPoints() {
        policy.getMetadata().setLabels(Map.of(Api.TEMPLATE, "hourly"));
        add(good("p1", "2090-01-05T10:00:00Z"));

        reconcile("12:00:05");

        assertThat(now()).as("the template does not exist").isNull();
        assertThat(points()).containsExactly("p1");
        assertThat(events()).anyMatch(m -> m.contains("ops/hourly does not select this namespace any more"));
    }

    @Test
    void rejectsTemplatesOutsideTheOperatorNamespace() {
        policy.getSpec().source = new BackupPolicySpec.Source();
        policy.getSpec().source.namespaces = new BackupPolicySpec.NamespaceSelection();
        policy.getSpec().source.namespaces.include = List.of("*");

        reconcile("12:00:05");

        assertThat(points()).isEmpty();
        assertThat(condition(Condition.READY).reason).isEqualTo("InvalidSpec");
        assertThat(condition(Condition.READY).message).contains("spec.source.namespaces", "ops");
    }

    @Test
    void reportsAnInvalidSchedule() {
        policy.getSpec().schedule = CronScheduleTest.schedule("61 * * * *", "Etc/UTC");

        reconcile("12:00:05");

        assertThat(condition(Condition.READY).reason).isEqualTo("InvalidSchedule");
        assertThat(condition(Condition.STALLED).holds()).isTrue();
    }

    /** Admission may not have seen the policy. */
    @Test
    void startsNothingOnAScheduleThatIsTooFrequent() {
        policy.getSpec().schedule = CronScheduleTest.schedule("*/4 * * * *", "Etc/UTC");

        reconcile("12:00:05");

        assertThat(points()).isEmpty();
        assertThat(condition(Condition.READY).reason).isEqualTo("InvalidSchedule");
        assertThat(condition(Condition.READY).message).contains("4m apart", "policy.shortestInterval");
    }

    @Test
    void reportsAnUnknownLocationAndStartsNothing() {
        policy.getSpec().locationRef = new NamedRef("nowhere");

        reconcile("12:00:05");

        assertThat(points()).isEmpty();
        assertThat(condition(Condition.READY).reason).isEqualTo("LocationNotFound");
        assertThat(condition(Condition.READY).message).contains("nowhere");
    }

    @Test
    void createsAPointDespiteAnUnknownCopyLocation() {
        copy("nowhere");

        reconcile("12:00:05");

        assertThat(points()).hasSize(1);
        assertThat(condition(Condition.READY).reason).isEqualTo("LocationNotFound");
    }

    @Test
    void reportsAConflictOnTheYoungerOfTwoPolicies() {
        client.resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withName("data")
                        .withNamespace("shop")
                        .endMetadata()
                        .build())
                .create();
        BackupPolicy other = new BackupPolicy();
        other.getMetadata().setName("first");
        other.getMetadata().setNamespace("shop");
        other.getMetadata().setCreationTimestamp("2090-01-05T00:00:00Z");
        other.setSpec(policy.getSpec());
        client.resource(other).create();

        reconcile("12:00:05");

        assertThat(points()).isEmpty();
        assertThat(condition(Condition.READY).reason).isEqualTo("PolicyConflict");
        assertThat(condition(Condition.READY).message)
                .contains("BackupPolicy hourly", "BackupPolicy first", "PersistentVolumeClaim data");
    }

    @Test
    void deletesOldPoints() {
        policy.getSpec().schedule = null;
        keepLast(1);
        add(good("p1", "2090-01-05T10:00:00Z"), good("p2", "2090-01-05T11:00:00Z"));

        reconcile("11:55:00");

        assertThat(points()).containsExactly("p2");
    }

    @Test
    void deletesExpiredPointsOfTheLostCluster() {
        loseTheCluster();
        adoptedPoints();

        reconcile("11:55:00");

        assertThat(deleted()).containsExactly("old1");
        assertThat(point("old1").getSpec().deletionPolicy)
                .as("the finalizer deletes the data")
                .isEqualTo(DeletionPolicy.Delete);
        assertThat(point("other").getSpec().deletionPolicy).isEqualTo(DeletionPolicy.Retain);
    }

    @Test
    void retainsPointsOfTheLostClusterInDoubt() {
        adoptedPoints();
        TestRegister.create(store, LOST);
        reconcile("11:53:00");
        assertThat(deleted()).as("not adopted").isEmpty();

        succeeds = "lost";
        reconcile("11:54:00");
        assertThat(deleted()).as("the namespace does not have the repository").isEmpty();

        loseTheCluster();
        change(l -> l.getSpec().accessMode = AccessMode.ReadOnly);
        reconcile("11:55:00");
        assertThat(deleted()).as("the location is read-only").isEmpty();

        change(l -> {
            l.getSpec().accessMode = AccessMode.ReadWrite;
            l.getStatus().conditions.getFirst().status = "False";
        });
        reconcile("11:56:00");
        assertThat(deleted()).as("the location is not ready").isEmpty();

        change(l -> {
            l.getStatus().conditions.getFirst().status = "True";
            l.getStatus().sites = List.of(heartbeat("lost", false));
        });
        reconcile("11:58:00");
        assertThat(deleted()).as("the lost cluster sent a heartbeat").isEmpty();

        change(l -> l.getStatus().sites = List.of(heartbeat("lost", true)));
        reconcile("11:59:00");
        assertThat(deleted()).as("it was silent for a day").containsExactly("old1");
    }

    @Test
    void retainsPointsThatWereAdoptedToday() {
        loseTheCluster();
        adoptedPoints();
        Instant adopted = Instant.parse(point("old1").getMetadata().getCreationTimestamp());

        reconcileAt(adopted.plus(Duration.ofDays(1)));
        assertThat(deleted()).isEmpty();

        reconcileAt(adopted.plus(Duration.ofDays(1)).plusSeconds(1));
        assertThat(deleted()).containsExactly("old1");
    }

    @Test
    void deletesNothingAfterLosingTheLease() {
        policy.getSpec().schedule = null;
        keepLast(1);
        guard = Optional.of(new EpochGuard.Guard(new BackupLocation(), "shop", "plan", 3));
        add(good("p1", "2090-01-05T10:00:00Z"), good("p2", "2090-01-05T11:00:00Z"));

        reconcile("11:55:00");

        assertThat(points()).containsExactly("p1", "p2");
        assertThat(condition(Condition.READY).reason).isEqualTo("LeaseLost");
    }

    @Test
    void rechecksProtectionWhenItExpires() {
        policy.getSpec().schedule = null;
        add(good("p1", "2090-01-05T11:00:00Z"));

        assertThat(reconcile("12:59:00")).isEqualTo(Duration.ofMinutes(1).plusMillis(1));
        assertThat(condition(Condition.PROTECTED).reason).isEqualTo("ObjectiveMet");
        assertThat(now().getStatus().lastSuccessfulPoint).isEqualTo("p1");

        reconcile("13:00:01");
        assertThat(condition(Condition.PROTECTED).reason).isEqualTo("ObjectiveMissed");
        assertThat(condition(Condition.PROTECTED).message).contains("RPO 2h", "p1");
    }

    @Test
    void reportsTheProgressOfEachCopy() {
        location("b");
        copy("b");
        add(
                good("p1", "2090-01-05T10:00:00Z").copy("b", CopyState.Completed),
                good("p2", "2090-01-05T11:00:00Z").copy("b", CopyState.Failed));

        reconcile("11:55:00");

        assertThat(now().getStatus().copies).hasSize(1);
        assertThat(now().getStatus().copies.getFirst().lastPoint).isEqualTo("p1");
        assertThat(now().getStatus().copies.getFirst().capturedAt).isEqualTo("2090-01-05T10:00:00Z");
        assertThat(now().getStatus().copiesSummary)
                .as("p2 is newer than the copy")
                .isEqualTo("0 of 1");
        assertThat(registry.find(MeterName.REPLICATION_LAG.registered()).gauge().value())
                .isEqualTo(Duration.ofMinutes(115).toSeconds());
    }

    @Test
    void reportsQuotaUsageAndExcess() {
        BackupLocation location = locations.get("shop", "a");
        location.getSpec().quota = new Quota();
        location.getSpec().quota.perNamespace = "100";
        client.resource(location).update();
        reconcile("11:55:00");
        assertThat(now().getStatus().quota).as("usage is not measured yet").isNull();

        TestRegister.create(store, config.site(), "shop");
        store.write(TestRegister.of(config.site(), "shop").prefix() + "data/a", new byte[99], Precondition.NONE);
        quotas.measure(location);
        reconcile("11:56:00");
        assertThat(now().getStatus().quota.usedBytes).isEqualTo(99);
        assertThat(now().getStatus().quota.allowedBytes).isEqualTo(100);
        assertThat(now().getStatus().holds(Condition.READY)).isTrue();

        quotas.added(location, TestRegister.of(config.site(), "shop"), 1);
        reconcile("12:00:05");
        assertThat(condition(Condition.READY).status).isEqualTo("False");
        assertThat(condition(Condition.READY).reason).isEqualTo(Reason.QuotaExceeded.name());
        assertThat(points())
                .as("the schedule continues: a capture checks the quota itself")
                .hasSize(1);
    }

    /** This cluster replaces the lost one, and the namespace has captured once since. */
    private void loseTheCluster() {
        succeeds = "lost";
        if (store.objects.isEmpty()) {
            TestRegister.create(store, LOST);
        }
        TestRegister.of(store)
                .findOrCreate(
                        locations.get("shop", "a"),
                        namespaces.named("shop").orElseThrow(),
                        () -> AdoptedHistory.parse(LOST.site() + "/shop").orElseThrow(),
                        LOST::equals);
    }

    /** Two points of the lost cluster, one of another site, and one that was captured since; one stays. */
    private void adoptedPoints() {
        policy.getSpec().schedule = null;
        keepLast(2);
        add(
                imported("old1", LOST, "2090-01-05T08:00:00Z"),
                imported("old2", LOST, "2090-01-05T09:00:00Z"),
                imported("other", PointKeys.source("other", "shop"), "2090-01-05T08:00:00Z"),
                good("new", "2090-01-05T11:00:00Z"));
    }

    private static PointFixtures imported(String name, CapturedNamespace source, String capturedAt) {
        PointFixtures fixture = good(name, capturedAt).trigger(Trigger.Imported).retained();
        PointKeys.state(fixture.get().getStatus(), PointKey.ofStore(source, name));
        fixture.get().addFinalizer("breakwater.io/test");
        return fixture;
    }

    private void change(Consumer<BackupLocation> change) {
        BackupLocation location = locations.get("shop", "a");
        change.accept(location);
        client.resource(location).update();
    }

    private static SitePin heartbeat(String cluster, boolean silent) {
        SitePin pin = new SitePin();
        pin.name = LOST.site();
        pin.cluster = cluster;
        pin.publicKey = "key";
        pin.silent = silent;
        return pin;
    }

    private RestorePoint point(String name) {
        return client.resources(RestorePoint.class)
                .inNamespace("shop")
                .withName(name)
                .get();
    }

    private List<String> deleted() {
        return points().stream()
                .filter(name -> point(name).getMetadata().getDeletionTimestamp() != null)
                .toList();
    }

    private void keepLast(int n) {
        policy.getSpec().retention = new BackupPolicySpec.Retention();
        policy.getSpec().retention.keepLast = n;
    }
}
