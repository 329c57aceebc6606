package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ForwardingStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.TestSite;
import io.breakwater.store.TestStores;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseStoreTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final String KEY = "breakwater/plans/shop/shop/lease.json";
    private static final String BEAT = "breakwater/sites/east.json";

    @TempDir
    Path directory;

    private FaultyStore objects;
    private LeaseStore store;

    @BeforeEach
    void open() {
        objects = new FaultyStore(TestStores.filesystem(directory));
        store = new LeaseStore(objects, new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE));
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

    /** S3 does not report when it wrote an object. The age of a lease is measured by that time alone. */
    @Test
    void readsTheTimeOfAWriteThatTheAnswerLacks() {
        ObjectStore timeless = new ForwardingStore(objects) {
            @Override
            public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
                return super.write(key, content, precondition)
                        .map(o -> new Observed(
                                new ObjectInfo(key, o.info().size(), o.info().etag(), null),
                                o.storeTime().plusSeconds(30)));
            }
        };
        LeaseStore leases =
                new LeaseStore(timeless, new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE));

        LeaseVersion written =
                leases.write(Lease.first("east", MINUTE), Optional.empty()).orElseThrow();

        assertThat(written.modified())
                .isEqualTo(objects.head(KEY).orElseThrow().info().lastModified());
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
        objects.writeSigned(KEY, 1, "{".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        assertThatThrownBy(store::read)
                .hasMessageContaining("is not a valid lease")
                .hasMessageContaining("do not edit the object by hand");
    }

    @Test
    void refusesALeaseWithoutASignature() {
        Lease first = Lease.first("east", MINUTE);
        store.write(first, Optional.empty());
        objects.write(KEY, objects.readSigned(KEY, 4096).orElseThrow().payload(), Precondition.NONE);

        assertTampered("it has no signature");
    }

    @Test
    void refusesALeaseOfAnotherPlanWithAValidSignature() {
        other().write(Lease.first("west", MINUTE), Optional.empty());
        byte[] signed = objects.read("breakwater/plans/shop/other/lease.json")
                .orElseThrow()
                .content();
        objects.write(KEY, signed, Precondition.NONE);

        assertTampered("its signature does not match");
    }

    @Test
    void refusesALeaseWhoseCounterIsNotItsNumberOfWrites() {
        store.write(Lease.first("east", MINUTE), Optional.empty());
        byte[] lease = objects.readSigned(KEY, 4096).orElseThrow().payload();
        objects.writeSigned(KEY, 2, lease, Precondition.NONE);

        assertTampered("write 1 and counter 2");
    }

    /** Every lease that was ever valid has a valid signature, so only the counter shows that it is an old one. */
    @Test
    void refusesALeaseThatIsOlderThanOneThatWasSeen() {
        byte[] old = renewTwice();
        objects.write(KEY, old, Precondition.NONE);

        assertThatThrownBy(store::read)
                .hasMessageContaining("it has counter 1.1, but this site has seen 1.3")
                .hasMessageContaining("breakwater.io/accept-lease=1.1")
                .matches(e -> ((BreakwaterException) e).reason() == Reason.WentBack);
    }

    @Test
    void refusesALeaseThatIsOlderThanOneThatAnEarlierProcessSaw() {
        byte[] old = renewTwice();
        objects.write(KEY, old, Precondition.NONE);
        LeaseStore restarted =
                new LeaseStore(objects, new DirectCalls(), "shop", "shop", new LeaseMemory(new LeaseCounter(1, 3)));

        assertThatThrownBy(restarted::read).matches(e -> ((BreakwaterException) e).reason() == Reason.WentBack);
    }

    @Test
    void acceptsAnOlderLeaseWhoseCounterAnAdministratorNames() {
        byte[] old = renewTwice();
        objects.write(KEY, old, Precondition.NONE);

        store.memory().accept("1.2");
        assertThatThrownBy(store::read).hasMessageContaining("went back");

        store.memory().accept("1.1");
        LeaseVersion accepted = store.read().orElseThrow();
        assertThat(accepted.lease().writes()).isEqualTo(1);
        assertThat(store.memory().takeAccepted()).contains(new LeaseCounter(1, 1));
        assertThat(store.memory().takeAccepted()).isEmpty();
        store.write(accepted.lease().renewed(MINUTE, null), Optional.of(accepted));

        objects.write(KEY, old, Precondition.NONE);
        assertThatThrownBy(store::read).as("a second time").hasMessageContaining("went back");
    }

    /** The holder renews the lease while the administrator writes the annotation. */
    @Test
    void acceptsALaterCounterOfTheSameEpoch() {
        store.memory().check(KEY, new LeaseCounter(2, 90), LeaseCounter.NONE);
        LeaseCounter before = store.memory().newest();

        store.memory().accept("1.5");
        assertThatThrownBy(() -> store.memory().check(KEY, new LeaseCounter(1, 4), before))
                .hasMessageContaining("went back");
        store.memory().accept("2.5");
        assertThatThrownBy(() -> store.memory().check(KEY, new LeaseCounter(1, 7), before))
                .hasMessageContaining("went back");
        store.memory().accept("1.5");
        store.memory().check(KEY, new LeaseCounter(1, 7), before);

        assertThat(store.memory().takeAccepted()).contains(new LeaseCounter(1, 7));
    }

    @Test
    void refusesALeaseThatAThirdSiteSigned() {
        TestSite third = new TestSite("north", "n1");
        at(third, Map.of()).write(Lease.first("east", MINUTE), Optional.empty());
        LeaseStore east = at(new TestSite("east", "e1"), Map.of());

        assertThatThrownBy(east::read).hasMessageContaining("site north signed it");

        east.memory().accept("1.1");
        assertThat(east.read()).as("an administrator accepts it").isPresent();
    }

    private LeaseStore at(TestSite site, Map<String, String> pins) {
        return new LeaseStore(
                site.view(objects, pins),
                new DirectCalls(),
                "shop",
                "shop",
                new LeaseMemory(LeaseCounter.NONE),
                Set.of("east", "west"));
    }

    /** A reader may be slower than a writer of the same process. */
    @Test
    void refusesNoLeaseThatWasTheNewestWhenTheReadBegan() {
        LeaseMemory memory = new LeaseMemory(LeaseCounter.NONE);
        LeaseCounter before = memory.newest();
        memory.wrote(new LeaseCounter(1, 2));

        memory.check(KEY, new LeaseCounter(1, 1), before);

        assertThat(memory.newest()).isEqualTo(new LeaseCounter(1, 2));
    }

    @Test
    void aLeaseThatSomeoneElseWritesAgainIsNotRenewed() throws IOException {
        store.write(Lease.first("east", MINUTE), Optional.empty());
        Path file = directory.resolve(KEY);
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
        assertThat(store.read().orElseThrow().age()).isGreaterThan(MINUTE);

        objects.write(KEY, objects.read(KEY).orElseThrow().content(), Precondition.NONE);

        assertThat(store.read().orElseThrow().age()).isGreaterThan(MINUTE);
    }

    private void assertTampered(String cause) {
        assertThatThrownBy(store::read)
                .hasMessageContaining(KEY)
                .hasMessageContaining(cause)
                .matches(e -> ((BreakwaterException) e).reason() == Reason.Tampered);
    }

    private LeaseStore other() {
        return new LeaseStore(objects, new DirectCalls(), "shop", "other", new LeaseMemory(LeaseCounter.NONE));
    }

    /** The bytes of the first of three versions. */
    private byte[] renewTwice() {
        LeaseVersion seen =
                store.write(Lease.first("east", MINUTE), Optional.empty()).orElseThrow();
        byte[] old = objects.read(KEY).orElseThrow().content();
        for (int i = 0; i < 2; i++) {
            seen = store.write(seen.lease().renewed(MINUTE, null), Optional.of(seen))
                    .orElseThrow();
        }
        return old;
    }

    @Test
    void reportsNoSilenceForAnUnknownSite() {
        store.heartbeat("east");

        assertThat(store.timeSinceHeartbeat("east"))
                .get()
                .satisfies(d -> assertThat(d).isLessThan(MINUTE));
        assertThat(store.timeSinceHeartbeat("west")).isEmpty();
    }

    @Test
    void countsAForgedHeartbeatAsNone() {
        store.heartbeat("east");
        objects.write(BEAT, "{\"site\":\"east\"}".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        assertThat(store.timeSinceHeartbeat("east")).isEmpty();
    }

    /** A new object with an old heartbeat is young for the store. */
    @Test
    void anOldHeartbeatThatIsWrittenAgainIsNotANewOne() {
        AtomicLong nanos = new AtomicLong();
        LeaseMemory memory = new LeaseMemory(LeaseCounter.NONE, nanos::get);
        store = new LeaseStore(objects, new DirectCalls(), "shop", "shop", memory);
        store.heartbeat("west");
        byte[] old = objects.read("breakwater/sites/west.json").orElseThrow().content();
        store.timeSinceHeartbeat("west");
        nanos.addAndGet(Duration.ofHours(1).toNanos());

        objects.write("breakwater/sites/west.json", old, Precondition.NONE);

        assertThat(store.timeSinceHeartbeat("west").orElseThrow()).isGreaterThanOrEqualTo(Duration.ofHours(1));
    }
}
