package io.breakwater.store;

import io.breakwater.api.RepositoryNames;
import java.util.List;
import java.util.Optional;

/**
 * The keys of all objects in a location, and the areas that they form. Only this class spells out a key. Keys are contracts
 * with existing stores and never change. They are relative to the prefix of the location. All parameters are names that
 * contain no slash, except where the description says otherwise.
 */
public final class StoreLayout {
    private static final String ROOT = "breakwater/";
    private static final String LOCATION = ROOT + "location.json";
    private static final String POINTS = ROOT + "points/";
    private static final String REPOSITORIES = ROOT + "repos/";
    private static final String ARCHIVES = ROOT + "archives/";
    private static final String VELERO_ARCHIVES = "velero/backups/";
    private static final String IN_PROGRESS = ROOT + "begun/";
    private static final String OWNERS = ROOT + "owners/";
    private static final String POINT_TOMBSTONES = ROOT + "tombstones/points/";
    private static final String REPOSITORY_TOMBSTONES = ROOT + "tombstones/repos/";
    private static final String READ_LEASES = ROOT + "readers/";
    private static final String DELETION_NOTES = ROOT + "removed/";
    private static final String LOCK_ROUNDS = ROOT + "immutability/";
    private static final String SITES = ROOT + "sites/";
    private static final String KEY_RINGS = ROOT + "keyrings/";
    private static final String ESCROW = ROOT + "escrow/";
    private static final String REKEY_NOTES = ROOT + "rotations/";
    private static final String PRUNES = ROOT + "prunes/";
    private static final String PLANS = ROOT + "plans/";
    private static final String PROBES = ROOT + "probe/";
    private static final String JSON = ".json";

    private StoreLayout() {}

    /** Which site cleans up an area. */
    public enum Owner {
        /** No site in particular, so every site does. */
        NONE,
        /** The site that {@code <prefix><site>.json} names. */
        SITE,
        /** The site in {@code <prefix><site>/<namespace>…}. */
        NAMESPACE,
        /** Each site that has an owner of the repository in {@code <prefix><repository id>…}. */
        REPOSITORY
    }

    /**
     * An area of a location: objects with the same prefix and the same rules. In a location with {@code spec.immutability}
     * older versions of the objects of every area are deleted after the grace period. Decision 0023 describes the exceptions
     * for areas that are restored.
     *
     * @param prefix of the keys; the whole key in an area of one object
     * @param owner whose objects a site may clean up
     * @param locked whether objects are written with the lock of the location
     * @param restored whether an object that someone else hid is made visible again, and whether overwritten versions stay
     * @param replicated whether a copy of a point contains objects of the area
     */
    public record Area(String prefix, Owner owner, boolean locked, boolean restored, boolean replicated) {
        /** Prefix of the objects that a site cleans up in this area, whichever repositories it has; empty for none. */
        Optional<String> prefixFor(String site) {
            return switch (owner) {
                case NONE -> Optional.of(prefix);
                case SITE -> Optional.of(prefix + site + JSON);
                case NAMESPACE -> Optional.of(prefix + site + "/");
                case REPOSITORY -> Optional.empty();
            };
        }
    }

    /** All areas. No prefix is the beginning of another one. */
    static final List<Area> AREAS = List.of(
            //       prefix          owner            locked restored replicated
            new Area(REPOSITORIES, Owner.REPOSITORY, true, true, true),
            new Area(OWNERS, Owner.NAMESPACE, true, true, true),
            new Area(POINTS, Owner.NAMESPACE, true, true, true),
            new Area(ARCHIVES, Owner.NAMESPACE, true, true, true),
            new Area(VELERO_ARCHIVES, Owner.NONE, true, true, true),
            new Area(LOCATION, Owner.NONE, false, true, false),
            new Area(ESCROW, Owner.NONE, false, true, false),
            new Area(KEY_RINGS, Owner.SITE, false, false, false),
            new Area(REKEY_NOTES, Owner.REPOSITORY, false, false, false),
            new Area(PRUNES, Owner.REPOSITORY, false, false, false),
            new Area(POINT_TOMBSTONES, Owner.NAMESPACE, false, false, false),
            new Area(REPOSITORY_TOMBSTONES, Owner.REPOSITORY, false, false, false),
            new Area(READ_LEASES, Owner.REPOSITORY, false, false, false),
            new Area(IN_PROGRESS, Owner.NAMESPACE, false, false, false),
            new Area(SITES, Owner.SITE, false, false, false),
            new Area(LOCK_ROUNDS, Owner.NONE, false, false, false),
            new Area(PROBES, Owner.NONE, false, false, false),
            new Area(DELETION_NOTES, Owner.NONE, false, false, false),
            new Area(PLANS, Owner.NONE, false, false, false));

