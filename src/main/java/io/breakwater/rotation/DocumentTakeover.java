package io.breakwater.rotation;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.lease.LeaseStore;
import io.breakwater.location.Stores;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ReadLease;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Signs the long-lived documents of a location with the key that the location is written with, so that none becomes unreadable when
 * an older key is removed. Their content, their counter and the signature of their site stay. A document that must not be written
 * again is a use of its key: its time has a meaning, and its writer replaces or deletes it soon. Documents of repositories are
 * those of {@link io.breakwater.location.RepositoryRegister}.
 */
@ApplicationScoped
class DocumentTakeover {
    /** Locations whose documents are remembered. Those of another one are read again. */
    private static final int LOCATIONS = 1_000;

    private final Stores stores;
    private final Map<String, Map<String, Known>> memories = BoundedCache.of(LOCATIONS);

    /** The key of a version of a document that was verified. */
    private record Known(String etag, Instant modified, String keyId) {
        boolean isOf(ObjectInfo o) {
            return Objects.equals(etag, o.etag()) && Objects.equals(modified, o.lastModified());
        }
    }

    DocumentTakeover(Stores stores) {
        this.stores = stores;
    }

    /**
     * Signs what may be signed, and returns the documents that still need another key, each with that key. A document that no key
     * of the location has signed is absent: it is reported where it is used.
     *
     * @param keyId key that the location is written with
     * @param known all keys that the location lists; a document that states one that the Secret lacks needs it
     */
    Map<String, String> run(BackupLocation location, String keyId, Set<String> known, boolean writable) {
        ObjectStore store = stores.open(location);
        Map<String, Known> before = memories.getOrDefault(location.getMetadata().getUid(), Map.of());
        Map<String, Known> now = new HashMap<>();
        Map<String, String> needs = new TreeMap<>();
        for (ObjectInfo o : listed(store)) {
            Known k = before.get(o.key());
            Optional<Known> current = k != null && k.keyId.equals(keyId) && k.isOf(o)
                    ? Optional.of(k)
                    : read(store, o.key(), keyId, known, writable);
            current.ifPresent(c -> {
                now.put(o.key(), c);
                if (!c.keyId.equals(keyId)) {
                    needs.put(o.key(), c.keyId);
                }
            });
        }
        memories.put(location.getMetadata().getUid(), now);
        return needs;
    }

    private static List<ObjectInfo> listed(ObjectStore store) {
        List<ObjectInfo> all = new ArrayList<>();
        for (String prefix : StoreLayout.documents()) {
            GatheringBound gathered = new GatheringBound(store, prefix);
            store.list(prefix, o -> {
                if (StoreLayout.isLongLived(o.key())) {
                    gathered.add(o.key());
                    all.add(o);
                }
            });
        }
        return all;
    }

    private static Optional<Known> read(
            ObjectStore store, String key, String keyId, Set<String> known, boolean writable) {
        Optional<Document> found = store.readIfBounded(key, ObjectStore.MAX_DOCUMENT);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        ObjectInfo info = found.get().info();
        SignedDocument document;
        try {
            document = store.documents().verify(found.get());
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Tampered) {
                throw e;
            }
            return DocumentSigner.statedKey(found.get().content())
                    .filter(id -> known.contains(id) && !store.documents().holds(id))
                    .map(id -> new Known(info.etag(), info.lastModified(), id));
        }
        Optional<byte[]> renewed = document.keyId().equals(keyId) || !writable
                ? Optional.empty()
                : renewed(store.documents(), document, keyId);
        return Optional.of(renewed.flatMap(bytes -> store.write(key, bytes, new Precondition.Matches(document.etag())))
                .map(Observed::info)
                .map(o -> new Known(o.etag(), o.lastModified(), keyId))
                .orElseGet(() -> new Known(info.etag(), info.lastModified(), document.keyId())));
    }

    /** The document with another signature; empty for one that must stay, or if this process has not read the key yet. */
    private static Optional<byte[]> renewed(DocumentSigner signer, SignedDocument document, String keyId) {
        if (!signer.holds(keyId)) {
            signer.refresh();
            return Optional.empty();
        }
        boolean stays = StoreLayout.isLease(document.key())
                ? !LeaseStore.isAtRest(document)
                : StoreLayout.isInProgress(document.key());
        if (stays) {
            return Optional.empty();
        }
        return StoreLayout.isReadLease(document.key())
                ? ReadLease.dated(document)
                        .map(payload -> signer.signWith(keyId, document.key(), document.counter(), payload))
                : Optional.of(signer.renewed(document, keyId));
    }
}
