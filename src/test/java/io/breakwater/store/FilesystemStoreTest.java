package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesystemStoreTest extends ObjectStoreContract {
    @TempDir
    private Path root;

    private ObjectStore store;

    @BeforeEach
    void open() {
        store = TestStores.filesystem(root.resolve("store"));
    }

    @Override
    public ObjectStore store() {
        return store;
    }

    @Test
    void refusesInvalidKeys() {
        for (String key : List.of("../x", "a/../../x", "/x", "a//b", "a/./b", ".staging/x", "", "a/", "a\0b")) {
            assertThatThrownBy(() -> store.write(key, new byte[1], Precondition.NONE))
                    .as(key)
                    .isInstanceOf(BreakwaterException.class);
        }
        assertThat(root.resolve("x")).doesNotExist();
    }

    @Test
    void reportsADirectoryThatIsGoneAsUnavailableAndNotAsEmpty() throws IOException {
        assertThat(store.read("lease", 100)).as("before the first write").isEmpty();
        store.write("lease", new byte[1], Precondition.NONE);
        assertThat(store.read("other", 100)).isEmpty();

        Files.move(root.resolve("store"), root.resolve("unmounted"));

        assertThatThrownBy(() -> store.read("lease", 100)).isInstanceOf(BreakwaterException.class);
        assertThatThrownBy(() -> store.head("lease")).isInstanceOf(BreakwaterException.class);
    }

    @Test
    void deletesOnlyOldUnfinishedUploads() throws IOException {
        Upload killed = store.upload("killed", Precondition.NONE);
        killed.write(7);
        try (Stream<Path> drafts = Files.list(root.resolve("store/.staging"))) {
            Files.setLastModifiedTime(
                    drafts.findFirst().orElseThrow(),
                    FileTime.from(Instant.now().minusSeconds(3600)));
        }
        try (Upload running = store.upload("running", Precondition.NONE)) {
            running.write(7);
            assertThat(store.abandonUploads("", Instant.now().minusSeconds(1800)))
                    .isEqualTo(1);
            assertThat(running.commit()).isPresent();
        }

        assertThat(store.head("running")).isPresent();
        assertThatThrownBy(killed::commit).isInstanceOf(IOException.class);
    }

    @Test
    void leavesNoStagingFiles() throws IOException {
        store.write("a", new byte[1], Precondition.NONE);
        store.write("a", new byte[1], Precondition.ABSENT);
        store.read("a");

        try (Stream<Path> left = Files.list(root.resolve("store/.staging"))) {
            assertThat(left).isEmpty();
        }
    }
}
