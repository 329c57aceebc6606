package io.breakwater.store.s3;

import io.breakwater.api.BackupLocationSpec.Immutability.Mode;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ListingBound;
import io.breakwater.store.ObjectLock;
import io.breakwater.store.ObjectStore.Locking;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Version;
import io.breakwater.store.PageRetries;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsRequest;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsResponse;
import software.amazon.awssdk.services.s3.model.ObjectLockEnabled;
import software.amazon.awssdk.services.s3.model.ObjectLockMode;
import software.amazon.awssdk.services.s3.model.ObjectLockRetention;
import software.amazon.awssdk.services.s3.model.ObjectLockRetentionMode;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** S3 Object Lock: the capabilities of a bucket, locks of objects, and older versions. */
final class S3Locks {
    private static final Duration TEST = Duration.ofDays(1);

    private final S3Store store;
    private final ObjectLock lock;

    /** @param lock of the location; null without one */
    S3Locks(S3Store store, ObjectLock lock) {
        this.store = store;
        this.lock = lock;
    }

    void put(String key, PutObjectRequest.Builder request) {
        if (lock != null && ObjectLock.covers(key)) {
            request.objectLockMode(mode(lock.mode())).objectLockRetainUntilDate(lock.until());
        }
    }

    void put(String key, CreateMultipartUploadRequest.Builder request) {
        if (lock != null && ObjectLock.covers(key)) {
            request.objectLockMode(mode(lock.mode())).objectLockRetainUntilDate(lock.until());
        }
    }

    Locking locking() {
        Boolean versioning = answer(() ->
                store.client.getBucketVersioning(r -> r.bucket(store.bucket)).status()
                        == BucketVersioningStatus.ENABLED);
        Boolean locks = answer(() -> {
            var found = store.client.getObjectLockConfiguration(r -> r.bucket(store.bucket));
            return found.objectLockConfiguration() != null
                    && found.objectLockConfiguration().objectLockEnabled() == ObjectLockEnabled.ENABLED;
        });
        return new Locking(versioning, locks);
    }

    /** The answer to a question that a server may not support; null when the credentials do not permit it. */
    private Boolean answer(Supplier<Boolean> question) {
        return store.errors.call("describe bucket", () -> {
            try {
                return question.get();
            } catch (S3Exception e) {
                if (e.statusCode() == 403) {
                    return null;
                }
                if (e.statusCode() / 100 == 4 || e.statusCode() == 501) {
                    return false;
                }
                throw e;
            }
        });
    }

    /** Locks a small object, or finds one that is already locked, and tries to delete it. */
    boolean enforced(String key) {
        return store.errors.call("lock " + key, () -> {
            Optional<HeadObjectResponse> there = store.facts(key).filter(h -> isLocked(h, Duration.ofHours(1)));
            String version = there.isPresent() ? there.get().versionId() : locked(key);
            if (version == null) {
                return false;
            }
            HeadObjectResponse head = store.client.headObject(
                    r -> r.bucket(store.bucket).key(store.full(key)).versionId(version));
            if (!isLocked(head, Duration.ZERO)) {
                return false;
            }
            try {
                store.client.deleteObject(
                        r -> r.bucket(store.bucket).key(store.full(key)).versionId(version));
                return false;
            } catch (S3Exception e) {
                if (e.statusCode() == 403) {
                    return true;
                }
                throw e;
            }
        });
    }

    /** The version that was written; null when the server accepts no locks. */
    private String locked(String key) {
        byte[] content = "locked".getBytes(StandardCharsets.US_ASCII);
        try {
            PutObjectResponse put = store.client.putObject(
                    r -> r.bucket(store.bucket)
                            .key(store.full(key))
                            .contentMD5(Base64.getEncoder().encodeToString(S3Store.md5(content)))
                            .objectLockMode(mode(lock.mode()))
                            .objectLockRetainUntilDate(lock.clock().instant().plus(TEST)),
                    RequestBody.fromBytes(content));
            return put.versionId();
        } catch (S3Exception e) {
            if (e.statusCode() == 400 || e.statusCode() == 501) {
                return null;
            }
            throw e;
        }
    }

    private boolean isLocked(HeadObjectResponse head, Duration least) {
        Instant until = head.objectLockRetainUntilDate();
        return until != null && until.isAfter(store.date(head).plus(least));
    }

