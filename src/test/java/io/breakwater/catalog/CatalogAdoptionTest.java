package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.AdoptionIndex;
import io.breakwater.trust.AdoptionRule;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.trust.TestAdoption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Site west, whose namespace shop was deleted and created again: who sees the points of the earlier one. */
class CatalogAdoptionTest {
    private static final String AGAIN = "uid-of-another-shop";
    private static final CapturedNamespace EARLIER = PointKeys.source("west", "shop");
    private static final CapturedNamespace PRESENT = new CapturedNamespace("west", "shop", EARLIER.cluster(), AGAIN);

    private final FakeClusterPoints cluster = new FakeClusterPoints("ops", "shop", "bank");
    private final CatalogSyncTest.FakeCatalog catalog = new CatalogSyncTest.FakeCatalog();
    private final BreakwaterConfig config =
            TestConfig.of(Map.of("breakwater.site", "west", "breakwater.namespace", "ops"));
    private final List<FailoverPlan> plans = new ArrayList<>();
    private final AtomicReference<String> succeeds = new AtomicReference<>();
    private final Map<String, Integer> hidden = new TreeMap<>();
    private final NamespaceIdentities identities = TestAdoption.identities("west", cluster::allNamespaces);
    private final AdoptionRule adoption =
            TestAdoption.rule(identities, plans, () -> Optional.ofNullable(succeeds.get()));
    private final IdentityRule rule = new IdentityRule(config, identities, adoption);
    private final CatalogSync sync =
            new CatalogSync(catalog, cluster, config, Clock.systemUTC(), rule, adoption, new RecordingReport());
    private final BackupLocation blob = cluster.addLocation("ops", "blob");

    @BeforeEach
    void createAgain() {
        cluster.uids.put("shop", AGAIN);
        catalog.put(blob, point(EARLIER, "p1"));
        catalog.put(blob, point(EARLIER, "p2"));
    }

    @Test
    void showsNothingOfTheEarlierNamespaceAndCountsIt() {
        catalog.put(blob, point(PRESENT, "p1"));
        catalog.put(blob, point(PointKeys.source("east", "shop"), "p1"));

        sync.sync(blob);

        assertThat(in("shop")).containsExactly("shop/p1");
        assertThat(in("ops")).hasSize(3).allMatch(name -> name.matches("ops/(west|east)-shop-p[12]-[0-9a-f]{12}"));
        assertThat(hidden).containsExactly(Map.entry("shop", 2));
        assertThat(rule.of(cluster.get("shop", "p1")).source()).isEqualTo(PRESENT);
    }

    @Test
    void showsThePointsThatAnAnnotationAdopts() {
        cluster.annotations.put("shop", TestAdoption.annotations("shop", AGAIN, "west/shop"));

        sync.sync(blob);

        assertThat(in("shop")).hasSize(2).allMatch(name -> name.matches("shop/west-p[12]-[0-9a-f]{12}"));
        assertThat(in("ops")).isEmpty();
        assertThat(hidden).isEmpty();
        assertThat(points("shop"))
                .allSatisfy(p -> assertThat(rule.of(p).source()).isEqualTo(EARLIER));
    }

    @Test
    void ignoresAnAnnotationThatTheWebhookDidNotReview() {
        cluster.annotations.put("shop", Map.of(Api.ADOPT, "west/shop"));
        sync.sync(blob);
        assertThat(in("shop")).isEmpty();

        cluster.annotations.put("shop", TestAdoption.annotations("shop", "uid-of-shop", "west/shop"));
        sync.sync(blob);
        assertThat(in("shop")).as("the stamp of the earlier Namespace").isEmpty();

        Map<String, String> other = new TreeMap<>(TestAdoption.annotations("shop", AGAIN, "east/shop"));
        other.put(Api.ADOPT, "west/shop");
        cluster.annotations.put("shop", other);
        sync.sync(blob);
        assertThat(in("shop")).as("the stamp of another value").isEmpty();
    }

    @Test
    void removesThePointsWhenTheAnnotationIsDeleted() {
        cluster.annotations.put("shop", TestAdoption.annotations("shop", AGAIN, "west/shop"));
        sync.sync(blob);
        RestorePoint adopted = points("shop").getFirst();

        cluster.annotations.clear();
        sync.sync(blob);

        assertThat(in("shop")).isEmpty();
        assertThat(in("ops")).hasSize(2);
        assertThat(rule.mismatch(adopted)).isPresent();
    }

