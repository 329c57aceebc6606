package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.steps.Parallel;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKey;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The master keys that verify the seals in a location, and the replacement of one key by another. The result for an object is
 * cached until the object changes. So a location is read once, and later only listed.
 */
@ApplicationScoped
public class SealKeySurvey {
    private static final int READERS = 8;

    private final Stores stores;
    private final LocationKeys keys;
    private final Map<String, Memory> memories = new ConcurrentHashMap<>();

    /** The cached results of a location for a ring. */
    private record Memory(Set<String> ring, Map<String, Known> objects) {}

    /**
     * The result for one object.
     *
     * @param digest of the seal: of this one, or of the one that this object vouches for
     * @param keyId key that the object is valid for; null when it is not valid for any
     */
    private record Known(String etag, Instant modified, String digest, String keyId) {
        boolean isOf(ObjectInfo o) {
            return Objects.equals(etag, o.etag()) && modified.equals(o.lastModified());
        }
    }

    public SealKeySurvey(Stores stores, LocationKeys keys) {
        this.stores = stores;
        this.keys = keys;
    }

    /**
     * The points of a location, each with the ids of the keys that verify its seal. A key that the Secret does not have counts if
     * the seal names it. An altered seal is skipped, because no key verifies it.
     */
    public Map<PointKey, Set<String>> survey(BackupLocation location) {
        KeyRing ring = keys.ring(location);
        Memory before = memories.get(location.getMetadata().getUid());
        boolean same = before != null && before.ring.equals(Set.copyOf(ring.ids()));
        Survey survey = new Survey(location, ring, same ? before.objects : Map.of());
        Map<PointKey, Set<String>> found = survey.run();
        memories.put(location.getMetadata().getUid(), new Memory(Set.copyOf(ring.ids()), survey.now));
        return found;
    }

    /** Deletes the cached results of a location. */
    public void forget(BackupLocation location) {
        memories.remove(location.getMetadata().getUid());
    }

    /**
     * Verifies a point's seal, and makes a key of the Secret vouch for it. Does nothing for a point that does not exist.
     *
     * @throws BreakwaterException Tampered or KeyMismatch, when the seal cannot be verified
     */
    public void vouch(BackupLocation location, PointKey key, String keyId) {
        ObjectStore store = stores.open(location);
        SealSignatures signatures = new SealSignatures(location, store, keys.ring(location));
        store.read(key.sealKey(), ObjectStore.MAX_DOCUMENT)
                .map(Document::content)
                .ifPresent(seal -> signatures.vouch(key, seal, keyId));
    }

    /** One survey of a location. */
    private final class Survey {
        private final ObjectStore store;
        private final KeyRing ring;
        private final SealSignatures signatures;
        private final Map<String, Known> before;
        private final Map<String, Known> now = new ConcurrentHashMap<>();

        Survey(BackupLocation location, KeyRing ring, Map<String, Known> before) {
            this.store = stores.open(location);
            this.ring = ring;
            this.signatures = new SealSignatures(location, store, ring);
            this.before = before;
        }

        Map<PointKey, Set<String>> run() {
            Map<PointKey, Map<String, ObjectInfo>> listed = new HashMap<>();
            GatheringBound gathered = new GatheringBound(store, StoreLayout.points());
            store.list(
                    StoreLayout.points(),
                    o -> PointKey.ofObject(o)
                            .map(key -> {
                                gathered.add(o.key());
                                return key;
                            })
                            .ifPresent(key -> listed.computeIfAbsent(key, k -> new HashMap<>())
                                    .put(o.key(), o)));
            Map<PointKey, Set<String>> found = new ConcurrentHashMap<>();
            Parallel.each(READERS, listed.entrySet(), e -> {
                Set<String> valid = validKeys(e.getKey(), e.getValue());
                if (!valid.isEmpty()) {
                    found.put(e.getKey(), valid);
                }
            });
            return found;
        }

        private Set<String> validKeys(PointKey key, Map<String, ObjectInfo> objects) {
            Set<String> valid = new TreeSet<>();
            ObjectInfo seal = objects.get(key.sealKey());
            Known known = seal == null ? null : seal(key, seal);
            if (known == null || known.keyId == null) {
                return valid;
            }
            valid.add(known.keyId);
            objects.forEach((name, info) -> SealSignatures.voucher(name)
                    .filter(id -> vouches(key, name, info, known.digest, id))
                    .ifPresent(valid::add));
            return valid;
        }

        private Known seal(PointKey key, ObjectInfo info) {
            Known k = before.get(info.key());
            if (k == null || !k.isOf(info)) {
                byte[] content = info.size() > ObjectStore.MAX_DOCUMENT
                        ? null
                        : store.read(info.key(), ObjectStore.MAX_DOCUMENT)
                                .map(Document::content)
                                .orElse(null);
                if (content == null) {
                    return null;
                }
                k = new Known(info.etag(), info.lastModified(), Digests.sha256Hex(content), signer(key, content));
            }
            now.put(info.key(), k);
            return k;
        }

        /** The key that signed a seal; null when none did. */
        private String signer(PointKey key, byte[] seal) {
            Optional<String> named = SealCodec.keyId(seal);
            if (named.isPresent() && !ring.has(named.get())) {
                return named.get();
            }
            Set<String> candidates = named.map(Set::of).orElse(ring.ids());
            String found = null;
            for (String id : candidates) {
                try {
                    SealCodec.verify(key, seal, ring.catalogKey(id, key.source()));
                    found = id;
                } catch (BreakwaterException e) {
                    if (e.reason() != Reason.Tampered) {
                        throw e;
                    }
                }
            }
            return found;
        }

        private boolean vouches(PointKey key, String name, ObjectInfo info, String digest, String id) {
            Known k = before.get(name);
            if (k == null || !k.isOf(info) || !k.digest.equals(digest)) {
                boolean valid = !ring.has(id) || signatures.isVouchedFor(key, digest, id);
                k = new Known(info.etag(), info.lastModified(), digest, valid ? id : null);
            }
            now.put(name, k);
            return k.keyId != null;
        }
    }
}
