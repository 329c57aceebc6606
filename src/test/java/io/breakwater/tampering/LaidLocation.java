package io.breakwater.tampering;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Digests;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RepositoryNames;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.catalog.ArchiveSpools;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.SealKeySurvey;
import io.breakwater.catalog.TestArchives;
import io.breakwater.cleanup.SweepReading;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.lease.DirectCalls;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseCounter;
import io.breakwater.lease.LeaseMemory;
import io.breakwater.lease.LeaseStore;
import io.breakwater.location.ProbeReading;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.SiteKeys;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.replication.Replicator;
import io.breakwater.restore.RestoreReading;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.KeyedStore;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.ReadLease;
import io.breakwater.store.SiteHeartbeat;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.TestSite;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A location that two sites write, with objects in every area. The classes of the product write them, except those of restic. The
 * readers are those of site east.
 */
final class LaidLocation implements AutoCloseable {
    private static final String OPS = "ops";

    /** Logs every request; a field, because loggers without a reference lose their level. */
    private static final Logger SERVER = Logger.getLogger("io.fabric8.mockwebserver");

    private static final byte[] MASTER = bytes("0123456789abcdef0123456789abcdef");
    private static final byte[] RETIRED = bytes("fedcba9876543210fedcba9876543210");
    private static final Duration GRACE = Duration.ofHours(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    /** All objects in memory have the same time. */
    private static final Instant LATER = Instant.EPOCH.plus(Duration.ofDays(2));

    static final PointKey FIRST = PointKeys.of("east", "shop", "first");
    static final PointKey VOUCHED = PointKeys.of("east", "shop", "vouched");
    static final PointKey BANK = PointKeys.of("east", "bank", "first");
    private static final PointKey GONE = PointKeys.of("east", "shop", "gone");
    private static final PointKey OTHER_SITE = PointKeys.of("west", "shop", "first");
    private static final List<PointKey> POINTS = List.of(FIRST, VOUCHED, BANK);

    final RecordingStore disk = new RecordingStore();
    private final MemoryStore target = new MemoryStore();
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final BreakwaterConfig config =
            TestConfig.of(Map.of("breakwater.namespace", OPS, "breakwater.site", "east"));
    private final IdentityRule rule = new IdentityRule(config, PointKeys.identities("east"));
    private final LocationKeys keys = new LocationKeys(client) {
        @Override
        public Optional<Secret> secret(BackupLocation of) {
            return Optional.of(secret);
        }
    };
    private final TestSite east = new TestSite("east", "cluster-of-east");
    private final TestSite west = new TestSite("west", "cluster-of-west");
    private final BackupLocation location = location("blob");
    private final BackupLocation copies = location("copies");
    private final Map<String, PointDocument> documents = new TreeMap<>();
    private final Map<String, LeaseCounter> leases = new TreeMap<>();
    private Secret secret;
    private ObjectStore store;
    private Stores stores;
    private Catalog catalog;

    LaidLocation(KeyPair escrow) {
        SERVER.setLevel(Level.WARNING);
        giveEscrow(escrow);
        give(RETIRED);
        open();
        writeSitesAndLocation();
        writePoints();
        writeDeletions();
        writeUnfinished();
        writeLeases();
        SweepReading.extend(store, location, catalog, "east", LATER);
        disk.locked.clear();
    }

    private void open() {
        store = new KeyedStore(disk, signer(east, Map.of("west", west.publicKey())));
        stores = new Stores(null, null, null, Clock.systemUTC(), null) {
            @Override
            public ObjectStore open(BackupLocation of) {
                return of.getMetadata().getName().equals("blob")
                        ? store
                        : new KeyedStore(target, signer(east, Map.of()));
            }
        };
        catalog = new Catalog(stores, keys);
    }

    private DocumentSigner signer(TestSite site, Map<String, String> pins) {
        KeyRing ring = keys.ring(location);
        return new DocumentSigner(() -> ring.signingKeys(keys.writing(location, ring), pins), Optional.of(site));
    }

    /** The retired key wrote the location and the first points; both keys are in the Secret for a while. */
    private void writeSitesAndLocation() {
        ObjectStore ofWest = new KeyedStore(disk, signer(west, Map.of()));
        SiteHeartbeat.write(ofWest, "west", Instant.EPOCH);
        SiteHeartbeat.write(ofWest, "west", Instant.EPOCH.plusSeconds(10));
        SiteKeys.report(ofWest, "west", TestKeys.ring(RETIRED), null);
        ProbeReading.record(client, stores, keys, config, location);
        write(VOUCHED, "uid-vouched", keys.ring(location), TestKeys.id(RETIRED));

        give(MASTER, RETIRED);
        open();
        LocationDocument before = LocationDocument.read(store).orElseThrow();
        before.change(store, TestKeys.id(MASTER), Set.of(TestKeys.id(MASTER), TestKeys.id(RETIRED)));
        location.getStatus().keyId = TestKeys.id(MASTER);
        new SealKeySurvey(stores, keys).vouch(location, VOUCHED, TestKeys.id(MASTER));
        open();
        new RepositoryRegister(stores, Clock.systemUTC()).resign(location, TestKeys.id(MASTER));
        SiteKeys.report(new KeyedStore(disk, signer(west, Map.of())), "west", keys.ring(location), null);
        SiteHeartbeat.write(new KeyedStore(disk, signer(west, Map.of())), "west", Instant.EPOCH.plusSeconds(20));
        SiteHeartbeat.write(new KeyedStore(disk, signer(west, Map.of())), "west", Instant.EPOCH.plusSeconds(30));

        give(MASTER);
        open();
        disk.retains = true;
        ProbeReading.record(client, stores, keys, config, location);
        disk.retains = false;
        copies.getStatus().keyId = location.getStatus().keyId;
    }

    private void writePoints() {
        for (PointKey key : List.of(FIRST, BANK, GONE, OTHER_SITE)) {
            write(key, "uid-earlier", keys.ring(location), TestKeys.id(MASTER));
            catalog.unseal(location, key);
            if (!key.equals(GONE)) {
                DeletedObjects.forget(store, DeletionScope.points(key.source()), key.sealKey());
                write(key, "uid-of-" + key.point(), keys.ring(location), TestKeys.id(MASTER));
            }
        }
        TestRegister.adopt(
                stores,
                location,
                TestRegister.of(BANK),
                PointKeys.of("east", "bank-again", "first").source());
    }

    private void write(PointKey key, String uid, KeyRing ring, String keyId) {
        OwnedRepository repository = TestRegister.create(store, key.site(), key.namespace());
        String snapshot = repository(repository, key);
        PointDocument archived = TestArchives.write(store, key, uid, objects(key), ring, keyId);
        byte[] clear = bytes("objects of " + key + " in clear");
        String velero = key.veleroPrefix(uid) + "objects.tar.gz";
        store.write(velero, clear, Precondition.NONE);
        List<PointDocument.StoredObject> all = new ArrayList<>(archived.objects());
        all.add(new PointDocument.StoredObject(velero, clear.length, Digests.sha256Hex(clear)));
        PointDocument document = PointDocument.builder(key, uid)
                .capturedAt("2026-06-01T00:00:00Z")
                .archive(archived.archive(), 1)
                .objects(all)
                .keyId(archived.keyId())
                .archiveKey(archived.archiveKey())
                .repository(repository.id())
                .volumes(List.of(new PointDocument.Volume(
                        "data", "csi", "1Gi", RepositoryNames.filesOf("data"), snapshot, 1, 1)))
                .build();
        String digest = catalog.seal(location, document);
        documents.put(key.path(), document);
        if (key.site().equals("east")) {
            object(key, uid, digest, snapshot);
        }
    }

    /** The files of restic: each has the digest of its content as its name, except config. */
    private String repository(OwnedRepository repository, PointKey key) {
        String prefix = repository.prefix();
        store.write(prefix + "config", bytes("config of " + repository.id()), Precondition.ABSENT);
        store.write(prefix + "locks/" + "0".repeat(64), bytes("lock of " + key), Precondition.NONE);
        named(prefix + "keys/", "key of " + repository.id());
        String pack = "pack of " + key;
        named(prefix + "data/" + Digests.sha256Hex(bytes(pack)).substring(0, 2) + "/", pack);
        named(prefix + "index/", "index of " + key);
        return named(prefix + "snapshots/", "snapshot of " + key);
    }

    private String named(String prefix, String content) {
        String name = Digests.sha256Hex(bytes(content));
        store.write(prefix + name, bytes(content), Precondition.NONE);
        return name;
    }

    /** Deleted packs, of which one was deleted, restored and deleted again, and readers of one repository. */
    private void writeDeletions() {
        for (PointKey key : List.of(FIRST, BANK, OTHER_SITE)) {
            OwnedRepository repository = TestRegister.of(key);
            SoftDeleteStore soft = new SoftDeleteStore(store, repository.deletions());
            for (String pack : List.of("a", "b")) {
                String name = repository.prefix() + "data/de/" + pack.repeat(64);
                store.write(name, bytes("deleted pack"), Precondition.NONE);
                soft.delete(name);
                soft.undelete(name);
                soft.delete(name);
            }
        }
        List.of(FIRST, BANK)
                .forEach(key -> SweepReading.prune(store, TestRegister.of(key).id(), Instant.EPOCH));
        ReadLease.acquire(store, TestRegister.of(BANK).id(), LATER.plus(GRACE));
        ReadLease.acquire(store, TestRegister.of(FIRST).id(), Instant.EPOCH);
    }

    /** Captures that were killed after their archive. */
    private void writeUnfinished() {
        for (String namespace : List.of("shop", "bank")) {
            for (String point : List.of("lost", "other")) {
                PointKey key = PointKeys.of("east", namespace, point);
                catalog.startPoint(location, key, "uid-earlier");
                catalog.startPoint(location, key, "uid-of-" + point);
                TestArchives.write(store, key, "uid-of-" + point, objects(key), MASTER);
            }
        }
    }

    private void writeLeases() {
        for (String plan : List.of("shop", "bank")) {
            LeaseStore leased = lease(plan, new LeaseMemory(LeaseCounter.NONE));
            var first =
                    leased.write(Lease.first("east", MINUTE), Optional.empty()).orElseThrow();
            var second = leased.write(first.lease().renewed(MINUTE, null), Optional.of(first))
                    .orElseThrow();
            assertThat(leased.write(second.lease().renewed(MINUTE, null), Optional.of(second)))
                    .isPresent();
            leased.journal(1, 1, "Promote", Map.of("at", "2026-06-01"));
            leased.journal(1, 1, "Promote", Map.of("at", "2026-06-02"));
            leases.put(plan, leased.memory().newest());
        }
    }

    private LeaseStore lease(String plan, LeaseMemory memory) {
        return new LeaseStore(store, new DirectCalls(), plan, plan, memory);
    }

    /** What a reader does with these objects, one a line. Errors are lines, too. */
    List<String> read(StoreReader reader, Map<String, byte[]> objects) {
        RepositoryRegister register = new RepositoryRegister(stores, Clock.systemUTC());
        register.all(location, e -> {});
        POINTS.forEach(key -> register.owners(location, TestRegister.of(key).id()));
        LeaseMemory[] memories = {new LeaseMemory(leases.get("shop")), new LeaseMemory(leases.get("bank"))};
        for (LeaseMemory memory : memories) {
            lease("shop", memory).timeSinceHeartbeat("west");
        }
        set(objects);
        target.objects.clear();
        disk.locked.clear();
        ReaderReport report = new ReaderReport();
        switch (reader) {
            case RESTORE ->
                POINTS.forEach(key ->
                        report.line("restore " + key, () -> List.of("restored " + text(restored(key, register)))));
            case VERIFY ->
                POINTS.forEach(key -> report.line("verify " + key, () -> {
                    catalog.verifyObjects(location, catalog.find(location, key).orElseThrow(() -> missing(key)));
                    return List.of("verified");
                }));
            case COPY -> POINTS.forEach(key -> copy(report, key, register));
            case DELETION ->
                List.of(FIRST, VOUCHED, BANK, GONE)
                        .forEach(key -> report.line(
                                "deletion of " + key,
                                () -> catalog
                                        .findDeletable(
                                                location,
                                                key,
                                                d -> documents
                                                        .get(key.path())
                                                        .uid()
                                                        .equals(d.uid()))
                                        .stream()
                                        .map(Catalog.Deletable::document)
                                        .flatMap(d -> d.objects().stream())
                                        .map(o -> "would delete " + o.key())
                                        .toList()));
            case TOMBSTONES ->
                report.line("tombstones", () -> {
                    new DeletedObjects(
                                    store,
                                    "east",
                                    register.ownedBy(location, "east", report::error),
                                    TestRegister.LONGEST_READ)
                            .sweep(GRACE, LATER, true);
                    return List.of("swept");
                });
            case UNSEALED -> unsealed(report, register);
            case PRUNES ->
                List.of(FIRST, BANK)
                        .forEach(key -> report.line(
                                "prunes of " + key.namespace(),
                                () -> List.of(SweepReading.prunes(
                                        store, TestRegister.of(key).id()))));
            case REGISTER ->
                POINTS.forEach(key -> report.line(
                        "repository of " + key,
                        () -> List.of(new RepositoryRegister(stores, Clock.systemUTC())
                                .findOrCreate(location, key.source(), List::of, s -> false)
                                .id())));
            case LOCKS ->
                report.line("locks", () -> {
                    SweepReading.extend(store, location, catalog, "east", LATER.plus(Duration.ofDays(11)));
                    return disk.locked.stream().map(key -> "locked " + key).toList();
                });
            case PROBE -> report.line("probe", () -> ProbeReading.lines(client, stores, keys, config, location));
            case SITES -> sites(report, memories[0]);
            case LEASE -> {
                lease(report, "shop", memories[0]);
                lease(report, "bank", memories[1]);
            }
        }
        report.changes(objects, disk.objects);
        return report.lines();
    }

    /** One object of each kind: of the points that the readers read, where it belongs to a point. */
    List<String> samples(Set<String> keys) {
        Map<String, String> kinds = new TreeMap<>();
        Set<String> needed = new TreeSet<>();
        for (PointKey key : List.of(FIRST, VOUCHED)) {
            PointDocument document = documents.get(key.path());
            document.objects().forEach(o -> needed.add(o.key()));
            document.moved()
                    .forEach(v -> needed.add(document.owned().orElseThrow().snapshot(v.repositorySnapshot())));
        }
        for (String key : keys) {
            boolean ofPoint = key.startsWith("velero/")
                    || key.contains("/snapshots/")
                    || key.startsWith("breakwater/archives/") && !key.contains("/uid-of-lost/");
            boolean retired = key.startsWith("breakwater/escrow/" + TestKeys.id(RETIRED));
            boolean other = key.contains("/bank/")
                    || key.contains("/west/")
                    || key.startsWith(TestRegister.WEST_SHOP)
                    || key.startsWith(TestRegister.BANK)
                    || key.contains("/other.json");
            if (!retired && !other && (!ofPoint || needed.contains(key))) {
                kinds.putIfAbsent(
                        key.replaceAll("[0-9a-f-]{16,}|data/(?!de)..", "#")
                                .replace("vouched/resources", "first/resources"),
                        key);
            }
        }
        return List.copyOf(kinds.values());
    }

    void set(Map<String, byte[]> objects) {
        disk.objects.clear();
        disk.objects.putAll(objects);
    }

    /** Room for the copies of archives, in bytes. */
    private static final long LARGEST = 1L << 30;

    private byte[] restored(PointKey key, RepositoryRegister register) {
        try {
            return RestoreReading.restored(
                    client,
                    config,
                    rule,
                    catalog,
                    new ArchiveSpools(stores, keys, LARGEST),
                    register,
                    key.namespace(),
                    key.point());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void copy(ReaderReport report, PointKey key, RepositoryRegister register) {
        target.objects.clear();
        report.line("copy of " + key, () -> {
            new Replicator(catalog, stores, register)
                    .copy(location, copies, key, documents.get(key.path()).uid(), () -> {});
            return List.of("copied");
        });
        // The documents of the register are signed again at the target.
        target.objects.forEach((name, content) -> {
            if (!name.endsWith("/repository.json")
                    && !name.startsWith("breakwater/owners/")
                    && !name.startsWith("breakwater/begun/")) {
                report.add("copy of " + key + ": " + name + " has digest " + Digests.sha256Hex(content));
            }
        });
    }

    private void unsealed(ReaderReport report, RepositoryRegister register) {
        report.line(
                "unfinished points",
                () -> SweepReading.unfinished(location, store, catalog, config, LATER, rule, register, points()));
        for (PointKey key : List.of(FIRST, BANK)) {
            report.line(
                    "snapshots of " + key.namespace(),
                    () -> SweepReading.snapshots(
                            location, store, catalog, config, LATER, rule, register, points(), TestRegister.of(key)));
        }
        report.line(
                "unused repositories",
                () -> register.deleteUnused(location, "east", LATER).stream()
                        .map(id -> "deleted " + id)
                        .toList());
    }

    private void sites(ReaderReport report, LeaseMemory memory) {
        report.line(
                "heartbeat of west",
                () -> List.of(lease("shop", memory)
                        .timeSinceHeartbeat("west")
                        .map(age -> "seen")
                        .orElse("silent")));
        report.line(
                "reports",
                () -> SiteKeys.read(store).stream()
                        .map(s -> s.site() + " has " + s.current() + " of " + s.keys())
                        .toList());
    }

    private void lease(ReaderReport report, String plan, LeaseMemory memory) {
        report.line(
                "lease of " + plan,
                () -> List.of(lease(plan, memory)
                        .read()
                        .map(v -> v.lease().holder() + ", write " + v.lease().writes())
                        .orElse("absent")));
    }

    private List<RestorePoint> points() {
        return client.resources(RestorePoint.class).inAnyNamespace().list().getItems();
    }

    private static BreakwaterException missing(PointKey key) {
        return BreakwaterException.permanent(Reason.RestorePointNotFound, "point " + key + " does not exist");
    }

    private void object(PointKey key, String uid, String digest, String snapshot) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(key.namespace());
        point.getMetadata().setName(key.point());
        point.getMetadata().setUid(uid);
        point.setSpec(new RestorePointSpec());
        RestorePointStatus s = new RestorePointStatus();
        PointKeys.state(s, key);
        s.location = "blob";
        s.digest = digest;
        RestorePointStatus.VolumeStatus volume = new RestorePointStatus.VolumeStatus();
        volume.pvc = "data";
        volume.repositorySnapshot = snapshot;
        s.volumes = List.of(volume);
        s.capturedAt = "2026-06-01T00:00:00Z";
        Condition succeeded = new Condition();
        succeeded.type = Condition.SUCCEEDED;
        succeeded.status = "True";
        s.conditions.add(succeeded);
        point.setStatus(s);
        client.resource(point).createOr(NonDeletingOperation::update);
    }

    private BackupLocation location(String name) {
        BackupLocation made = new BackupLocation();
        made.getMetadata().setNamespace(OPS);
        made.getMetadata().setName(name);
        made.getMetadata().setUid(name);
        made.setSpec(new BackupLocationSpec());
        made.getSpec().usagePolicy = new BackupLocationSpec.UsagePolicy();
        made.getSpec().usagePolicy.namespaces = Namespaces.All;
        made.getSpec().encryption = new BackupLocationSpec.Encryption();
        made.getSpec().encryption.escrowSecretRef = new NamedRef("escrow");
        made.setStatus(new BackupLocationStatus());
        client.resource(made).create();
        return made;
    }

    private void give(byte[]... masterKeys) {
        secret = new SecretBuilder().withData(TestKeys.data(masterKeys)).build();
    }

    private void giveEscrow(KeyPair pair) {
        String pem = "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(pair.getPublic().getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(OPS)
                        .withName("escrow")
                        .addToLabels("breakwater.io/location-credentials", "true")
                        .endMetadata()
                        .addToData("publicKey", Base64.getEncoder().encodeToString(bytes(pem)))
                        .build())
                .create();
    }

    @Override
    public void close() {
        cluster.close();
    }

    private static byte[] objects(PointKey key) {
        return bytes("objects of " + key);
    }

    private static String text(byte[] content) {
        return new String(content, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