    /** The area of a key; empty for a key that is not one of Breakwater. */
    public static Optional<Area> area(String key) {
        return AREAS.stream().filter(a -> key.startsWith(a.prefix())).findFirst();
    }

    /** Prefixes of everything that a site cleans up, except in the areas by repository. */
    public static List<String> prefixesFor(String site) {
        return AREAS.stream().flatMap(a -> a.prefixFor(site).stream()).toList();
    }

    /** Prefixes of everything that belongs to a repository. */
    public static List<String> prefixesForRepository(String id) {
        String name = RepositoryNames.requireRepository(id);
        return AREAS.stream()
                .filter(a -> a.owner() == Owner.REPOSITORY)
                .map(a -> a.prefix() + name)
                .toList();
    }

    /** Whether an object is written with the lock of the location. */
    static boolean isLocked(String key) {
        return !isResticLock(key) && area(key).filter(Area::locked).isPresent();
    }

    /** Whether an object that someone else hid is made visible again. */
    static boolean isRestored(String key) {
        return !isResticLock(key) && area(key).filter(Area::restored).isPresent();
    }

    /** Whether the site that writes a document signs it, too: leases and heartbeats. */
    static boolean isSignedBySite(String key) {
        return key.startsWith(SITES) || isLease(key);
    }

    /** Whether a key is that of a lock of restic, or a prefix of such keys. Restic creates and deletes locks all the time. */
    static boolean isResticLock(String key) {
        String[] parts = key.startsWith(REPOSITORIES)
                ? key.substring(REPOSITORIES.length()).split("/", 3)
                : new String[0];
        return parts.length == 3 && parts[1].equals("locks");
    }

    /** Whether a key is that of a pack of restic, or a prefix of such keys. */
    static boolean isPack(String key) {
        String[] parts = key.startsWith(REPOSITORIES)
                ? key.substring(REPOSITORIES.length()).split("/", 3)
                : new String[0];
        return parts.length == 3 && parts[1].equals("data");
    }

    /** The document of the location itself. */
    public static String location() {
        return LOCATION;
    }

    /** Prefix of all points. */
    public static String points() {
        return POINTS;
    }

    /** Prefix of the points of a site. */
    public static String points(String site) {
        return POINTS + site + "/";
    }

    /** Prefix of the points of all namespaces of a site that have or had this name. */
    public static String points(String site, String namespace) {
        return points(site) + namespace + "/";
    }

    /** Prefix of the points of a namespace. */
    public static String points(CapturedNamespace source) {
        return POINTS + source.path() + "/";
    }

    /** Prefix of the seal of a point, and of the objects that vouch for it. */
    public static String point(CapturedNamespace source, String point) {
        return points(source) + point + "/";
    }

    /** The seal of a point. */
    public static String seal(CapturedNamespace source, String point) {
        return point(source, point) + "point.json";
    }

    /** The object by which another master key vouches for a seal. */
    public static String voucher(CapturedNamespace source, String point, String keyId) {
        return point(source, point) + "point." + keyId + JSON;
    }

    /** Prefix of all repositories. */
    public static String repositories() {
        return REPOSITORIES;
    }

    /** Prefix of a restic repository and its record. */
    public static String repository(String id) {
        return REPOSITORIES + RepositoryNames.requireRepository(id) + "/";
    }

