package io.breakwater.replication;

import io.breakwater.api.Digests;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.catalog.PointDocument;
import io.breakwater.location.TestRegister;
import io.breakwater.store.LocationPlaces;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.trust.PointKeys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * A source with a repository and sealed points. An index file lists its packs and a snapshot its index files, one key per line. So
 * a test can check that all visible points can be read.
 */
final class ReplicationFixture {
    static final String REPO = TestRegister.of("east", "shop").prefix();

    final Random random = new Random(42);
    final List<String> indexes = new ArrayList<>();

    /** A point with one volume, sealed at the source. */
    record Point(PointDocument document, byte[] seal) {
        CopyResult copy(ObjectStore source, ObjectStore target, Runnable requireWanted) {
            return new PointTransfer(source, target, new LocationPlaces(8, 100)).run(document, seal, requireWanted);
        }

        CopyResult copy(ObjectStore source, ObjectStore target) {
            return copy(source, target, () -> {});
        }
    }

    /** Creates the repository. */
    ReplicationFixture(ObjectStore source) {
        put(source, REPO + "config", bytes(155));
        put(source, REPO + "locks/" + Digests.sha256Hex(bytes(10)), bytes(10));
        named(source, "keys/", bytes(400));
    }

    /** Backs up one volume: packs, an index file, a snapshot, an archive and the seal. */
    Point capture(ObjectStore store, String name, int packs) {
        String snapshot = append(store, packs);
        String archive = PointKeys.of("east", "shop", name).archivePrefix("uid-" + name) + "resources.tar.gz";
        byte[] resources = bytes(3000);
        put(store, archive, resources);
        PointDocument document = PointDocument.builder(PointKeys.of("east", "shop", name), "uid-" + name)
                .repository(TestRegister.of(PointKeys.of("east", "shop", name)).id())
                .policy("hourly")
                .trigger(Trigger.Scheduled)
                .operatorVersion("test")
                .capturedAt("2026-11-23T12:00:00Z")
                .consistency(Consistency.Crash)
                .volumes(List.of(new PointDocument.Volume("data", "csi", "1Gi", "/volumes/data", snapshot, 1, 1)))
                .archive(archive, 7)
                .objects(List.of(
                        new PointDocument.StoredObject(archive, resources.length, Digests.sha256Hex(resources))))
                .keyId("key")
                .build();
        byte[] seal = ("seal of " + name).getBytes(StandardCharsets.UTF_8);
        put(store, document.key().sealKey(), seal);
        return new Point(document, seal);
    }

    /** Writes the files of a mover, in its order; returns the snapshot. */
    String append(ObjectStore store, int packs) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < packs; i++) {
            byte[] pack = bytes(1000 + random.nextInt(100_000));
            String key = REPO + "data/" + Digests.sha256Hex(pack).substring(0, 2) + "/" + Digests.sha256Hex(pack);
            put(store, key, pack);
            names.add(key);
        }
        indexes.add(named(store, "index/", String.join("\n", names).getBytes(StandardCharsets.UTF_8)));
        String snapshot = named(
                store,
                "snapshots/",
                (String.join("\n", indexes) + "\n#" + random.nextLong()).getBytes(StandardCharsets.UTF_8));
        return snapshot.substring(snapshot.lastIndexOf('/') + 1);
    }

    private static String named(ObjectStore store, String folder, byte[] content) {
        String key = REPO + folder + Digests.sha256Hex(content);
        put(store, key, content);
        return key;
    }

    private static void put(ObjectStore store, String key, byte[] content) {
        store.write(key, content, Precondition.NONE);
    }

    byte[] bytes(int n) {
        byte[] b = new byte[n];
        random.nextBytes(b);
        return b;
    }

    /** All objects in a store: key and digest. */
    static TreeMap<String, String> contents(ObjectStore store) {
        TreeMap<String, String> all = new TreeMap<>();
        store.list(
                "",
                o -> all.put(
                        o.key(),
                        Digests.sha256Hex(store.read(o.key()).orElseThrow().content())));
        all.keySet().removeIf(k -> k.contains("/locks/"));
        return all;
    }

    /** References that do not exist: snapshots without an index file or config, index files without a pack. */
    static List<String> dangling(ObjectStore store) {
        TreeMap<String, String> all = contents(store);
        List<String> broken = new ArrayList<>();
        for (String key : all.keySet()) {
            if (key.contains("/snapshots/") || key.contains("/index/")) {
                for (String line :
                        new String(store.read(key).orElseThrow().content(), StandardCharsets.UTF_8).split("\n")) {
                    if (!line.startsWith("#") && !all.containsKey(line)) {
                        broken.add(key + " -> " + line);
                    }
                }
            }
        }
        boolean snapshots = all.keySet().stream().anyMatch(k -> k.contains("/snapshots/"));
        if (snapshots && !all.containsKey(REPO + "config")) {
            broken.add("snapshots without config");
        }
        return broken;
    }
}
