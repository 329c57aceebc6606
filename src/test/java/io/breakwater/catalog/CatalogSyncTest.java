package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.catalog.ImportedPoint.Place;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.location.TestRegister;
import io.breakwater.trust.AdoptionIndex;
import io.breakwater.trust.AdoptionRule;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.trust.TestAdoption;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Site west, with the operator in namespace ops: the RestorePoints of the cluster match the points of the location. */
class CatalogSyncTest {
    private final FakeClusterPoints cluster = new FakeClusterPoints("ops", "shop");
    private final FakeCatalog catalog = new FakeCatalog();
    private final BreakwaterConfig config =
            TestConfig.of(Map.of("breakwater.site", "west", "breakwater.namespace", "ops"));
    private final NamespaceIdentities identities = TestAdoption.identities("west", cluster::allNamespaces);
    private final AdoptionRule adoption = TestAdoption.rule(identities, List.of(), Optional::empty);
    private final IdentityRule rule = new IdentityRule(config, identities, adoption);
    private final CatalogSync sync =
            new CatalogSync(catalog, cluster, config, Clock.systemUTC(), rule, adoption, new SilentReport());
    private final BackupLocation blob = cluster.addLocation("ops", "blob");

    @Test
    void importsPointsOfOtherSitesAsCompleted() {
        catalog.put(blob, point("east", "shop", "p1"));

        CatalogSync.Result result = sync.sync(blob);

        assertThat(result.imported()).containsExactly(shown("shop", "p1"));
        RestorePoint object = cluster.get("ops", name("shop", "p1"));
        assertThat(object.getSpec().trigger).isEqualTo(Trigger.Imported);
        assertThat(object.getSpec().deletionPolicy).isEqualTo(DeletionPolicy.Retain);
        assertThat(object.getMetadata().getLabels())
                .containsEntry(Api.ORIGIN_SITE, "east")
                .containsEntry(Api.ORIGIN_NAMESPACE, "shop");
        assertThat(RestorePoint.needsWork(object)).as("its controller reads it").isFalse();
        RestorePointStatus s = object.getStatus();
        assertThat(s.holds(Condition.SUCCEEDED)).isTrue();
        assertThat(s.holds(Condition.READY)).isTrue();
        assertThat(rule.of(object)).isEqualTo(PointKeys.of("east", "shop", "p1"));
        assertThat(s.location).isEqualTo("blob");
        assertThat(s.capturedAt).isEqualTo("2026-11-23T12:00:00Z");
        assertThat(s.digest).isEqualTo("digest of p1");
        assertThat(s.volumes).extracting(v -> v.repositorySnapshot).containsExactly(Digests.sha256Hex("snap-p1"));
        assertThat(s.archive).as("the seal has the list").isNull();
        assertThat(s.logicalBytes).isEqualTo(2000);
        assertThat(s.size).isEqualTo("2.0 KiB");
        assertThat(s.resourceCount).isEqualTo(7);
    }

    @Test
    void importsPointsOfMissingNamespacesIntoTheOperatorNamespace() {
        catalog.put(blob, point("east", "gone", "p1"));
        catalog.put(blob, point("west", "gone", "p2"));

        sync.sync(blob);

        assertThat(cluster.names()).containsExactly("ops/" + name("gone", "p1"), "ops/" + name("west", "gone", "p2"));
        assertThat(cluster.get("ops", name("west", "gone", "p2")).getSpec().policyRef)
                .isNull();
    }

    /** Otherwise the owner of any location of the namespace could seal the newest point of any policy there. */
    @Test
    void addsNoPointToAPolicyThatDoesNotNameTheLocation() {
        BackupLocation mine = cluster.addLocation("shop", "mine");
        cluster.unused.add("shop/hourly/mine");
        cluster.unused.add("shop/hourly/blob");
        catalog.put(mine, point("west", "shop", "forged"));
        catalog.put(blob, point("west", "shop", "p1"));

        sync.sync(mine);
        sync.sync(blob);

        RestorePoint forged = cluster.get("shop", "forged");
        assertThat(forged.getSpec().policyRef).isNull();
        assertThat(forged.getMetadata().getLabels()).doesNotContainKey(Api.POLICY);
        assertThat(cluster.get("shop", "p1").getSpec().policyRef.name).isEqualTo("hourly");

        cluster.unused.clear();
        catalog.put(mine, point("west", "shop", "mine"));
        sync.sync(mine);
        assertThat(cluster.get("shop", "mine").getSpec().policyRef.name).isEqualTo("hourly");
    }

