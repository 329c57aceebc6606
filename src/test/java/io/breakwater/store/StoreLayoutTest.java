package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.location.TestRegister;
import io.breakwater.store.StoreLayout.Area;
import io.breakwater.velero.BackupObjects;
import io.breakwater.velero.StoredBackup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The keys are contracts with existing stores, and the table of areas decides what is locked, swept and copied. */
class StoreLayoutTest {
    private static final Path SOURCES = Path.of("src/main/java");
    private static final String ID = "0123456789abcdef0123456789abcdef";
    private static final CapturedNamespace SHOP = new CapturedNamespace("east", "shop", "c", "n");

    @Test
    void neverChangesAKey() {
        Map<String, String> keys = Map.ofEntries(
                Map.entry(StoreLayout.location(), "breakwater/location.json"),
                Map.entry(StoreLayout.points(), "breakwater/points/"),
                Map.entry(StoreLayout.points("east"), "breakwater/points/east/"),
                Map.entry(StoreLayout.points("east", "shop"), "breakwater/points/east/shop/"),
                Map.entry(StoreLayout.point(SHOP, "p"), "breakwater/points/east/shop/c/n/p/"),
                Map.entry(StoreLayout.seal(SHOP, "p"), "breakwater/points/east/shop/c/n/p/point.json"),
                Map.entry(
                        StoreLayout.voucher(SHOP, "p", "0123456789abcdef"),
                        "breakwater/points/east/shop/c/n/p/point.0123456789abcdef.json"),
                Map.entry(StoreLayout.repositories(), "breakwater/repos/"),
                Map.entry(StoreLayout.repository(ID), "breakwater/repos/" + ID + "/"),
                Map.entry(StoreLayout.repositoryRecord(ID), "breakwater/repos/" + ID + "/repository.json"),
                Map.entry(StoreLayout.owners(), "breakwater/owners/"),
                Map.entry(StoreLayout.owners("east", "shop"), "breakwater/owners/east/shop/"),
                Map.entry(StoreLayout.owner(SHOP), "breakwater/owners/east/shop/c/n.json"),
                Map.entry(StoreLayout.archives(SHOP), "breakwater/archives/east/shop/c/n/"),
                Map.entry(StoreLayout.archive(SHOP, "p", "uid"), "breakwater/archives/east/shop/c/n/p/uid/"),
                Map.entry(StoreLayout.veleroArchives(), "velero/backups/"),
                Map.entry(StoreLayout.veleroBackups(), "backups/"),
                Map.entry(StoreLayout.inProgress("east"), "breakwater/begun/east/"),
                Map.entry(StoreLayout.inProgress(SHOP, "p"), "breakwater/begun/east/shop/c/n/p.json"),
                Map.entry(StoreLayout.pointTombstones(), "breakwater/tombstones/points/"),
                Map.entry(StoreLayout.pointTombstones("east"), "breakwater/tombstones/points/east/"),
                Map.entry(StoreLayout.pointTombstones(SHOP), "breakwater/tombstones/points/east/shop/c/n/"),
                Map.entry(StoreLayout.repositoryTombstones(), "breakwater/tombstones/repos/"),
                Map.entry(StoreLayout.repositoryTombstones(ID), "breakwater/tombstones/repos/" + ID + "/"),
                Map.entry(StoreLayout.readLeases(), "breakwater/readers/"),
                Map.entry(StoreLayout.readLease(ID, "id"), "breakwater/readers/" + ID + "/id.json"),
                Map.entry(StoreLayout.deletionNotes(), "breakwater/removed/"),
                Map.entry(StoreLayout.deletionNote("key", "hmac"), "breakwater/removed/key/hmac"),
                Map.entry(StoreLayout.lockRound("east"), "breakwater/immutability/east.json"),
                Map.entry(StoreLayout.heartbeats(), "breakwater/sites/"),
                Map.entry(StoreLayout.heartbeat("east"), "breakwater/sites/east.json"),
                Map.entry(StoreLayout.keyRing("east"), "breakwater/keyrings/east.json"),
                Map.entry(StoreLayout.escrow(), "breakwater/escrow/"),
                Map.entry(StoreLayout.wrappedKey("key", "print"), "breakwater/escrow/key.print.rsa"),
                Map.entry(StoreLayout.wrappedKeyProof("key", "print"), "breakwater/escrow/key.print.json"),
                Map.entry(StoreLayout.rekeyNote(ID), "breakwater/rotations/" + ID + ".json"),
                Map.entry(StoreLayout.pruneRecord(ID), "breakwater/prunes/" + ID + ".json"),
                Map.entry(StoreLayout.lease("shop", "plan"), "breakwater/plans/shop/plan/lease.json"),
                Map.entry(
                        StoreLayout.journal("shop", "plan", 12, 3, "Promote"),
                        "breakwater/plans/shop/plan/journal/12/003-Promote.json"),
                Map.entry(StoreLayout.probe("east", "locked"), "breakwater/probe/east-locked"));

        keys.forEach((key, expected) -> assertThat(key).isEqualTo(expected));
    }

