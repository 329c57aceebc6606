package io.breakwater.rotation;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.catalog.ArchiveSpools;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.SealKeySurvey;
import io.breakwater.catalog.TestArchives;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.RepositoryKeys;
import io.breakwater.location.Stores;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.KeyedStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;

/** The parts of Breakwater on one cluster that use keys: Secret, probe and rotation, with a location in memory. */
final class SiteFixture {
    static final String SYSTEM = "breakwater-system";
    private static final String UID = "0f0e0d0c-0b0a-0908-0706-050403020100";

    final String name;
    final FakeMovers movers;
    final Catalog catalog;
    private Map<String, String> secret;
    private final BackupLocation location = new BackupLocation();
    private final BreakwaterConfig config;
    private final LocationKeys keys;
    private final Stores stores;
    private final RepositoryKeys files;
    private final SealKeySurvey seals;
    private final DocumentSigner signer;

    SiteFixture(String name, ObjectStore disk, Random random, BooleanSupplier killed) {
        this.name = name;
        this.config = TestConfig.of(Map.of("breakwater.site", name));
        location.getMetadata().setNamespace(SYSTEM);
        location.getMetadata().setName("disk");
        location.getMetadata().setUid("disk");
        location.getMetadata().setGeneration(1L);
        location.setSpec(new BackupLocationSpec());
        location.getSpec().filesystem = new BackupLocationSpec.Filesystem();
        location.getSpec().filesystem.path = "disk";
        location.setStatus(new BackupLocationStatus());
        keys = TestKeys.from(() -> secret);
        signer = new DocumentSigner(() -> ring().signingKeys(keys.writing(location, ring())));
        stores = TestStores.always(new KeyedStore(new CrashingStore(disk, killed), signer));
        catalog = new Catalog(stores, keys);
        files = new RepositoryKeys(stores, TestRegister.of(stores));
        seals = new SealKeySurvey(stores, keys);
        movers = new FakeMovers(keys, stores, random);
    }

    /** The user applies a Secret. */
    void give(byte[]... masterKeys) {
        secret = TestKeys.data(masterKeys);
        signer.refresh();
    }

    void probe() {
        TestKeys.probe(keys, stores, config, location);
    }

    /** One pass, by a process without memory of earlier passes. */
    RotationResult rotate() {
        RotationResult outcome = rotation().advance(location);
        location.getStatus().keyId = outcome.writing();
        signer.refresh();
        return outcome;
    }

    private Rotation rotation() {
        return new Rotation(
                config,
                stores,
                keys,
                new KeyTakeover(
                        seals,
                        files,
                        new RepositoryRekey(config, stores, files, movers, Clock.systemUTC()),
                        TestRegister.of(stores),
                        new DocumentTakeover(stores)));
    }

    /** The archive is written with the key of the location; the location may switch to another one before the seal. */
    void capture(String point) {
        PointKey key = PointKeys.of(name, "shop", point);
        catalog.seal(
                location, TestArchives.write(store(), key, UID, objects(key), ring(), keys.writing(location, ring())));
    }

    /** The objects in the archive of a point, decrypted with the keys of this site. */
    byte[] restored(PointKey key) {
        Catalog.Sealed sealed = catalog.read(location, key).orElseThrow();
        ArchiveSpools spools = new ArchiveSpools(stores, keys, 1L << 40);
        try (InputStream in = spools.open("run", location, sealed.document(), sealed.digest())) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            spools.release("run");
        }
    }

    static byte[] objects(PointKey key) {
        return ("objects of " + key).getBytes(StandardCharsets.UTF_8);
    }

    void makeRepository(String namespace, boolean marked) {
        KeyRing ring = ring();
        movers.init(location, name, namespace, keys.writing(location, ring), marked);
    }

    KeyRing ring() {
        return keys.ring(location);
    }

    BackupLocation location() {
        return location;
    }

    ObjectStore store() {
        return stores.open(location);
    }
}