    @Test
    void importsPointsOfThisSiteUnderTheirOwnName() {
        catalog.put(blob, point("west", "shop", "p1"));

        sync.sync(blob);

        assertThat(cluster.names()).containsExactly("shop/p1");
    }

    @Test
    void ignoresPointsThatWereNotImported() {
        RestorePoint own = cluster.add("shop", "p1", Trigger.Scheduled);
        catalog.put(blob, point("west", "shop", "p1"));

        CatalogSync.Result result = sync.sync(blob);
        catalog.clear(blob);
        sync.sync(blob);

        assertThat(cluster.get("shop", "p1")).isSameAs(own);
        assertThat(own.getStatus()).isNull();
        assertThat(cluster.names()).containsExactly("shop/p1");
        assertThat(result.bad()).isEmpty();
    }

    @Test
    void movesPointsWhenTheirNamespaceIsSeen() {
        catalog.put(blob, point("west", "later", "p1"));
        sync.sync(blob);
        cluster.namespaces.add("later");
        String before = name("west", "later", "p1");

        cluster.inUse.add(new Place("ops", before));
        sync.sync(blob);
        assertThat(cluster.names()).as("a Restore reads it").containsExactly("later/p1", "ops/" + before);

        cluster.inUse.clear();
        sync.sync(blob);
        assertThat(cluster.names()).containsExactly("later/p1");
    }

    @Test
    void reportsPointsOfAMissingKeyAndImportsTheOthers() {
        catalog.locked.add("old");
        catalog.put(blob, point("east", "shop", "old"));
        catalog.put(blob, point("east", "shop", "new"));

        CatalogSync.Result result = sync.sync(blob);

        assertThat(result.imported()).containsExactly(shown("shop", "new"));
        assertThat(result.bad().get("east/shop/old").reason()).isEqualTo(Reason.KeyMismatch);
        catalog.locked.clear();
        assertThat(sync.sync(blob).imported()).as("the key is back").containsExactly(shown("shop", "old"));
    }

    @Test
    void reportsForgedSealsWithoutImportingTheirPoints() {
        catalog.put(blob, point("east", "shop", "good"));
        catalog.tampered.add("bad");
        catalog.put(blob, point("east", "shop", "bad"));

        CatalogSync.Result result = sync.sync(blob);

        assertThat(cluster.names()).containsExactly(shown("shop", "good"));
        assertThat(result.bad()).containsOnlyKeys("east/shop/bad");
        assertThat(result.bad().get("east/shop/bad").reason()).isEqualTo(Reason.Tampered);
    }

    @Test
    void rejectsKeysWithAnInvalidNamespace() {
        catalog.put(blob, point("east", "a..b", "p1"));

        assertThat(sync.sync(blob).bad()).containsOnlyKeys("east/a..b/p1");
        assertThat(cluster.names()).isEmpty();
    }

    @Test
    void deletesImportedObjectsWhoseSealIsMissing() {
        catalog.put(blob, point("east", "shop", "p1"));
        sync.sync(blob);
        cluster.get("ops", name("shop", "p1")).getSpec().deletionPolicy = DeletionPolicy.Delete;
        catalog.clear(blob);

        CatalogSync.Result result = sync.sync(blob);

        assertThat(result.removed()).containsExactly(shown("shop", "p1"));
        assertThat(cluster.names()).isEmpty();
    }

    /** The index is behind: another site may have found the point in another location. */
    @Test
    void deletesNoObjectThatChangedAfterTheIndexSawIt() {
        catalog.put(blob, point("east", "shop", "p1"));
        sync.sync(blob);
        catalog.clear(blob);
        cluster.indexed =
                () -> cluster.get("ops", name("shop", "p1")).getMetadata().setResourceVersion("2");

        assertThat(sync.sync(blob).removed()).isEmpty();

        cluster.indexed = () -> {};
        assertThat(sync.sync(blob).removed()).containsExactly(shown("shop", "p1"));
    }

