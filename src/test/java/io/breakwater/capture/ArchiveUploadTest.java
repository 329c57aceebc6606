package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Objects that an attempt writes where an interrupted one, or another process, has written. */
class ArchiveUploadTest {
    private static final String KEY = "velero/backups/shop-p-0123456789abcdef-uid/a.tar.gz";

    @Test
    void replacesTheObjectsOfAnInterruptedAttempt() {
        MemoryStore store = new MemoryStore();

        ArchiveUpload.write(store, KEY, new byte[] {1});
        ArchiveUpload.write(store, KEY, new byte[] {2});

        assertThat(store.read(KEY).orElseThrow().content()).containsExactly(2);
    }

    @Test
    void overwritesNothingThatAnotherProcessWritesMeanwhile() {
        MemoryStore store = new MemoryStore() {
            @Override
            public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
                super.write(key, new byte[] {7}, Precondition.NONE);
                return super.write(key, content, precondition);
            }
        };

        assertThatThrownBy(() -> ArchiveUpload.write(store, KEY, new byte[] {1}))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.Conflict);
                    assertThat(e.isRetryable()).isTrue();
                });
        assertThat(store.read(KEY).orElseThrow().content()).containsExactly(7);
    }
}
