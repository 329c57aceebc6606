package io.breakwater.replication;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.PointKey;
import io.breakwater.steps.Parallel;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;

/**
 * One sealed point on its way from one store to another.
 *
 * <p>Of the repository everything is copied that the source lists and the target lacks, not only what this point needs:
 * telling the two apart would take the repository's key and a walk through its trees, and the rest is needed by the other
 * points anyway. A mover may append to the source meanwhile: snapshots are listed before index files and these before
 * packs, so that whatever a listed file refers to is listed too. A prune removes index files before the packs that they
 * name; if a listed index file is gone after the packs were listed, the copy starts over.
 *
 * <p>Files are written in the opposite order (packs, index, keys, config, snapshots, archive, seal), so that the target
 * restores whatever it shows at any moment. All of this can be killed anywhere and done again: what is there with its size
 * is not copied again. Listings are held in memory, about 200 bytes for each file of the repository on either side.
 */
final class PointTransfer {
    /** Objects of one point that are copied at the same time. */
    private static final int WORKERS = 4;

    private final ObjectStore source;
    private final ObjectStore target;
    private final ObjectTransfer transfer;
    private final LongAdder objects = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder present = new LongAdder();

    PointTransfer(ObjectStore source, ObjectStore target, Semaphore streams) {
        this.source = source;
        this.target = target;
        this.transfer = new ObjectTransfer(source, target, streams);
    }

    /**
     * Copies the point.
     *
     * @param document the verified content of the seal
     * @param seal the seal as it lies at the source
     * @param mayGoOn throws when the copy is not wanted any more; called at the beginning and right before the seal
     * @throws BreakwaterException Conflict, when the target holds another point or another repository in this place;
     *     Tampered, when the source does not hold what the seal says
     */
    CopyResult run(PointDocument document, byte[] seal, Runnable mayGoOn) {
        PointKey key = document.key();
        if (sealed(key, seal)) {
            return new CopyResult(0, 0, 1);
        }
        mayGoOn.run();
        Map<String, Long> expected = new LinkedHashMap<>();
        if (!document.moved().isEmpty()) {
            expected.putAll(repository(document));
        }
        archive(document);
        mayGoOn.run();
        verify(key.repositoryPrefix(), expected);
        document.objects().forEach(o -> verify(o.key(), Map.of(o.key(), o.size())));
        vouching(key);
        if (target.write(key.sealKey(), seal, Precondition.ABSENT).isPresent()) {
            count(seal.length);
        } else if (!sealed(key, seal)) {
            throw ObjectTransfer.changed(key.sealKey(), "the target refused it");
        }
        return new CopyResult(objects.sum(), bytes.sum(), present.sum());
    }

    /** What vouches for the seal when the key that signed it is not at hand any more. */
    private void vouching(PointKey key) {
        for (String name : list(source, key.directory()).keySet()) {
            if (!name.equals(key.sealKey())) {
                source.read(name).ifPresent(d -> {
                    target.write(name, d.content(), Precondition.NONE);
                    count(d.content().length);
                });
            }
        }
    }

    private boolean sealed(PointKey key, byte[] seal) {
        Optional<Document> there = target.read(key.sealKey());
        if (there.isPresent() && !Arrays.equals(there.get().content(), seal)) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "the target already holds another point " + key + "; delete that one, or make a new RestorePoint");
        }
        return there.isPresent();
    }

    private Map<String, Long> repository(PointDocument document) {
        String prefix = document.key().repositoryPrefix();
        sameRepository(prefix);
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
                    "the source's repository lacks snapshot " + volume.repositorySnapshot() + " of claim "
                            + volume.pvc()
                            + ", which the seal names; use another RestorePoint and find out who removed it");
        }
    }

    /** Refuses a target that holds a repository with other keys: what is copied into it could never be read. */
    private void sameRepository(String prefix) {
        String key = prefix + "config";
        byte[] ours = source.read(key)
                .map(Document::content)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.Tampered, "the source lacks " + key + ", so nothing in this repository can be read"));
        Optional<Document> theirs = target.read(key);
        if (theirs.isPresent() && !Arrays.equals(theirs.get().content(), ours)) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "the target holds another repository in " + prefix
                            + "; copy to another location, or remove that repository if nobody needs it");
        }
    }

    private void config(String prefix) {
        String key = prefix + "config";
        byte[] content =
                source.read(key).map(Document::content).orElseThrow(() -> ObjectTransfer.changed(key, "it is gone"));
        if (target.write(key, content, Precondition.ABSENT).isPresent()) {
            count(content.length);
        } else {
            sameRepository(prefix);
            present.increment();
        }
    }

    /** Files of a repository are named by the SHA-256 of their content, so a name and a size tell what to expect. */
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

    /** The archive's names say nothing about its content, so what the target has is read before it is trusted. */
    private void archive(PointDocument document) {
        Parallel.each(WORKERS, document.objects(), o -> {
            boolean there = Objects.equals(list(target, o.key()).get(o.key()), o.size());
            if (there && transfer.targetHas(o.key(), o.sha256())) {
                present.increment();
                return;
            }
            transfer.copy(o.key(), o.size(), o.sha256());
            count(o.size());
        });
    }

    /** Nothing may have gone from the target meanwhile, by a prune or a sweep that did not know yet that it is needed. */
    private void verify(String prefix, Map<String, Long> expected) {
        if (expected.isEmpty()) {
            return;
        }
        Map<String, Long> missing = new HashMap<>(expected);
        target.list(prefix, o -> missing.remove(o.key(), o.size()));
        if (!missing.isEmpty()) {
            throw ObjectTransfer.changed(missing.keySet().iterator().next(), "it is gone from the target");
        }
    }

    private static Map<String, Long> list(ObjectStore store, String prefix) {
        Map<String, Long> found = new HashMap<>();
        store.list(prefix, o -> found.put(o.key(), o.size()));
        return found;
    }

    private void count(long size) {
        objects.increment();
        bytes.add(size);
    }
}
