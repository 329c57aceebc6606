package io.breakwater.points;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.JournalEntry;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.TransferStatus;
import io.breakwater.observe.StatusWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The life of a point, and what of it wakes its policy. */
class PolicyPointEventsTest {
    private final List<String> woken = new ArrayList<>();
    private final RestorePoint point = PointIndexTest.point("shop", "p1");
    private PointApiServer api;
    private PointIndex index;
    private int version = 1;

    @BeforeEach
    void start() throws IOException {
        api = new PointApiServer();
        index = new PointIndex(api.client(), new StatusWriter(api.client()));
        index.store().markListed();
        PolicyPointEvents events = new PolicyPointEvents(index);
        events.setEventHandler(event ->
                woken.add(event.getRelatedCustomResourceID().getNamespace().orElseThrow() + "/"
                        + event.getRelatedCustomResourceID().getName()));
        events.start();
        point.getMetadata().setUid("9f8e7d6c-0000-4000-8000-000000000001");
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void wakesThePolicyThreeTimesInTheLifeOfAPoint() {
        expectWake(s -> {});
        for (int i = 0; i < 12; i++) {
            String step = "Step" + i;
            expectNoWake(s -> {
                s.journal.add(entry(step));
                s.progress = step;
            });
        }
        expectNoWake(s -> PointIndexTest.succeed(s, "Unknown"));
        expectNoWake(s -> {
            s.site = "east";
            s.capturedAt = "2026-11-30T10:00:00Z";
        });
        for (int i = 0; i < 10; i++) {
            expectNoWake(s -> s.transfer = new TransferStatus());
        }
        expectNoWake(s -> {
            s.volumes = List.of(new VolumeStatus());
            s.volumes.getFirst().repositorySnapshot = "ab".repeat(32);
        });
        expectWake(s -> {
            s.location = "a";
            s.copies = new ArrayList<>(List.of(copy()));
            PointIndexTest.succeed(s, "True");
        });
        expectNoWake(s -> s.archive = new ArrayList<>());
        expectWake(s -> s.copies.getFirst().state = CopyState.Completed);
        expectNoWake(s -> s.verified = new RestorePointStatus.Verified());
        assertThat(woken).containsOnly("shop/hourly");
    }

    @Test
    void wakesThePolicyForEachAnswerThatChanges() {
        expectWake(s -> {});
        expectWake(s -> point.getSpec().hold = true);
        expectWake(s -> PointIndexTest.succeed(s, "False"));
        expectWake(s -> s.conditions.getFirst().message = "the volume is gone");
        expectWake(s -> s.lockedUntil = "2027-01-01T00:00:00Z");
        expectWake(s -> point.getMetadata().setDeletionTimestamp("2026-11-30T11:00:00Z"));
        index.store().remove("shop/p1");
        assertThat(woken).hasSize(7);
        point.getMetadata().setUid("9f8e7d6c-0000-4000-8000-000000000002");
        expectWake(s -> s.conditions = new ArrayList<>());
        point.getMetadata().setUid("9f8e7d6c-0000-4000-8000-000000000003"); // created again while the watch was down
        expectWake(s -> {});
    }

    private void expectWake(Consumer<RestorePointStatus> change) {
        int before = woken.size();
        put(change);
        assertThat(woken).hasSize(before + 1);
    }

    private void expectNoWake(Consumer<RestorePointStatus> change) {
        int before = woken.size();
        put(change);
        assertThat(woken).hasSize(before);
    }

    private void put(Consumer<RestorePointStatus> change) {
        change.accept(point.getStatus());
        point.getMetadata().setResourceVersion(Integer.toString(version++));
        index.store().put("shop/p1", point);
    }

    private static JournalEntry entry(String step) {
        JournalEntry entry = new JournalEntry();
        entry.step = step;
        return entry;
    }

    private static PointCopy copy() {
        PointCopy copy = new PointCopy();
        copy.location = "b";
        copy.state = CopyState.Pending;
        return copy;
    }
}