    /** A sealed point gets its object before the watch reports it. */
    @Test
    void createsNoSecondObjectWhileTheIndexIsBehind() {
        catalog.put(blob, point("east", "shop", "p1"));
        cluster.indexed = () -> {
            cluster.indexed = () -> {};
            sync.sync(blob);
        };

        assertThat(sync.sync(blob).imported()).isEmpty();
        assertThat(cluster.names()).containsExactly(shown("shop", "p1"));
    }

    @Test
    void deletesNothingAfterAnIncompleteListing() {
        catalog.put(blob, point("east", "shop", "p1"));
        sync.sync(blob);
        catalog.broken = true;

        assertThatThrownBy(() -> sync.sync(blob)).isInstanceOf(BreakwaterException.class);

        assertThat(cluster.names()).containsExactly(shown("shop", "p1"));
    }

    @Test
    void mergesAPointInTwoLocationsIntoOneObject() {
        BackupLocation other = cluster.addLocation("ops", "other");
        catalog.put(blob, point("east", "shop", "p1"));
        catalog.put(other, point("east", "shop", "p1"));
        sync.sync(blob);
        sync.sync(other);
        RestorePointStatus s = cluster.get("ops", name("shop", "p1")).getStatus();
        assertThat(s.location).isEqualTo("blob");
        assertThat(copies(s)).containsExactly("other");

        catalog.clear(blob);
        sync.sync(blob);

        s = cluster.get("ops", name("shop", "p1")).getStatus();
        assertThat(s.location).isEqualTo("other");
        assertThat(copies(s)).isEmpty();
    }

    @Test
    void clearsDeletedLocationsFromTheStatus() {
        BackupLocation other = cluster.addLocation("ops", "other");
        catalog.put(blob, point("east", "shop", "p1"));
        catalog.put(other, point("east", "shop", "p1"));
        sync.sync(blob);
        sync.sync(other);
        cluster.locations.remove("ops/blob");

        sync.sync(other);

        assertThat(cluster.get("ops", name("shop", "p1")).getStatus().location).isEqualTo("other");
    }

    @Test
    void importsFromATeamLocationIntoItsNamespaceOnly() {
        BackupLocation team = cluster.addLocation("team", "mine");
        cluster.namespaces.add("team");
        catalog.put(team, point("east", "shop", "p1"));
        catalog.put(team, point("west", "team", "p2"));

        sync.sync(team);

        assertThat(cluster.names()).containsExactly("team/" + name("shop", "p1"), "team/p2");
    }

    @Test
    void writesAMissingStatusOfAnImportedPoint() {
        catalog.put(blob, point("east", "shop", "p1"));
        sync.sync(blob);
        cluster.get("ops", name("shop", "p1")).setStatus(null);

        sync.sync(blob);

        assertThat(cluster.get("ops", name("shop", "p1")).getStatus().location).isEqualTo("blob");
    }

    @Test
    void usesAnotherNameWhereAnObjectHasTheFirst() {
        cluster.add("ops", name("shop", "p1"), Trigger.Manual);
        catalog.put(blob, point("east", "shop", "p1"));

        CatalogSync.Result result = sync.sync(blob);
        CatalogSync.Result again = sync.sync(blob);

        assertThat(result.bad()).isEmpty();
        assertThat(result.imported())
                .singleElement()
                .asString()
                .startsWith("ops/east-shop-p1-")
                .isNotEqualTo(shown("shop", "p1"));
        assertThat(again.imported()).isEmpty();
        assertThat(cluster.get("ops", name("shop", "p1")).getSpec().trigger).isEqualTo(Trigger.Manual);
    }