    @Test
    void showsThePointsOfTheClusterThatThisOneReplaces() {
        CapturedNamespace lost = new CapturedNamespace("west", "bank", "lost-cluster", "uid-of-bank");
        catalog.put(blob, point(lost, "p1"));
        catalog.put(blob, point(new CapturedNamespace("west", "bank", "stranger", "uid-of-bank"), "p1"));
        succeeds.set("lost-cluster");

        sync.sync(blob);

        assertThat(in("bank")).hasSize(1);
        assertThat(rule.of(points("bank").getFirst()).source()).isEqualTo(lost);
        assertThat(in("shop")).isEmpty();
        assertThat(hidden).isEqualTo(Map.of("shop", 2, "bank", 1));
    }

    @Test
    void showsThePointsOfTheSitesOfAPlanWhileThePlanExists() {
        CapturedNamespace peer = PointKeys.source("east", "shop");
        catalog.put(blob, point(peer, "p1"));
        catalog.put(blob, point(PointKeys.source("north", "shop"), "p1"));
        plans.add(TestAdoption.unstamped("shop", "east", "west"));
        sync.sync(blob);
        assertThat(in("shop")).as("a plan without an author").isEmpty();

        plans.set(0, TestAdoption.plan("shop", "east", "west"));
        sync.sync(blob);
        assertThat(points("shop")).extracting(p -> rule.of(p).source()).containsOnly(peer, EARLIER);

        plans.clear();
        sync.sync(blob);
        assertThat(in("shop")).isEmpty();
    }

    /** The owner of the location has its keys in any case. */
    @Test
    void showsAllPointsOfALocationInTheNamespaceItself() {
        BackupLocation mine = cluster.addLocation("shop", "mine");
        catalog.put(mine, point(EARLIER, "m1"));
        catalog.put(mine, point(PointKeys.source("east", "shop"), "m2"));

        sync.sync(mine);

        assertThat(in("shop")).hasSize(2).allMatch(name -> name.matches("shop/(west-m1|east-m2)-[0-9a-f]{12}"));
        assertThat(points("shop"))
                .allSatisfy(p -> assertThat(rule.in(p, mine).namespace()).isEqualTo("shop"));
    }

    @Test
    void adoptsNothingOfANamespaceThatExists() {
        cluster.annotations.put("shop", TestAdoption.annotations("shop", AGAIN, "west/bank"));
        catalog.put(blob, point(PointKeys.source("west", "bank"), "secret"));

        sync.sync(blob);

        assertThat(in("shop")).isEmpty();
        assertThat(in("bank")).containsExactly("bank/secret");

        cluster.uids.put("bank", "uid-of-another-bank");
        sync.sync(blob);
        assertThat(in("shop")).as("the bank was deleted").hasSize(1);
    }

    @Test
    void showsAPointInEachNamespaceThatAdoptsIt() {
        cluster.annotations.put("shop", TestAdoption.annotations("shop", AGAIN, "west/shop"));
        cluster.annotations.put("bank", TestAdoption.annotations("bank", "uid-of-bank", "east/x, west/shop"));

        sync.sync(blob);

        assertThat(in("shop")).hasSize(2);
        assertThat(in("bank")).hasSize(2);
    }

    /** Two points read alike when their names are joined, and a user has created an object of the name of a third one. */
    @Test
    void hidesNoPointBehindAnother() {
        catalog.put(blob, point(PointKeys.source("east", "tenant"), "b-p1"));
        catalog.put(blob, point(PointKeys.source("east", "tenant-b"), "p1"));
        cluster.annotations.put("shop", TestAdoption.annotations("shop", AGAIN, "west/shop"));
        sync.sync(blob);
        String taken = in("shop").getFirst();
        cluster.remove(points("shop").getFirst());
        cluster.add("shop", taken.substring("shop/".length()), Trigger.Manual);

        CatalogSync.Result result = sync.sync(blob);

        assertThat(result.bad()).isEmpty();
        assertThat(in("ops")).hasSize(2);
        assertThat(in("shop")).hasSize(3).contains(taken);
    }

    private List<String> in(String namespace) {
        return cluster.names().stream()
                .filter(name -> name.startsWith(namespace + "/"))
                .toList();
    }

    private List<RestorePoint> points(String namespace) {
        return in(namespace).stream()
                .map(name -> cluster.get(namespace, name.substring(namespace.length() + 1)))
                .toList();
    }

    private static PointDocument point(CapturedNamespace source, String name) {
        return CatalogSyncTest.point(PointKey.ofStore(source, name));
    }

    /** Records what would be reported. */
    private final class RecordingReport extends EarlierHistoryReport {
        RecordingReport() {
            super(null, null, null, null, null);
        }

        @Override
        void publish(
                BackupLocation location, Map<String, Integer> counts, AdoptionIndex index, Predicate<String> uses) {
            hidden.clear();
            hidden.putAll(counts);
        }
    }
}
