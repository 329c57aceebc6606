package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.store.ObjectStore.Precondition;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadOnlyStoreTest {
    private static final byte[] OLD = "old".getBytes(StandardCharsets.UTF_8);
    private static final byte[] NEW = "new".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path directory;

    @Test
    void allowsReadsAndRefusesWrites() {
        ObjectStore behind = TestStores.filesystem(directory);
        behind.write("a/b", OLD, Precondition.NONE);
        ObjectStore store = new ReadOnlyStore(behind, "archive");

        for (ThrowingCallable write : List.<ThrowingCallable>of(
                () -> store.write("a/b", NEW, Precondition.NONE),
                () -> store.upload("a/c", Precondition.NONE),
                () -> store.delete("a/b"))) {
            assertThatThrownBy(write)
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                    .hasMessageContaining("BackupLocation archive has accessMode ReadOnly");
        }

        List<String> keys = new ArrayList<>();
        store.list("", o -> keys.add(o.key()));
        assertThat(keys).containsExactly("a/b");
        assertThat(store.head("a/b")).isPresent();
        assertThat(store.read("a/b"))
                .hasValueSatisfying(d -> assertThat(d.content()).isEqualTo(OLD));
    }

    @Test
    void boundsReadsThroughEveryWrapper() {
        ObjectStore behind = TestStores.filesystem(directory);
        behind.write("a/b", OLD, Precondition.NONE);

        for (ObjectStore store :
                List.of(new ReadOnlyStore(behind, "archive"), TestRegister.visible(behind, "east", "shop"))) {
            assertThat(store.read("a/b", OLD.length)).isPresent();
            assertThatThrownBy(() -> store.read("a/b", OLD.length - 1)).hasMessageContaining("more than 2 bytes");
        }
    }
}
