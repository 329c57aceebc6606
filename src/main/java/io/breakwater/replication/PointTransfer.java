package io.breakwater.replication;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.breakwater.catalog.PointDocument;
import io.breakwater.steps.Parallel;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.LocationPlaces;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.trust.PointKey;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;

/**
 * The copy of one sealed point from one store to another.
 *
 * <p>All files of the repository are copied that the source lists and the target lacks, not only those that this point needs.
 * To distinguish them would need the repository's key and a walk through its trees, and other points need the other files anyway.
 * A mover may append to the source meanwhile. So snapshots are listed before index files, and index files before packs: every file
 * that a listed file refers to is listed too. A prune deletes index files before the packs that they name. If a listed index file
 * does not exist any more after the packs were listed, the copy starts again.
 *
 * <p>Files are written in the opposite order (packs, index, keys, config, snapshots, archive, seal). So at any moment the target
 * can restore every point that it shows. A copy can be killed at any moment and repeated: a file that exists with its size is not
 * copied again. Listings are in memory, about 200 bytes for each file of the repository on either side.
 */
final class PointTransfer {
    /** Objects of one point that are copied concurrently. */
    private static final int WORKERS = 4;

    private static final int LONGEST_KEY = 200;

    /** A part of a key that some stores take for the directory above. */
    private static final Pattern UPWARDS = Pattern.compile("(^|/)[.][.]?(/|$)");

    private final ObjectStore source;
    private final ObjectStore target;
    private final ObjectTransfer transfer;
    private final LongAdder objects = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder present = new LongAdder();

    PointTransfer(ObjectStore source, ObjectStore target, LocationPlaces streams) {
        this.source = source;
        this.target = target;
        this.transfer = new ObjectTransfer(source, target, streams);
    }

    /**
     * Copies the point.
     *
     * @param document the verified content of the seal
     * @param seal bytes of the seal at the source
     * @param requireWanted throws when the copy is not wanted any more; called at the start and right before the seal
     * @throws BreakwaterException Conflict, when the target has another point or another repository in this place; Tampered, when
     *     the source lacks data that the seal names
     */
    CopyResult run(PointDocument document, byte[] seal, Runnable requireWanted) {
        PointKey key = document.key();
        if (findSeal(key, seal)) {
            return new CopyResult(0, 0, 1);
        }
        requireWanted.run();
        Map<String, Long> expected = new LinkedHashMap<>();
        if (!document.moved().isEmpty()) {
            expected.putAll(repository(document));
        }
        archive(document);
        requireWanted.run();
        document.owned().ifPresent(repository -> verify(repository.prefix(), expected));
        document.objects().forEach(o -> verify(o.key(), Map.of(o.key(), o.size())));
        vouchers(key);
        if (target.write(key.sealKey(), seal, Precondition.ABSENT).isPresent()) {
            count(seal.length);
        } else if (!findSeal(key, seal)) {
            throw ObjectTransfer.changed(key.sealKey(), "the target refused it");
        }
        return new CopyResult(objects.sum(), bytes.sum(), present.sum());
    }

    /** Copies the objects that vouch for the seal when the key that signed it is not available any more. */
    private void vouchers(PointKey key) {
        for (String name : list(source, key.directory()).keySet()) {
            if (!name.equals(key.sealKey())) {
                // An object that is too large vouches for nothing.
                source.readIfBounded(name, ObjectStore.MAX_DOCUMENT).ifPresent(d -> {
                    target.write(name, d.content(), Precondition.NONE);
                    count(d.content().length);
                });
            }
        }
    }

