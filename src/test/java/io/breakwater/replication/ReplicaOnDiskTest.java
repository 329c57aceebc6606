package io.breakwater.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.replication.ReplicationFixture.Point;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies between two real stores: directories. */
class ReplicaOnDiskTest {
    @TempDir
    Path root;

    @Test
    void copiesAnIdenticalReplicaAndThenOnlyNewObjects() {
        ObjectStore source = TestStores.filesystem(root.resolve("east"));
        ObjectStore target = TestStores.filesystem(root.resolve("west"));
        ReplicationFixture scene = new ReplicationFixture(source);
        scene.capture(source, "p1", 50).copy(source, target);

        CopyResult second = scene.capture(source, "p2", 2).copy(source, target);

        assertThat(ReplicationFixture.contents(target)).isEqualTo(ReplicationFixture.contents(source));
        assertThat(second.objects())
                .as("2 packs, index, snapshot, archive, seal")
                .isEqualTo(6);
    }

    @Test
    void repairsADamagedTargetWithTheNextPoint() throws IOException {
        ObjectStore source = TestStores.filesystem(root.resolve("east"));
        ObjectStore target = TestStores.filesystem(root.resolve("west"));
        ReplicationFixture scene = new ReplicationFixture(source);
        scene.capture(source, "p1", 10).copy(source, target);
        List<Path> packs;
        try (Stream<Path> all = Files.walk(root.resolve("west").resolve(ReplicationFixture.REPO + "data"))) {
            packs = all.filter(Files::isRegularFile).sorted().toList();
        }
        Files.delete(packs.getFirst());
        Files.write(packs.getLast(), new byte[] {1, 2, 3});

        Point next = scene.capture(source, "p2", 1);
        next.copy(source, target);

        assertThat(ReplicationFixture.contents(target)).isEqualTo(ReplicationFixture.contents(source));
    }
}
