package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.Digests;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Registers and repositories for tests. The id of a repository follows from its first owner. */
public final class TestRegister {
    /** Id of the repository of namespace shop of site east. */
    public static final String SHOP_ID = "46b7e6248fb7478118415f5e93a07601";

    /** Prefix of that repository. */
    public static final String SHOP = "breakwater/repos/" + SHOP_ID + "/";

    /** Prefix of the repository of namespace bank of site east. */
    public static final String BANK = "breakwater/repos/9ea6ee24a1bc8de043062ab04e696939/";

    /** Prefix of the repository of namespace shop of site west. */
    public static final String WEST_SHOP = "breakwater/repos/48059c7167e5392d1fd43df8e40a1423/";

    /** The longest validity of a read lease. */
    public static final Duration LONGEST_READ = Duration.ofHours(13);

    private TestRegister() {}

    /** The register of some stores. */
    public static RepositoryRegister of(Stores stores) {
        return new RepositoryRegister(stores, Clock.systemUTC());
    }

    /** The register of one store. */
    public static RepositoryRegister of(ObjectStore store) {
        return of(TestStores.always(store));
    }

    /** The repository of a namespace. */
    public static OwnedRepository of(String site, String namespace) {
        return of(PointKeys.of(site, namespace, "p"));
    }

    /** The repository of the namespace of a point. */
    public static OwnedRepository of(PointKey key) {
        return of(key.source());
    }

    /** The repository of a namespace. */
    public static OwnedRepository of(CapturedNamespace source) {
        return new OwnedRepository(Digests.sha256Hex(source.path()).substring(0, 32), source);
    }

    /** A namespace with this name, as all tests identify it. */
    public static CapturedNamespace namespace(String site, String namespace) {
        return PointKeys.of(site, namespace, "p").source();
    }

    /** Writes the record of a repository and the entry of its owner, as the first capture does. */
    public static OwnedRepository create(ObjectStore store, String site, String namespace) {
        return create(store, namespace(site, namespace));
    }

    /** The same for any namespace. */
    public static OwnedRepository create(ObjectStore store, CapturedNamespace source) {
        OwnedRepository repository = of(source);
        Instant now = Instant.parse("2026-06-01T00:00:00Z");
        store.writeSigned(
                StoreLayout.repositoryRecord(repository.id()),
                1,
                RepositoryRecord.create(repository.id(), now, repository.source())
                        .bytes(),
                Precondition.ABSENT);
        store.writeSigned(
                StoreLayout.owner(repository.source()),
                1,
                new OwnerEntry(repository.id(), now).bytes(),
                Precondition.ABSENT);
        return repository;
    }

    /** Adds an owner to the repository of a namespace, as an adoption does. */
    public static void adopt(Stores stores, BackupLocation location, OwnedRepository repository, CapturedNamespace by) {
        of(stores).addOwner(location, repository.id(), by, other -> true);
    }

    /** Writes one more owner into the record of a repository, and the entry of that owner. */
    public static void addOwner(ObjectStore store, OwnedRepository repository, CapturedNamespace owner) {
        SignedDocument before = store.readSigned(
                        StoreLayout.repositoryRecord(repository.id()), ObjectStore.MAX_DOCUMENT)
                .orElseThrow();
        RepositoryRecord record = RepositoryRecord.parse(before.payload()).orElseThrow();
        store.writeSigned(before.key(), before.counter() + 1, record.with(owner).bytes(), Precondition.NONE);
        Instant now = Instant.parse("2026-06-02T00:00:00Z");
        store.writeSigned(
                StoreLayout.owner(owner), 1, new OwnerEntry(repository.id(), now).bytes(), Precondition.ABSENT);
    }

    /** A store that deletes and hides the points and the repository of a namespace. */
    public static SoftDeleteStore visible(ObjectStore store, String site, String namespace) {
        return new SoftDeleteStore(
                store,
                List.of(
                        DeletionScope.points(namespace(site, namespace)),
                        of(site, namespace).deletions()));
    }

    /** The deleted objects of a site whose namespace shop has a repository. */
    public static DeletedObjects deleted(ObjectStore store, String site) {
        OwnedRepository shop = of(site, "shop");
        return new DeletedObjects(store, site, Map.of(shop.source(), shop.id()), LONGEST_READ);
    }

    /** Key of the tombstone of an object in the repository of a namespace. */
    public static String tombstone(String site, String namespace, String key) {
        return of(site, namespace).deletions().tombstones() + key;
    }
}