    /**
     * Whether the target has the seal.
     *
     * @throws BreakwaterException Conflict, when it has another one
     */
    private boolean findSeal(PointKey key, byte[] seal) {
        Optional<Document> present = target.read(key.sealKey(), ObjectStore.MAX_DOCUMENT);
        if (present.isPresent() && !Arrays.equals(present.get().content(), seal)) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "the target already holds another point " + key
                            + "; delete that one, or create a new RestorePoint");
        }
        return present.isPresent();
    }

    private Map<String, Long> repository(PointDocument document) {
        String prefix = document.owned().orElseThrow().prefix();
        requireSameRepository(prefix);
        Map<String, Long> snapshots = list(source, prefix + "snapshots/");
        document.moved().forEach(v -> requireSnapshot(snapshots, prefix, v));
        Map<String, Long> index = list(source, prefix + "index/");
        Map<String, Long> packs = list(source, prefix + "data/");
        if (!list(source, prefix + "index/").keySet().containsAll(index.keySet())) {
            throw ObjectTransfer.changed(prefix + "index", "the repository was pruned");
        }
        Map<String, Long> keys = list(source, prefix + "keys/");
        copyMissing(prefix + "data/", packs);
        copyMissing(prefix + "index/", index);
        copyMissing(prefix + "keys/", keys);
        config(prefix);
        copyMissing(prefix + "snapshots/", snapshots);
        Map<String, Long> all = new HashMap<>(packs);
        all.putAll(index);
        all.putAll(keys);
        all.putAll(snapshots);
        return all;
    }

    private static void requireSnapshot(Map<String, Long> snapshots, String prefix, PointDocument.Volume volume) {
        if (!snapshots.containsKey(prefix + "snapshots/" + volume.repositorySnapshot())) {
            throw BreakwaterException.permanent(
                    Reason.Tampered,
                    "the source's repository lacks snapshot " + prefix + "snapshots/" + volume.repositorySnapshot()
                            + " of claim "
                            + volume.pvc()
                            + ", which the seal names; use another RestorePoint and find out who deleted it");
        }
    }

    /** Refuses a target that has a repository with other keys: data that is copied into it could not be read. */
    private void requireSameRepository(String prefix) {
        String key = prefix + "config";
        byte[] ours = source.read(key, ObjectStore.MAX_DOCUMENT)
                .map(Document::content)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.Tampered,
                        "the source lacks " + key
                                + ", so no data in this repository can be read; use another RestorePoint"));
        Optional<Document> theirs = target.read(key, ObjectStore.MAX_DOCUMENT);
        if (theirs.isPresent() && !Arrays.equals(theirs.get().content(), ours)) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "the target holds another repository in " + prefix
                            + "; copy to another location, or delete that repository if it is not needed");
        }
    }

    private void config(String prefix) {
        String key = prefix + "config";
        byte[] content = source.read(key, ObjectStore.MAX_DOCUMENT)
                .map(Document::content)
                .orElseThrow(() -> ObjectTransfer.changed(key, "it was deleted"));
        if (target.write(key, content, Precondition.ABSENT).isPresent()) {
            count(content.length);
        } else {
            requireSameRepository(prefix);
            present.increment();
        }
    }

    /** The name of a file in a repository is the SHA-256 of its content. Name and size show whether the target has it. */
    private void copyMissing(String prefix, Map<String, Long> wanted) {
        Map<String, Long> missing = new HashMap<>(wanted);
        target.list(prefix, o -> missing.remove(o.key(), o.size()));
        present.add(wanted.size() - missing.size());
        Parallel.each(WORKERS, missing.entrySet(), file -> {
            String name = file.getKey().substring(file.getKey().lastIndexOf('/') + 1);
            transfer.copy(file.getKey(), file.getValue(), name);
            count(file.getValue());
        });
    }

    /** The names of an archive do not depend on its content, so the objects of the target are read and verified. */
    private void archive(PointDocument document) {
        Parallel.each(WORKERS, document.objects(), o -> {
            boolean sameSize = Objects.equals(list(target, o.key()).get(o.key()), o.size());
            if (sameSize && transfer.targetHas(o.key(), o.sha256())) {
                present.increment();
                return;
            }
            requireSize(o);
            transfer.copy(o.key(), o.size(), o.sha256());
            count(o.size());
        });
    }

    /** An object with another size than in the seal was altered. A missing one may have been deleted with its point. */
    private void requireSize(PointDocument.StoredObject o) {
        Long size = list(source, o.key()).get(o.key());
        if (size != null && size != o.size()) {
            throw BreakwaterException.permanent(
                    Reason.Tampered,
                    "object " + o.key() + " was not copied: it has " + size + " bytes instead of " + o.size()
                            + " at the source; check that location's storage");
        }
    }

    /** Checks that the target still has all objects: a prune or a sweep may have deleted some before it knew of the copy. */
    private void verify(String prefix, Map<String, Long> expected) {
        if (expected.isEmpty()) {
            return;
        }
        Map<String, Long> missing = new HashMap<>(expected);
        target.list(prefix, o -> missing.remove(o.key(), o.size()));
        if (!missing.isEmpty()) {
            throw ObjectTransfer.changed(missing.keySet().iterator().next(), "it was deleted from the target");
        }
    }

    /** The store of a tenant may be a program of the tenant: keys that it lists decide which keys are written at the target. */
    private static Map<String, Long> list(ObjectStore store, String prefix) {
        Map<String, Long> found = new HashMap<>();
        GatheringBound gathered = new GatheringBound(store, prefix);
        store.list(prefix, o -> {
            if (!o.key().startsWith(prefix) || UPWARDS.matcher(o.key()).find()) {
                throw BreakwaterException.permanent(
                        Reason.Tampered,
                        "the store lists " + Texts.line(o.key(), LONGEST_KEY) + " below " + prefix
                                + ", so nothing was copied; check the endpoint of the location");
            }
            found.put(gathered.add(o.key()), o.size());
        });
        return found;
    }

    private void count(long size) {
        objects.increment();
        bytes.add(size);
    }
}