    /** The signed record of a repository: its engine, and the namespaces that own it. */
    public static String repositoryRecord(String id) {
        return repository(id) + "repository.json";
    }

    /** Prefix of the owner entries of all namespaces. */
    public static String owners() {
        return OWNERS;
    }

    /** Prefix of the owner entries of all namespaces of a site that have or had this name. */
    public static String owners(String site, String namespace) {
        return OWNERS + site + "/" + namespace + "/";
    }

    /** The owner entry of a namespace, which names its repository. */
    public static String owner(CapturedNamespace source) {
        return OWNERS + source.path() + JSON;
    }

    /** The namespace of an owner entry; empty for any other key. */
    public static Optional<CapturedNamespace> ownerOf(String key) {
        return key.startsWith(OWNERS) && key.endsWith(JSON)
                ? CapturedNamespace.of(List.of(key.substring(OWNERS.length(), key.length() - JSON.length())
                        .split("/", -1)))
                : Optional.empty();
    }

    /** Prefix of the encrypted archives of a namespace. */
    static String archives(CapturedNamespace source) {
        return ARCHIVES + source.path() + "/";
    }

    /** Prefix of the encrypted archive that one RestorePoint wrote. */
    public static String archive(CapturedNamespace source, String point, String uid) {
        return archives(source) + point + "/" + uid + "/";
    }

    /** Prefix of all archives in Velero's layout. {@code velero.BackupObjects} names the objects below it. */
    public static String veleroArchives() {
        return VELERO_ARCHIVES;
    }

    /** Prefix of all backups in a location that Velero writes. {@code velero.StoredBackup} names the objects below it. */
    public static String veleroBackups() {
        return "backups/";
    }

    /** Prefix of the marks of unfinished points of a site. */
    public static String inProgress(String site) {
        return IN_PROGRESS + site + "/";
    }

    /** The mark of an unfinished point. */
    public static String inProgress(CapturedNamespace source, String point) {
        return IN_PROGRESS + source.path() + "/" + point + JSON;
    }

    /** Prefix of the tombstones of the points and archives of all namespaces. */
    public static String pointTombstones() {
        return POINT_TOMBSTONES;
    }

    /** Prefix of the tombstones of the points and archives of a site. */
    public static String pointTombstones(String site) {
        return POINT_TOMBSTONES + site + "/";
    }

    /** Prefix of the tombstones of the points and archives of a namespace; the key of the deleted object follows it. */
    static String pointTombstones(CapturedNamespace source) {
        return POINT_TOMBSTONES + source.path() + "/";
    }

    /** Prefix of the tombstones in all repositories. */
    public static String repositoryTombstones() {
        return REPOSITORY_TOMBSTONES;
    }

    /** Prefix of the tombstones in a repository; the key of the deleted object follows it. */
    static String repositoryTombstones(String id) {
        return REPOSITORY_TOMBSTONES + RepositoryNames.requireRepository(id) + "/";
    }

    /** Prefix of the leases of readers of all repositories. */
    static String readLeases() {
        return READ_LEASES;
    }

    /** The lease of one reader of a repository. */
    static String readLease(String repository, String id) {
        return READ_LEASES + RepositoryNames.requireRepository(repository) + "/" + id + JSON;
    }

    /** Prefix of the notes about deleted objects. */
    public static String deletionNotes() {
        return DELETION_NOTES;
    }

    /** The note that Breakwater deleted a version of an object. */
    static String deletionNote(String keyId, String hmac) {
        return DELETION_NOTES + keyId + "/" + hmac;
    }

    /** The progress of the round that extends the locks of a site's objects. */
    public static String lockRound(String site) {
        return LOCK_ROUNDS + site + JSON;
    }

    /** Prefix of the heartbeats of all sites. */
    public static String heartbeats() {
        return SITES;
    }

    /** Whether a key is that of a heartbeat. */
    static boolean isHeartbeat(String key) {
        return key.startsWith(SITES);
    }

    /** The heartbeat of a site. */
    public static String heartbeat(String site) {
        return SITES + site + JSON;
    }