    @Test
    void agreesWithTheNamesOfVelero() {
        assertThat(BackupObjects.prefix("b")).isEqualTo(StoreLayout.veleroArchives() + "b/");
        assertThat(StoredBackup.DIRECTORY).isEqualTo(StoreLayout.veleroBackups());
    }

    @Test
    void findsEachKeyInOneArea() {
        assertThat(StoreLayout.AREAS)
                .allSatisfy(area -> assertThat(StoreLayout.AREAS.stream()
                                .map(Area::prefix)
                                .filter(other -> other.startsWith(area.prefix())
                                        || area.prefix().startsWith(other)))
                        .as("prefixes of which one is the beginning of the other")
                        .containsExactly(area.prefix()));
        assertThat(StoreLayout.area("breakwater/other/x")).isEmpty();
        assertThat(StoreLayout.area("backups/x/velero-backup.json")).isEmpty();
    }

    @Test
    void listsTheAreasThatASiteCleansUp() {
        assertThat(StoreLayout.prefixesFor("east"))
                .containsExactlyInAnyOrder(
                        "breakwater/points/east/",
                        "breakwater/archives/east/",
                        "breakwater/owners/east/",
                        "velero/backups/",
                        "breakwater/location.json",
                        "breakwater/escrow/",
                        "breakwater/keyrings/east.json",
                        "breakwater/tombstones/points/east/",
                        "breakwater/begun/east/",
                        "breakwater/sites/east.json",
                        "breakwater/immutability/",
                        "breakwater/probe/",
                        "breakwater/removed/",
                        "breakwater/plans/");
        assertThat(StoreLayout.prefixesForRepository(ID))
                .containsExactlyInAnyOrder(
                        "breakwater/repos/" + ID,
                        "breakwater/rotations/" + ID,
                        "breakwater/prunes/" + ID,
                        "breakwater/tombstones/repos/" + ID,
                        "breakwater/readers/" + ID);
    }

    @Test
    void locksAndCopiesOnlyObjectsOfPoints() {
        List<String> ofPoints = List.of(
                "breakwater/repos/",
                "breakwater/owners/",
                "breakwater/points/",
                "breakwater/archives/",
                "velero/backups/");

        assertThat(StoreLayout.AREAS.stream().filter(Area::locked).map(Area::prefix))
                .containsExactlyInAnyOrderElementsOf(ofPoints);
        assertThat(StoreLayout.AREAS.stream().filter(Area::replicated).map(Area::prefix))
                .containsExactlyInAnyOrderElementsOf(ofPoints);
        assertThat(StoreLayout.AREAS.stream().filter(a -> a.locked() && !a.restored()))
                .isEmpty();
    }

    @Test
    void excludesLocksOfRestic() {
        String lock = TestRegister.of("east", "shop").prefix() + "locks/ab";

        assertThat(StoreLayout.isLocked(lock)).isFalse();
        assertThat(StoreLayout.isRestored(lock)).isFalse();
        assertThat(StoreLayout.isLocked(TestRegister.of("east", "shop").prefix() + "data/ab/abcd"))
                .isTrue();
    }

    /** It had no object locks and no grace period when every key with /locks/ counted as a lock of restic. */
    @Test
    void locksObjectsOfANamespaceNamedLocks() {
        for (String key : List.of(
                TestRegister.of("east", "locks").prefix() + "data/ab/abcd",
                StoreLayout.seal(new CapturedNamespace("east", "locks", "c", "n"), "p"),
                StoreLayout.seal(SHOP, "locks"))) {
            assertThat(StoreLayout.isLocked(key)).as(key).isTrue();
            assertThat(StoreLayout.isRestored(key)).as(key).isTrue();
        }
        assertThat(StoreLayout.isLocked(TestRegister.of("east", "locks").prefix() + "locks/ab"))
                .isFalse();
    }

    /** A literal elsewhere would be a second place that knows the key, and an area that the table may not have. */
    @Test
    void spellsOutKeysInOneClassOnly() throws IOException {
        String areas = StoreLayout.AREAS.stream()
                .map(Area::prefix)
                .filter(prefix -> prefix.startsWith("breakwater/"))
                .map(prefix -> prefix.substring("breakwater/".length()).replaceFirst("/$", ""))
                .map(Pattern::quote)
                .collect(Collectors.joining("|"));
        Pattern literal = Pattern.compile("\"breakwater/(" + areas + ")|\"velero/backups/|\"breakwater/\"");

        try (Stream<Path> files = Files.walk(SOURCES)) {
            Map<String, List<String>> found = files.filter(f -> f.toString().endsWith(".java"))
                    .filter(f -> literal.matcher(text(f)).find())
                    .collect(Collectors.toMap(
                            f -> f.getFileName().toString(),
                            f -> literal.matcher(text(f))
                                    .results()
                                    .map(m -> m.group())
                                    .distinct()
                                    .toList()));
            assertThat(found)
                    .as("classes that spell out keys; BackupObjects names the files of Velero's layout")
                    .containsOnlyKeys("StoreLayout.java", "BackupObjects.java")
                    .containsEntry("BackupObjects.java", List.of("\"velero/backups/"));
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
