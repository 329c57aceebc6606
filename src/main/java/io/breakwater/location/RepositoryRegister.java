package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RepositoryNames;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.AdoptedHistory;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Which repository a namespace has in a location. Two signed documents say so: the owner entry of the namespace names the
 * repository, and the record of the repository names the namespace. The record is always written first. So an entry whose record
 * is missing, unreadable, or does not name the namespace was altered, and nothing is done with either.
 */
@ApplicationScoped
public class RepositoryRegister {
    private static final int ID_BYTES = 16;
    private static final int CACHED = 10_000;
    private static final int TRIES = 5;

    /** What replaces a record that is being deleted. No reader takes it for a record. */
    private static final byte[] UNUSED = "{}".getBytes(StandardCharsets.UTF_8);

    private final Stores stores;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();
    private final RegisterDocuments reader = new RegisterDocuments();
    private final Map<String, OwnedRepository> known = BoundedCache.of(CACHED);

    public RepositoryRegister(Stores stores, Clock clock) {
        this.stores = stores;
        this.clock = clock;
    }

    /**
     * The repository of a namespace; empty before its first capture that moves data.
     *
     * @throws BreakwaterException Tampered, naming the document that is missing or cannot be verified
     */
    public Optional<OwnedRepository> find(BackupLocation location, CapturedNamespace source) {
        String cached = RegisterDocuments.cached(location, source.path());
        OwnedRepository before = known.get(cached);
        if (before != null) {
            return Optional.of(before);
        }
        ObjectStore store = stores.open(location);
        Optional<OwnedRepository> found =
                reader.entry(location, store, source).map(entry -> new OwnedRepository(entry.repository(), source));
        found.ifPresent(repository -> {
            requireOwner(location, reader.record(location, store, repository.id()), repository);
            known.put(cached, repository);
        });
        return found;
    }

    /**
     * The repository of a namespace. A namespace without one continues the newest repository that it may continue, or gets a
     * new one. It may continue a repository only if it takes over the data of every other owner, and all of them are of its
     * site: a repository has one key, which opens all data in it.
     *
     * @param adopted where earlier namespaces may be whose data this one takes over
     * @param adopts whether it takes over the data of a namespace
     * @throws BreakwaterException Tampered, naming the document that is missing or cannot be verified
     */
    public OwnedRepository findOrCreate(
            BackupLocation location,
            CapturedNamespace source,
            Supplier<List<AdoptedHistory>> adopted,
            Predicate<CapturedNamespace> adopts) {
        return find(location, source).orElseGet(() -> {
            Predicate<CapturedNamespace> permitted = owner -> owner.site().equals(source.site()) && adopts.test(owner);
            Optional<String> earlier = newestFirst(location, source, adopted.get(), permitted).stream()
                    .filter(id -> addOwner(location, id, source, permitted))
                    .findFirst();
            ObjectStore store = stores.open(location);
            earlier.ifPresent(id -> renew(location, store, id));
            Instant now = LocationDocument.now(store, clock);
            String id = earlier.orElseGet(() -> create(store, source, now));
            store.writeSigned(StoreLayout.owner(source), 1, new OwnerEntry(id, now).bytes(), Precondition.ABSENT);
            // Another process may have been first; its repository is the one then.
            return find(location, source)
                    .orElseThrow(() -> BreakwaterException.retryable(
                            Reason.StoreUnavailable,
                            StoreLayout.owner(source) + " was deleted while it was written, will retry"));
        });
    }

