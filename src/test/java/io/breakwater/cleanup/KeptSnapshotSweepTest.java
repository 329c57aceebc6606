package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.volume.KeptSnapshots;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which retained snapshots are deleted. */
class KeptSnapshotSweepTest {
    private static final Instant NOW = Instant.parse("2026-02-03T12:00:00Z");
    private static final Duration DAY = Duration.ofDays(1);

    private final List<KeptSnapshots.Kept> there = new ArrayList<>();
    private final List<String> dropped = new ArrayList<>();
    private final List<String> revived = new ArrayList<>();
    private final List<BreakwaterException> trouble = new ArrayList<>();
    private boolean seal;
    private boolean down;

    /** Times are hours ago. An existing seal decides, whatever the snapshot is marked with. */
    @ParameterizedTest
    @CsvSource({
        // made, sealed, removed, seal in the store: dropped, revived
        "30, true,    , true,  false, false",
        "30, true,    , false, false, false",
        "30, true,  25, false, true,  false",
        "30, true,  23, false, false, false",
        "30, true,  25, true,  false, true",
        "30, false,   , false, true,  false",
        "23, false,   , false, false, false",
        "30, false,   , true,  false, true",
        "30, false, 23, false, false, false"
    })
    void deletesOrRevivesSnapshotsByTheSealInTheStore(
            int made, boolean sealed, Integer removed, boolean there, boolean dropped, boolean revived) {
        seal = there;
        add(made, sealed, removed);

        assertThat(sweep(Set.of())).isEqualTo(dropped ? 1 : 0);
        assertThat(this.dropped).isEqualTo(dropped ? List.of("content") : List.of());
        assertThat(this.revived).isEqualTo(revived ? List.of("content") : List.of());
    }

    @Test
    void skipsNamespacesWithARunningCaptureOrDeletion() {
        add(30, false, null);
        assertThat(sweep(Set.of("shop"))).isZero();
        assertThat(sweep(Set.of("other"))).isOne();
    }

    @Test
    void deletesNothingWhenTheLocationIsUnreachable() {
        down = true;
        add(30, true, 25);
        assertThat(sweep(Set.of())).isZero();
        assertThat(dropped).isEmpty();
        assertThat(trouble).extracting(BreakwaterException::reason).containsExactly(Reason.StoreUnavailable);
    }

    private void add(int made, boolean sealed, Integer removed) {
        there.add(new KeptSnapshots.Kept(
                "content",
                PointKeys.of("west", "shop", "monday").path(),
                sealed,
                removed == null ? null : ago(removed),
                ago(made)));
    }

    private static Instant ago(int hours) {
        return NOW.minus(Duration.ofHours(hours));
    }

    private int sweep(Set<String> busy) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("blob");
        return new KeptSnapshotSweep(new Contents(), new Seals(), DAY)
                .sweep(location, NOW, NOW.minus(DAY), busy::contains, trouble);
    }

    private final class Contents extends KeptSnapshots {
        Contents() {
            super(null, null);
        }

        @Override
        public List<Kept> of(String location) {
            assertThat(location).isEqualTo("ops/blob");
            return there;
        }

        @Override
        public void delete(String name) {
            dropped.add(name);
        }

        @Override
        public void unmarkDeleted(Kept kept) {
            revived.add(kept.name());
        }
    }

    private final class Seals extends Catalog {
        Seals() {
            super(null, null);
        }

        @Override
        public Optional<PointDocument> find(BackupLocation location, PointKey key) {
            assertThat(key).isEqualTo(PointKeys.of("west", "shop", "monday"));
            if (down) {
                throw BreakwaterException.retryable(Reason.StoreUnavailable, "no answer");
            }
            return seal ? Optional.of(document()) : Optional.empty();
        }
    }

    private static PointDocument document() {
        return PointDocument.builder(PointKeys.of("west", "shop", "monday"), "uid")
                .policy("kept")
                .capturedAt("2026-02-01T00:00:00Z")
                .consistency(Consistency.Crash)
                .build();
    }
}
