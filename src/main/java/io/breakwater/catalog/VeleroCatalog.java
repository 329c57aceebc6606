package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.catalog.PointDocument.StoredObject;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.velero.StoredBackup;
import io.breakwater.velero.StoredBackup.Contents;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The backups that a Velero has put into a location, as points: one for each namespace of a backup, with the backup's name.
 * Their site is {@code velero-<location>}. Nobody has sealed them, so what stands for the seal is a document made from what is
 * found; its digest holds that of the archive, and a RestorePoint that was made from it notices every later change.
 */
final class VeleroCatalog {
    private static final int LONGEST_SITE = 63;
    private static final int REMEMBERED = 10_000;

    /** A backup that was read; the ETags tell whether that still holds. */
    private record Known(String etag, Optional<StoredBackup> backup, Map<String, Contents> contents) {}

    private record Hashed(String etag, StoredObject archive) {}

    private final Map<String, Known> known = remembered();
    private final Map<String, Hashed> hashed = remembered();

    /** Points of all backups that came to their end, by key. */
    List<PointKey> list(BackupLocation location, ObjectStore store) {
        List<ObjectInfo> backups = new ArrayList<>();
        store.list(StoredBackup.DIRECTORY, o -> StoredBackup.ofMetadata(o.key()).ifPresent(n -> backups.add(o)));
        List<PointKey> points = new ArrayList<>();
        for (ObjectInfo metadata : backups) {
            String name = StoredBackup.ofMetadata(metadata.key()).orElseThrow();
            known(location, store, name, metadata.etag())
                    .contents()
                    .keySet()
                    .forEach(namespace -> points.add(new PointKey(site(location), namespace, name)));
        }
        return points;
    }

    /** What stands for the seal of a point; empty when the backup is not there, or holds nothing of the namespace. */
    Optional<Catalog.Sealed> read(BackupLocation location, ObjectStore store, PointKey key) {
        Optional<ObjectInfo> metadata = info(store, StoredBackup.metadataKey(key.point()));
        if (metadata.isEmpty() || !key.site().equals(site(location))) {
            return Optional.empty();
        }
        Known there = known(location, store, key.point(), metadata.get().etag());
        Contents contents = there.contents().get(key.namespace());
        if (contents == null) {
            return Optional.empty();
        }
        StoredBackup backup = there.backup().orElseThrow();
        StoredObject archive = archive(location, store, key);
        PointDocument document = new PointDocument(
                1,
                key.site(),
                key.namespace(),
                key.point(),
                backup.uid(),
                null,
                Trigger.Imported,
                0,
                "velero",
                backup.startedAt().toString(),
                Consistency.Crash,
                List.of(),
                List.of(),
                archive.key(),
                contents.objects(),
                List.of(archive),
                null,
                null,
                contents.claims());
        return Optional.of(new Catalog.Sealed(document, SealCodec.sha256(SealCodec.canonical(document))));
    }

    private Known known(BackupLocation location, ObjectStore store, String name, String etag) {
        String id = location.getMetadata().getUid() + "/" + name;
        Known last = known.get(id);
        if (last != null && last.etag().equals(etag)) {
            return last;
        }
        Known now = look(store, name, etag);
        known.put(id, now);
        return now;
    }

    private static Known look(ObjectStore store, String name, String etag) {
        try {
            Optional<StoredBackup> backup = Optional.empty();
            Optional<ObjectStore.Document> metadata = store.read(StoredBackup.metadataKey(name));
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
            // A damaged backup must not hide the others; it is shown by nothing, as in Velero itself.
            return new Known(etag, Optional.empty(), Map.of());
        }
    }

    /** The archive with its digest. It is read once, and again when it is another one. */
    private StoredObject archive(BackupLocation location, ObjectStore store, PointKey key) {
        String name = StoredBackup.archiveKey(key.point());
        ObjectInfo there = info(store, name)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.Tampered,
                        "Velero's backup " + key.point() + " in location "
                                + location.getMetadata().getName() + " has no archive " + name));
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

    /** The site that Velero's backups in a location count as captured by. */
    static String site(BackupLocation location) {
        String site = "velero-" + location.getMetadata().getName().replace('.', '-');
        return site.length() <= LONGEST_SITE
                ? site
                : site.substring(0, LONGEST_SITE - 9) + "-"
                        + SealCodec.sha256(site.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                                .substring(0, 8);
    }

    private static <T> Map<String, T> remembered() {
        return java.util.Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, T> eldest) {
                return size() > REMEMBERED;
            }
        });
    }
}
