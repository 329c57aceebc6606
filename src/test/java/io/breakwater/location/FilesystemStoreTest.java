package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.location.ObjectStore.Precondition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    ObjectStore store() {
        return store;
    }

    @Test
    void aKeyThatClimbsIsRefused() {
        for (String key : List.of("../x", "a/../../x", "/x", "a//b", "a/./b", ".staging/x", "", "a/", "a\0b")) {
            assertThatThrownBy(() -> store.write(key, new byte[1], Precondition.NONE))
                    .as(key)
                    .isInstanceOf(BreakwaterException.class);
        }
        assertThat(root.resolve("x")).doesNotExist();
    }

    @Test
    void nothingIsLeftBesideTheObjects() throws IOException {
        store.write("a", new byte[1], Precondition.NONE);
        store.write("a", new byte[1], Precondition.ABSENT);
        store.read("a");

        try (Stream<Path> left = Files.list(root.resolve("store/.staging"))) {
            assertThat(left).isEmpty();
        }
    }
}