    /** Writes the record again before its repository comes into use, so that no cleanup takes it for an unused one. */
    private void renew(BackupLocation location, ObjectStore store, String id) {
        SignedDocument record = reader.document(location, store, id);
        RegisterDocuments.parsed(location, id, record);
        Precondition same = new Precondition.Matches(record.etag());
        if (store.writeSigned(record.key(), record.counter() + 1, record.payload(), same)
                .isEmpty()) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, record.key() + " changed at the same time, will retry");
        }
    }

    /** Writes the record of a new repository. */
    private String create(ObjectStore store, CapturedNamespace owner, Instant now) {
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        String id = HexFormat.of().formatHex(bytes);
        byte[] record = RepositoryRecord.create(id, now, owner).bytes();
        return store.writeSigned(StoreLayout.repositoryRecord(id), 1, record, Precondition.ABSENT)
                .map(written -> id)
                .orElseThrow(() -> BreakwaterException.retryable(
                        Reason.StoreUnavailable, StoreLayout.repositoryRecord(id) + " exists already, will retry"));
    }

    /** The repositories of the adopted namespaces; that of the namespace that became an owner last is first. */
    private List<String> newestFirst(
            BackupLocation location,
            CapturedNamespace source,
            List<AdoptedHistory> adopted,
            Predicate<CapturedNamespace> adopts) {
        ObjectStore store = stores.open(location);
        return adopted.stream()
                .map(history -> StoreLayout.owners(
                        history.parts().getFirst(), history.parts().get(1)))
                .distinct()
                .flatMap(prefix -> store.gather(prefix, o -> StoreLayout.ownerOf(o.key())).stream())
                .filter(earlier -> !earlier.equals(source) && adopts.test(earlier))
                .flatMap(earlier -> reader.entry(location, store, earlier).stream())
                .sorted(Comparator.comparing(OwnerEntry::start).reversed())
                .map(OwnerEntry::repository)
                .distinct()
                .toList();
    }

    /**
     * Adds an owner to a repository, which becomes its newest one. A second call changes nothing. Both the check of the other
     * owners and the change are about the same version of the record.
     *
     * @param permitted whether the repository may have another owner
     * @return false when it has an owner that is not permitted
     * @throws BreakwaterException Tampered, when the record is missing or cannot be verified
     */
    boolean addOwner(
            BackupLocation location, String id, CapturedNamespace owner, Predicate<CapturedNamespace> permitted) {
        ObjectStore store = stores.open(location);
        for (int i = 0; i < TRIES; i++) {
            SignedDocument document = reader.document(location, store, id);
            RepositoryRecord record = RegisterDocuments.parsed(location, id, document);
            if (!record.owners().stream().allMatch(other -> other.equals(owner) || permitted.test(other))) {
                return false;
            }
            if (record.owners().contains(owner)) {
                return true;
            }
            if (record.owners().size() >= RepositoryRecord.MOST_OWNERS) {
                throw BreakwaterException.permanent(
                        Reason.Conflict,
                        "repository " + id + " in " + ObjectNames.of(location) + " has "
                                + record.owners().size()
                                + " owners, which is the most that it can have; remove the adoption, so that namespace "
                                + owner + " gets its own repository");
            }
            Precondition same = new Precondition.Matches(document.etag());
            if (store.writeSigned(
                            document.key(),
                            document.counter() + 1,
                            record.with(owner).bytes(),
                            same)
                    .isPresent()) {
                return true;
            }
        }
        throw BreakwaterException.retryable(
                Reason.StoreUnavailable, StoreLayout.repositoryRecord(id) + " changed at the same time, will retry");
    }

    /**
     * The namespaces that own a repository, according to its record; the newest owner is last.
     *
     * @throws BreakwaterException Tampered, when the record is missing or cannot be verified
     */
    public List<CapturedNamespace> owners(BackupLocation location, String id) {
        return reader.record(location, stores.open(location), id).owners();
    }

    /**
     * Checks that only namespaces of one site own a repository. Deletions wait for captures and copies of the same process, and
     * another site has another process.
     *
     * @return the owners, the newest one last
     * @throws BreakwaterException Conflict, when another site owns it too; Tampered, when the record cannot be verified
     */
    public List<CapturedNamespace> requireOwnedBy(BackupLocation location, String id, String site) {
        List<CapturedNamespace> owners = owners(location, id);
        owners.stream()
                .map(CapturedNamespace::site)
                .filter(other -> !other.equals(site))
                .findFirst()
                .ifPresent(other -> {
                    throw BreakwaterException.permanent(
                            Reason.Conflict,
                            "nothing was deleted in repository " + id + " in " + ObjectNames.of(location) + ": site "
                                    + other + " owns it too, and may use the data; delete the data with the tools of"
                                    + " the store when no site needs it");
                });
        return owners;
    }

    /**
     * Repositories by the namespaces that own them, according to the owner entries in a location. An entry that cannot be
     * verified names no repository.
     *
     * @param site whose namespaces
     * @param trouble takes the errors of such entries
     */
    public Map<CapturedNamespace, String> ownedBy(
            BackupLocation location, String site, Consumer<BreakwaterException> trouble) {
        return entries(location, StoreLayout.owners() + site + "/", trouble);
    }

    /** The same for the namespaces of all sites. */
    public Map<CapturedNamespace, String> all(BackupLocation location, Consumer<BreakwaterException> trouble) {
        return entries(location, StoreLayout.owners(), trouble);
    }

    private Map<CapturedNamespace, String> entries(
            BackupLocation location, String prefix, Consumer<BreakwaterException> trouble) {
        ObjectStore store = stores.open(location);
        Map<CapturedNamespace, String> owned = new LinkedHashMap<>();
        for (ObjectInfo o : store.gather(prefix, Optional::of)) {
            StoreLayout.ownerOf(o.key()).ifPresent(source -> {
                try {
                    reader.entry(location, store, source, o).ifPresent(e -> owned.put(source, e.repository()));
                } catch (BreakwaterException e) {
                    if (e.isRetryable()) {
                        throw e;
                    }
                    trouble.accept(e);
                }
            });
        }
        return owned;
    }

    /**
     * Signs the records and owner entries of a location with another key, where they have not that key yet. A document that
     * cannot be verified stays as it is.
     */
    public void resign(BackupLocation location, String keyId) {
        ObjectStore store = stores.open(location);
        for (String key : documents(store)) {
            reader.readIfValid(location, store, key)
                    .filter(document -> !document.keyId().equals(keyId))
                    .ifPresent(document -> resign(store, document, keyId));
        }
    }

    private static void resign(ObjectStore store, SignedDocument document, String keyId) {
        byte[] signed = store.documents().sign(document.key(), document.counter() + 1, document.payload());
        if (DocumentSigner.statedKey(signed).filter(keyId::equals).isEmpty()) {
            store.documents().refresh(); // the location has switched since the keys were read; the next round signs
            return;
        }
        store.write(document.key(), signed, new Precondition.Matches(document.etag()));
    }

    /** The records and owner entries of a location, each with the key that it states to be signed with. */
    public Map<String, String> signers(BackupLocation location) {
        ObjectStore store = stores.open(location);
        Map<String, String> signers = new LinkedHashMap<>();
        for (String key : documents(store)) {
            store.readIfBounded(key, ObjectStore.MAX_DOCUMENT)
                    .flatMap(document -> DocumentSigner.statedKey(document.content()))
                    .ifPresent(id -> signers.put(key, id));
        }
        return signers;
    }

    private static List<String> documents(ObjectStore store) {
        List<String> keys = new ArrayList<>(store.gather(
                StoreLayout.owners(), o -> StoreLayout.ownerOf(o.key()).map(StoreLayout::owner)));
        store.directories(StoreLayout.repositories()).stream()
                .filter(RepositoryNames::isRepository)
                .map(StoreLayout::repositoryRecord)
                .forEach(keys::add);
        return keys;
    }

    /**
     * Copies the record of a repository and the owner entry of its namespace to another location, before any data. The id stays
     * the same. The target gets the owners of the source.
     *
     * @throws BreakwaterException Tampered, when a document of the source or of the target cannot be verified; Conflict, when the
     *     namespace has another repository at the target, or the repository has another owner there
     */
    public void copy(BackupLocation from, BackupLocation to, OwnedRepository repository) {
        String cached =
                RegisterDocuments.cached(to, "copied/" + repository.source().path() + "/" + repository.id());
        if (known.containsKey(cached)) {
            return;
        }
        ObjectStore source = stores.open(from);
        ObjectStore target = stores.open(to);
        RepositoryRecord record = reader.record(from, source, repository.id());
        requireOwner(from, record, repository);
        String key = StoreLayout.repositoryRecord(repository.id());
        boolean created = target.head(key).isEmpty()
                && target.writeSigned(key, 1, record.bytes(), Precondition.ABSENT)
                        .isPresent();
        if (!created) {
            for (CapturedNamespace owner : record.owners()) {
                if (!addOwner(to, repository.id(), owner, record.owners()::contains)) {
                    throw BreakwaterException.permanent(
                            Reason.Conflict,
                            "repository " + repository.id() + " has an owner in " + ObjectNames.of(to)
                                    + " that it does not have in " + ObjectNames.of(from)
                                    + ", so it was not copied there; copy to another location");
                }
            }
        }
        if (!created && target.head(StoreLayout.owner(repository.source())).isEmpty()) {
            renew(to, target, repository.id());
        }
        Optional<OwnerEntry> entry = reader.entry(from, source, repository.source());
        Instant since = entry.map(OwnerEntry::start).orElseGet(() -> LocationDocument.now(target, clock));
        target.writeSigned(
                StoreLayout.owner(repository.source()),
                1,
                new OwnerEntry(repository.id(), since).bytes(),
                Precondition.ABSENT);
        String there = find(to, repository.source()).map(OwnedRepository::id).orElse("");
        if (!there.equals(repository.id())) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "namespace " + repository.source() + " has repository " + there + " in " + ObjectNames.of(to)
                            + ", so repository " + repository.id() + " was not copied there; copy to another location");
        }
        known.put(cached, repository);
    }

    /**
     * Deletes the records of repositories that the namespaces of a site started and never used: nothing but an old record, which
     * no owner entry names. Two processes that start the repository of a namespace at the same time leave one. A tombstone would
     * still be there when the repository comes into use. So the record is replaced first, if it is still the same.
     *
     * @param before time of the newest record that counts, by the store's clock
     * @return the ids of these repositories
     */
    public List<String> deleteUnused(BackupLocation location, String site, Instant before) {
        ObjectStore store = stores.open(location);
        List<BreakwaterException> trouble = new ArrayList<>();
        Collection<String> named = all(location, trouble::add).values();
        if (!trouble.isEmpty()) {
            return List.of(); // an entry that cannot be read may name any of them
        }
        return store.directories(StoreLayout.repositories()).stream()
                .filter(RepositoryNames::isRepository)
                .filter(id -> !named.contains(id))
                .filter(id -> deleteIfUnused(location, store, site, id, before))
                .toList();
    }

    private boolean deleteIfUnused(BackupLocation location, ObjectStore store, String site, String id, Instant before) {
        String key = StoreLayout.repositoryRecord(id);
        try {
            Optional<SignedDocument> record =
                    reader.readIfValid(location, store, key).filter(found -> isOf(found, id, site));
            boolean unused = record.isPresent()
                    && store.head(key)
                            .filter(there -> there.info().lastModified().isBefore(before))
                            .isPresent()
                    && store.directories(StoreLayout.repository(id)).isEmpty()
                    && store.head(StoreLayout.repository(id) + "config").isEmpty();
            if (!unused) {
                return false;
            }
            Precondition same = new Precondition.Matches(record.get().etag());
            if (store.writeSigned(key, record.get().counter() + 1, UNUSED, same).isEmpty()) {
                return false;
            }
            store.removals().ifPresent(removals -> removals.recordRemoval(store, key));
            store.delete(key);
            reader.forget(location, key);
            return true;
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            return false; // one repository must not stop the cleanup of the others
        }
    }

    /** Whether a record is of a site, or is one whose deletion was interrupted. */
    private static boolean isOf(SignedDocument record, String id, String site) {
        return Arrays.equals(record.payload(), UNUSED)
                || RepositoryRecord.parse(record.payload())
                        .filter(found -> found.id().equals(id)
                                && found.newestOwner().site().equals(site))
                        .isPresent();
    }

    /** All repositories of a location, each with its newest owner, or without one when its record cannot be verified. */
    public List<OwnedRepository> list(BackupLocation location) {
        ObjectStore store = stores.open(location);
        return store.directories(StoreLayout.repositories()).stream()
                .filter(RepositoryNames::isRepository)
                .map(id -> new OwnedRepository(id, newestOwner(location, store, id)))
                .toList();
    }

    private CapturedNamespace newestOwner(BackupLocation location, ObjectStore store, String id) {
        try {
            return reader.record(location, store, id).newestOwner();
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            return null;
        }
    }

    private static void requireOwner(BackupLocation location, RepositoryRecord record, OwnedRepository repository) {
        if (!record.owners().contains(repository.source())) {
            throw RegisterDocuments.tampered(
                    location,
                    StoreLayout.repositoryRecord(repository.id()),
                    "it does not name namespace " + repository.source() + ", whose owner entry names the repository");
        }
    }
}