    @Test
    void skipsPointsThatAreAlreadyImported() {
        catalog.put(blob, point("east", "shop", "p1"));
        sync.sync(blob);
        int changes = cluster.changes;
        int reads = catalog.reads;
        cluster.reads = 0;

        CatalogSync.Result again = sync.sync(blob);

        assertThat(again.imported()).isEmpty();
        assertThat(cluster.changes).isEqualTo(changes);
        assertThat(catalog.reads).as("an imported point is not read again").isEqualTo(reads);
        assertThat(cluster.reads).as("and its object is not").isZero();
    }

    /** Where a point of site east is shown. */
    private static String shown(String namespace, String point) {
        return "ops/" + name(namespace, point);
    }

    private static String name(String namespace, String point) {
        return name("east", namespace, point);
    }

    private static String name(String site, String namespace, String point) {
        String path = PointKeys.of(site, namespace, point).path();
        return site + "-" + namespace + "-" + point + "-"
                + Digests.sha256Hex(path).substring(0, 12);
    }

    private static List<String> copies(RestorePointStatus s) {
        return s.copies.stream().map((PointCopy c) -> c.location).toList();
    }

    static PointDocument point(String site, String namespace, String name) {
        return point(PointKeys.of(site, namespace, name));
    }

    static PointDocument point(PointKey key) {
        String name = key.point();
        return PointDocument.builder(key, "uid")
                .repository(TestRegister.of(key).id())
                .policy("hourly")
                .trigger(Trigger.Scheduled)
                .epoch(3)
                .operatorVersion("test")
                .capturedAt("2026-11-23T12:00:00Z")
                .consistency(Consistency.Application)
                .volumes(List.of(new PointDocument.Volume(
                        "data", "csi", "1Gi", "/volumes/data", Digests.sha256Hex("snap-" + name), 2000, 500)))
                .databases(List.of(new PointDocument.Database("main", "postgresql", "17", "0/1")))
                .archive("archive", 7)
                .objects(List.of(new PointDocument.StoredObject("archive/x", 10, "sha-" + name)))
                .keyId("key")
                .build();
    }

    private static final class SilentReport extends EarlierHistoryReport {
        SilentReport() {
            super(null, null, null, null, null);
        }

        @Override
        void publish(
                BackupLocation location, Map<String, Integer> counts, AdoptionIndex index, Predicate<String> uses) {
            // this test is about points
        }
    }

    /** A catalog with the seals of each location. */
    static final class FakeCatalog extends Catalog {
        final Map<String, Map<PointKey, PointDocument>> seals = new TreeMap<>();
        final List<String> tampered = new java.util.ArrayList<>();
        final List<String> locked = new java.util.ArrayList<>();
        boolean broken;
        int reads;

        FakeCatalog() {
            super(null, null);
        }

        void put(BackupLocation location, PointDocument document) {
            seals.computeIfAbsent(uid(location), k -> new java.util.LinkedHashMap<>())
                    .put(document.key(), document);
        }

        void clear(BackupLocation location) {
            seals.remove(uid(location));
        }

        @Override
        public List<PointKey> list(BackupLocation location, Predicate<PointKey> wanted) {
            if (broken) {
                throw BreakwaterException.retryable(Reason.StoreUnavailable, "the second page did not come");
            }
            return seals.getOrDefault(uid(location), Map.of()).keySet().stream()
                    .filter(wanted)
                    .toList();
        }

        @Override
        public java.util.Optional<Sealed> read(BackupLocation location, PointKey key) {
            reads++;
            if (locked.contains(key.point())) {
                throw BreakwaterException.permanent(Reason.KeyMismatch, "the key is not available");
            }
            if (tampered.contains(key.point())) {
                throw SealCodec.tampered(key, "its signature does not match");
            }
            return java.util.Optional.ofNullable(
                            seals.getOrDefault(uid(location), Map.of()).get(key))
                    .map(d -> new Sealed(d, "digest of " + key.point()));
        }

        private static String uid(BackupLocation location) {
            return location.getMetadata().getUid();
        }
    }

    static RestorePoint object(String namespace, String name, Trigger trigger) {
        RestorePoint object = new RestorePoint();
        object.getMetadata().setNamespace(namespace);
        object.getMetadata().setName(name);
        object.setSpec(new RestorePointSpec());
        object.getSpec().trigger = trigger;
        return object;
    }
}
