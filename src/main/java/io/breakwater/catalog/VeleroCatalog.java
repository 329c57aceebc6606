package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.Texts;
import io.breakwater.catalog.PointDocument.StoredObject;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.trust.PointKey;
import io.breakwater.velero.StoredBackup;
import io.breakwater.velero.StoredBackup.Contents;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * The backups that Velero wrote into a location, as points: one for each namespace of a backup, with the backup's name. Their site
 * is {@code velero-<location>}. They have no seal. A document that is made from the backup replaces it. Its digest covers the digest
 * of the archive, so a RestorePoint that was made from it detects every later change.
 */
final class VeleroCatalog {
    private static final Logger LOG = Logger.getLogger(VeleroCatalog.class);
    private static final int LONGEST_SITE = 63;
    private static final int CACHED = 10_000;
    private static final int MESSAGE = 300;

    /** A backup that was read. The ETag shows whether it has changed since then. */
    private record Known(String etag, Optional<StoredBackup> backup, Map<String, Contents> contents) {}

    private record Hashed(String etag, StoredObject archive) {}

    private final Map<String, Known> known = BoundedCache.of(CACHED);
    private final Map<String, Hashed> hashed = BoundedCache.of(CACHED);

    /** Points of all finished backups. */
    List<PointKey> list(BackupLocation location, ObjectStore store) {
        List<ObjectInfo> backups = store.gather(
                StoredBackup.DIRECTORY, o -> StoredBackup.ofMetadata(o.key()).map(n -> o));
        GatheringBound gathered = new GatheringBound(store, StoredBackup.DIRECTORY);
        List<PointKey> points = new ArrayList<>();
        int skipped = 0;
        for (ObjectInfo metadata : backups) {
            String name = StoredBackup.ofMetadata(metadata.key()).orElseThrow();
            for (String namespace :
                    known(location, store, name, metadata.etag()).contents().keySet()) {
                Optional<CapturedNamespace> source = CapturedNamespace.of(
                        List.of(site(location), namespace, CapturedNamespace.NO_UID, CapturedNamespace.NO_UID));
                if (source.isPresent()) {
                    gathered.add(namespace);
                    points.add(PointKey.ofStore(source.get(), name));
                } else {
                    skipped++;
                }
            }
        }
        if (skipped > 0) {
            LOG.warnf(
                    "skipped %d namespaces in the backups of Velero in %s: Kubernetes permits no such names",
                    skipped, ObjectNames.of(location));
        }
        return points;
    }

    /** The document that replaces the seal of a point; empty when the backup does not exist, or has no objects of the namespace. */
    Optional<Catalog.Sealed> read(BackupLocation location, ObjectStore store, PointKey key) {
        Optional<ObjectInfo> metadata = info(store, StoredBackup.metadataKey(key.point()));
        if (metadata.isEmpty() || !key.site().equals(site(location))) {
            return Optional.empty();
        }
        Known known = known(location, store, key.point(), metadata.get().etag());
        Contents contents = known.contents().get(key.namespace());
        if (contents == null) {
            return Optional.empty();
        }
        StoredBackup backup = known.backup().orElseThrow();
        StoredObject archive = archive(location, store, key);
        PointDocument document = PointDocument.builder(key, backup.uid())
                .trigger(Trigger.Imported)
                .operatorVersion("velero")
                .capturedAt(backup.startedAt().toString())
                .consistency(Consistency.Crash)
                .archive(archive.key(), contents.objects())
                .objects(List.of(archive))
                .absentVolumes(contents.claims())
                .build();
        return Optional.of(new Catalog.Sealed(document, Digests.sha256Hex(SealCodec.canonical(document))));
    }

    private Known known(BackupLocation location, ObjectStore store, String name, String etag) {
        String id = location.getMetadata().getUid() + "/" + name;
        Known last = known.get(id);
        if (last != null && last.etag().equals(etag)) {
            return last;
        }
        Known now = readBackup(location, store, name, etag);
        known.put(id, now);
        return now;
    }

    private static Known readBackup(BackupLocation location, ObjectStore store, String name, String etag) {
        try {
            Optional<StoredBackup> backup = Optional.empty();
            Optional<ObjectStore.Document> metadata =
                    store.read(StoredBackup.metadataKey(name), StoredBackup.MAX_METADATA);
            if (metadata.isPresent()) {
                backup = StoredBackup.read(name, metadata.get().content());
            }
            Optional<ObjectStore.Document> list =
                    backup.isEmpty() ? Optional.empty() : store.read(StoredBackup.resourceListKey(name));
            Map<String, Contents> contents = list.isEmpty()
                    ? Map.of()
                    : StoredBackup.contents(new ByteArrayInputStream(list.get().content()));
            return new Known(etag, backup, contents);
        } catch (IOException e) {
            return damaged(location, name, etag, e);
        } catch (BreakwaterException e) {
            if (e.reason() == Reason.Tampered) {
                return damaged(location, name, etag, e);
            }
            throw e;
        }
    }

    /** A damaged backup must not hide the others. It has no points, as in Velero itself. */
    private static Known damaged(BackupLocation location, String name, String etag, Exception cause) {
        LOG.warnf(
                "backup %s of Velero in %s is damaged or exceeds a limit, so it has no points: %s",
                name, ObjectNames.of(location), Texts.line(String.valueOf(cause.getMessage()), MESSAGE));
        return new Known(etag, Optional.empty(), Map.of());
    }

    /** The archive with its digest. It is read once, and again after it changed. */
    private StoredObject archive(BackupLocation location, ObjectStore store, PointKey key) {
        String name = StoredBackup.archiveKey(key.point());
        ObjectInfo there = info(store, name)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.Tampered,
                        "backup " + key.point() + " of Velero in " + ObjectNames.of(location) + " has no archive "
                                + name + "; use another RestorePoint"));
        String id = location.getMetadata().getUid() + "/" + key.point();
        Hashed last = hashed.get(id);
        if (last == null || !last.etag().equals(there.etag())) {
            last = new Hashed(there.etag(), new StoredObject(name, there.size(), Catalog.digest(store, name)));
            hashed.put(id, last);
        }
        return last.archive();
    }

    private static Optional<ObjectInfo> info(ObjectStore store, String key) {
        return store.head(key).map(ObjectStore.Observed::info);
    }

    /** The site of the points of Velero's backups in a location. */
    static String site(BackupLocation location) {
        String site = "velero-" + location.getMetadata().getName().replace('.', '-');
        return site.length() <= LONGEST_SITE
                ? site
                : site.substring(0, LONGEST_SITE - 9) + "-"
                        + Digests.sha256Hex(site).substring(0, 8);
    }
}