    /** The ids of the master keys that a site has. */
    public static String keyRing(String site) {
        return KEY_RINGS + site + JSON;
    }

    /** Prefix of all master keys in escrow. */
    public static String escrow() {
        return ESCROW;
    }

    /** A master key that is wrapped with the public key of this fingerprint. */
    public static String wrappedKey(String keyId, String fingerprint) {
        return ESCROW + keyId + "." + fingerprint + ".rsa";
    }

    /** The signature of a wrapped master key. */
    public static String wrappedKeyProof(String keyId, String fingerprint) {
        return ESCROW + keyId + "." + fingerprint + JSON;
    }

    /** The note about the last change of a repository's password. */
    public static String rekeyNote(String id) {
        return REKEY_NOTES + RepositoryNames.requireRepository(id) + JSON;
    }

    /** The record of the prunes of a repository. */
    public static String pruneRecord(String id) {
        return PRUNES + RepositoryNames.requireRepository(id) + JSON;
    }

    /** The repository of the snapshot that a tombstone hides; empty for a tombstone of anything else. */
    public static Optional<String> repositoryOfHiddenSnapshot(String tombstone) {
        String[] parts = tombstone.startsWith(REPOSITORY_TOMBSTONES)
                ? tombstone.substring(REPOSITORY_TOMBSTONES.length()).split("/", 2)
                : new String[0];
        return parts.length == 2
                        && RepositoryNames.isRepository(parts[0])
                        && parts[1].startsWith(repository(parts[0]) + "snapshots/")
                ? Optional.of(parts[0])
                : Optional.empty();
    }

    /** Prefixes of the documents of {@link #isLongLived}. */
    public static List<String> documents() {
        return List.of(PLANS, KEY_RINGS, REKEY_NOTES, PRUNES, LOCK_ROUNDS, READ_LEASES, IN_PROGRESS);
    }

    /**
     * Whether a signed document may be older than a change of the master key, and is read after it. Not the documents of
     * repositories, and not the tombstones: one without a valid signature deletes nothing.
     */
    public static boolean isLongLived(String key) {
        return documents().stream().anyMatch(key::startsWith) && (!key.startsWith(PLANS) || isLease(key));
    }

    /** Whether a site replaces the document again and again: a heartbeat, a report about keys, or a round. */
    static boolean isReportOfSite(String key) {
        return key.startsWith(SITES) || isKeyRing(key) || key.startsWith(LOCK_ROUNDS);
    }

    /** Whether a key is that of a report of a site about its keys. */
    static boolean isKeyRing(String key) {
        return key.startsWith(KEY_RINGS);
    }

    /** Whether a key is that of the lease of a FailoverPlan. */
    public static boolean isLease(String key) {
        return key.startsWith(PLANS) && key.endsWith("/lease.json");
    }

    /** Whether a key is that of the lease of a reader. */
    public static boolean isReadLease(String key) {
        return key.startsWith(READ_LEASES);
    }

    /** Whether a key is that of the mark of an unfinished point. */
    public static boolean isInProgress(String key) {
        return key.startsWith(IN_PROGRESS);
    }

    /** The lease of a FailoverPlan. */
    public static String lease(String namespace, String plan) {
        return plan(namespace, plan) + "lease.json";
    }

    /**
     * One entry of a FailoverPlan's journal.
     *
     * @param number of the entry within the epoch, from 0 to 999
     */
    public static String journal(String namespace, String plan, long epoch, int number, String step) {
        return plan(namespace, plan) + "journal/" + epoch + "/" + "%03d-%s.json".formatted(number, step);
    }

    private static String plan(String namespace, String plan) {
        return PLANS + namespace + "/" + plan + "/";
    }

    /** The claim to create the master key of a new location. No name of {@link #probe} is the same, since all have a dash. */
    public static String keyClaim() {
        return PROBES + "claim" + JSON;
    }

    /** An object with which a site tries out what a store can do. */
    public static String probe(String site, String id) {
        return PROBES + site + "-" + id;
    }
}