    /** Extends the lock of an object, unless it lasts longer than the given time. */
    boolean relock(String key, Duration least) {
        return lock != null
                && store.errors.call("lock " + key, () -> {
                    Optional<HeadObjectResponse> there = store.facts(key);
                    if (there.isEmpty()) {
                        return false;
                    }
                    if (isLocked(there.get(), least)) {
                        return false;
                    }
                    Instant until = later(
                            there.get().objectLockRetainUntilDate(),
                            store.date(there.get()).plus(lock.period()));
                    // A change of the mode needs a separate permission, so a locked object stays in its mode.
                    boolean compliance = there.get().objectLockMode() == null
                            ? lock.mode() == Mode.Compliance
                            : there.get().objectLockMode() == ObjectLockMode.COMPLIANCE;
                    store.client.putObjectRetention(r -> r.bucket(store.bucket)
                            .key(store.full(key))
                            .versionId(there.get().versionId())
                            .retention(x -> x.retainUntilDate(until)
                                    .mode(
                                            compliance
                                                    ? ObjectLockRetentionMode.COMPLIANCE
                                                    : ObjectLockRetentionMode.GOVERNANCE)));
                    return true;
                });
    }

    private static Instant later(Instant a, Instant b) {
        return a != null && a.isAfter(b) ? a : b;
    }

    /** As {@link S3Store#list}: what the callback throws is thrown as it is. */
    void histories(String prefix, Consumer<List<Version>> each) {
        String what = "list versions of " + prefix;
        TreeMap<String, List<Version>> open = new TreeMap<>();
        ListingBound bound = new ListingBound(store, store.full(""), prefix);
        ListObjectVersionsRequest.Builder request =
                ListObjectVersionsRequest.builder().bucket(store.bucket).prefix(store.full(prefix));
        boolean isFirst = true;
        while (true) {
            ListObjectVersionsResponse page = PageRetries.page(
                    isFirst,
                    () -> store.errors.call(
                            what, () -> bound.page(() -> store.client.listObjectVersions(request.build()))));
            store.errors.call(what, () -> {
                read(page, bound, open);
                return null;
            });
            // Keys are in order, so all keys before the last one of a page are complete.
            while (open.size() > 1) {
                close(open.pollFirstEntry().getValue(), each);
            }
            requireFew(prefix, open);
            if (!Boolean.TRUE.equals(page.isTruncated())) {
                break;
            }
            isFirst = false;
            bound.more(page.nextKeyMarker() + "\n" + page.nextVersionIdMarker());
            request.keyMarker(page.nextKeyMarker()).versionIdMarker(page.nextVersionIdMarker());
        }
        open.values().forEach(versions -> close(versions, each));
    }

    private static void read(ListObjectVersionsResponse page, ListingBound bound, TreeMap<String, List<Version>> open) {
        page.versions()
                .forEach(v -> add(
                        open,
                        bound.object(v.key(), v.size(), v.eTag(), v.lastModified()),
                        v.versionId(),
                        false,
                        v.isLatest()));
        page.deleteMarkers()
                .forEach(m -> add(
                        open, bound.object(m.key(), 0L, null, m.lastModified()), m.versionId(), true, m.isLatest()));
    }

    /** The versions of one key are in memory together. */
    private void requireFew(String prefix, TreeMap<String, List<Version>> open) {
        GatheringBound gathered = new GatheringBound(store, prefix);
        open.values().forEach(versions -> versions.forEach(v -> gathered.add(v.id() == null ? "" : v.id())));
    }

    private static void add(
            TreeMap<String, List<Version>> open, ObjectInfo o, String id, boolean isDeletion, Boolean isNewest) {
        open.computeIfAbsent(o.key(), k -> new ArrayList<>())
                .add(new Version(o.key(), id, o.size(), o.lastModified(), isDeletion, Boolean.TRUE.equals(isNewest)));
    }

    private static void close(List<Version> versions, Consumer<List<Version>> each) {
        versions.sort(Comparator.comparing(Version::newest)
                .thenComparing(Version::modified)
                .reversed());
        if (versions.size() > 1 || versions.getFirst().deletion()) {
            each.accept(versions);
        }
    }

    Optional<Instant> destroy(Version version) {
        return store.errors.call("delete a version of " + version.key(), () -> {
            String key = store.full(version.key());
            Optional<Instant> locked = version.deletion() ? Optional.empty() : lockedUntil(version, key);
            if (locked.isEmpty()) {
                store.client.deleteObject(r -> r.bucket(store.bucket).key(key).versionId(version.id()));
            }
            return locked;
        });
    }

    private Optional<Instant> lockedUntil(Version version, String key) {
        try {
            var found = store.client.getObjectRetention(
                    r -> r.bucket(store.bucket).key(key).versionId(version.id()));
            Instant now = store.date(found);
            return Optional.ofNullable(found.retention())
                    .map(ObjectLockRetention::retainUntilDate)
                    .filter(now::isBefore);
        } catch (S3Exception e) {
            if (e.statusCode() == 404 || e.statusCode() == 400) {
                return Optional.empty(); // it has no lock, or does not exist
            }
            throw e;
        }
    }

    private static ObjectLockMode mode(Mode mode) {
        return mode == Mode.Compliance ? ObjectLockMode.COMPLIANCE : ObjectLockMode.GOVERNANCE;
    }
}
