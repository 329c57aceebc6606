package io.breakwater.store;

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
    private static final String TOMBSTONES = ROOT + "tombstones/";
    private static final String READ_LEASES = ROOT + "readers/";
    private static final String DELETION_NOTES = ROOT + "removed/";
    private static final String LOCK_ROUNDS = ROOT + "immutability/";
    private static final String SITES = ROOT + "sites/";
    private static final String KEY_RINGS = ROOT + "keyrings/";
    private static final String ESCROW = ROOT + "escrow/";
    private static final String REKEY_NOTES = ROOT + "rotations/";
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
        NAMESPACE
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
        /** Prefix of the objects that a site cleans up in this area. */
        String prefixFor(String site) {
            return switch (owner) {
                case NONE -> prefix;
                case SITE -> prefix + site + JSON;
                case NAMESPACE -> prefix + site + "/";
            };
        }
    }

    /** All areas. No prefix is the beginning of another one. */
    static final List<Area> AREAS = List.of(
            //       prefix          owner            locked restored replicated
            new Area(REPOSITORIES, Owner.NAMESPACE, true, true, true),
            new Area(POINTS, Owner.NAMESPACE, true, true, true),
            new Area(ARCHIVES, Owner.NAMESPACE, true, true, true),
            new Area(VELERO_ARCHIVES, Owner.NONE, true, true, true),
            new Area(LOCATION, Owner.NONE, false, true, false),
            new Area(ESCROW, Owner.NONE, false, true, false),
            new Area(KEY_RINGS, Owner.SITE, false, false, false),
            new Area(REKEY_NOTES, Owner.NAMESPACE, false, false, false),
            new Area(TOMBSTONES, Owner.NAMESPACE, false, false, false),
            new Area(READ_LEASES, Owner.NAMESPACE, false, false, false),
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

    /** Prefixes of everything that a site cleans up. */
    public static List<String> prefixesFor(String site) {
        return AREAS.stream().map(a -> a.prefixFor(site)).toList();
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
        return key.startsWith(SITES) || key.startsWith(PLANS) && key.endsWith("/lease.json");
    }

    /** Whether a key is that of a lock of restic, or a prefix of such keys. Restic creates and deletes locks all the time. */
    static boolean isResticLock(String key) {
        String[] parts = key.startsWith(REPOSITORIES)
                ? key.substring(REPOSITORIES.length()).split("/", 4)
                : new String[0];
        return parts.length == 4 && parts[2].equals("locks");
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

    /** Prefix of the repositories of a site. */
    public static String repositories(String site) {
        return REPOSITORIES + site + "/";
    }

    /** Prefix of the restic repository of a namespace. */
    public static String repository(String site, String namespace) {
        return repositories(site) + namespace + "/";
    }

    /** Prefix of the encrypted archives of a namespace. */
    public static String archives(String site, String namespace) {
        return ARCHIVES + site + "/" + namespace + "/";
    }

    /** Prefix of the encrypted archive that one RestorePoint wrote. */
    public static String archive(CapturedNamespace source, String point, String uid) {
        return ARCHIVES + source.path() + "/" + point + "/" + uid + "/";
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

    /** Prefix of the tombstones of a site. */
    public static String tombstones(String site) {
        return TOMBSTONES + site + "/";
    }

    /** Prefix of the tombstones of a namespace; the key of the deleted object follows it. */
    public static String tombstones(String site, String namespace) {
        return tombstones(site) + namespace + "/";
    }

    /** Prefix of the leases of readers of a site's repositories. */
    public static String readLeases(String site) {
        return READ_LEASES + site + "/";
    }

    /** The lease of one reader of a repository. */
    public static String readLease(String site, String namespace, String id) {
        return readLeases(site) + namespace + "/" + id + JSON;
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
    public static String rekeyNote(String site, String namespace) {
        return REKEY_NOTES + site + "/" + namespace + JSON;
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

    /** An object with which a site tries out what a store can do. */
    public static String probe(String site, String id) {
        return PROBES + site + "-" + id;
    }
}
