package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.TestStores;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseStoreTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path directory;

    private FaultyStore objects;
    private LeaseStore store;

    @BeforeEach
    void open() {
        objects = new FaultyStore(TestStores.filesystem(directory));
        store = new LeaseStore(objects, new DirectCalls(), "shop", "shop");
    }

    @Test
    void readsWrittenLeases() {
        Lease first = Lease.first("east", MINUTE);

        LeaseVersion written = store.write(first, Optional.empty()).orElseThrow();

        assertThat(store.read())
                .get()
                .extracting(LeaseVersion::lease, LeaseVersion::etag)
                .containsExactly(first, written.etag());
    }

    @Test
    void onlyOneOfTwoFirstLeasesIsWritten() {
        store.write(Lease.first("east", MINUTE), Optional.empty());

        assertThat(store.write(Lease.first("west", MINUTE), Optional.empty())).isEmpty();
        assertThat(store.read().orElseThrow().lease().holder()).isEqualTo("east");
    }

    @Test
    void aChangeOfAnOldVersionIsNotWritten() {
        LeaseVersion old =
                store.write(Lease.first("east", MINUTE), Optional.empty()).orElseThrow();
        store.write(old.lease().renewed(MINUTE, null), Optional.of(old));

        assertThat(store.write(old.lease().retired(), Optional.of(old))).isEmpty();
        assertThat(store.read().orElseThrow().lease().state()).isEqualTo(Lease.State.Held);
    }

    @Test
    void recognizesAWriteWhoseAnswerWasLost() {
        LeaseVersion old =
                store.write(Lease.first("east", MINUTE), Optional.empty()).orElseThrow();
        Lease renewed = old.lease().renewed(MINUTE, 12L);
        objects.losesAnswers = true;

        assertThat(store.write(renewed, Optional.of(old)))
                .get()
                .extracting(LeaseVersion::lease)
                .isEqualTo(renewed);
    }

    @Test
    void reportsAFailedWrite() {
        objects.away = true;

        assertThatThrownBy(() -> store.write(Lease.first("east", MINUTE), Optional.empty()))
                .isInstanceOf(BreakwaterException.class)
                .hasMessageContaining("away");
    }

    @Test
    void rejectsAnUnreadableLease() {
        objects.write("breakwater/plans/shop/shop/lease.json", "{".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        assertThatThrownBy(store::read)
                .hasMessageContaining("is not a valid lease")
                .hasMessageContaining("do not edit the object by hand");
    }

    @Test
    void reportsNoSilenceForAnUnknownSite() {
        store.heartbeat("east");

        assertThat(store.timeSinceHeartbeat("east"))
                .get()
                .satisfies(d -> assertThat(d).isLessThan(MINUTE));
        assertThat(store.timeSinceHeartbeat("west")).isEmpty();
    }
}
