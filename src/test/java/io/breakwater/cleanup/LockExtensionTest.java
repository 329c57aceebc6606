package io.breakwater.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rounds of lock extension over a directory; its locks are in a map. */
class LockExtensionTest {
    private static final Duration PERIOD = Duration.ofDays(40);
    private static final Instant START = Instant.parse("2026-06-01T00:00:00Z");
    private static final String REPOSITORY = TestRegister.of("east", "shop").prefix();
    private static final String ARCHIVE = "velero/backups/east-shop-p/east-shop-p.tar.gz";

    @TempDir
    Path directory;

    /** Until when each key is locked. */
    private final Map<String, Instant> locks = new ConcurrentHashMap<>();

    private final AtomicInteger calls = new AtomicInteger();
    private int survive = Integer.MAX_VALUE;
    private Instant now = START;
    private Duration period = PERIOD;
    private ObjectStore store;

    @BeforeEach
    void fill() throws Exception {
        ObjectStore disk = TestStores.filesystem(directory);
        store = (ObjectStore) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("relock")) {
                        return relock((String) arguments[0], (Duration) arguments[1]);
                    }
                    try {
                        return method.invoke(disk, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        captured("east", "shop", "p");
    }

    @Test
    void locksOnlyObjectsThatPointsNeed() {
        for (String key : new String[] {
            REPOSITORY + "locks/ab",
            REPOSITORY + "data/ab/dead",
            "breakwater/sites/east.json",
            "velero/backups/east-shop-other/east-shop-other.tar.gz"
        }) {
            write(key);
        }
        TestRegister.visible(store, "east", "shop").delete(REPOSITORY + "data/ab/dead");

        run("east");

        assertThat(locks.keySet())
                .containsExactlyInAnyOrder(
                        REPOSITORY + "repository.json",
                        StoreLayout.owner(TestRegister.namespace("east", "shop")),
                        REPOSITORY + "config",
                        REPOSITORY + "keys/k",
                        REPOSITORY + "snapshots/s",
                        REPOSITORY + "index/i",
                        REPOSITORY + "data/ab/abcd",
                        PointKeys.of("east", "shop", "p").sealKey(),
                        ARCHIVE);
    }

    @Test
    void maintainsLocksOfAtLeastHalfThePeriod() {
        run("east");
        for (int hour = 0; hour < 24 * 200; hour += 7) {
            now = START.plus(Duration.ofHours(hour));
            // Also of what is written between two rounds, and right before anybody looks.
            assertThat(locks.values())
                    .as("at hour %s", hour)
                    .allMatch(until -> !until.isBefore(now.plus(PERIOD.dividedBy(2))));
            if (hour == 7 * 50) {
                captured("east", "later", "q");
                locks.put("velero/backups/east-later-q/east-later-q.tar.gz", now.plus(PERIOD));
            }
            run("east");
        }
        assertThat(calls.get()).as("calls for 18 objects in 686 hours").isLessThan(18 * 25);
    }

    @Test
    void resumesAKilledRoundWhereItStopped() {
        captured("east", "zoo", "z");
        survive = 11;
        assertThatThrownBy(() -> run("east")).isInstanceOf(BreakwaterException.class);
        int before = calls.get();
        survive = Integer.MAX_VALUE;
        now = now.plusSeconds(600);

        run("east");

        assertThat(calls.get() - before).as("those of the second namespace").isEqualTo(9);
        assertThat(locks).hasSize(18);
    }

    @Test
    void appliesALongerPeriodImmediatelyAndIgnoresAShorterOne() {
        run("east");
        now = now.plusSeconds(60);
        period = PERIOD.multipliedBy(2);
        run("east");
        assertThat(locks.values()).allMatch(until -> until.equals(now.plus(period)));

        Map<String, Instant> before = Map.copyOf(locks);
        period = Duration.ofDays(1);
        now = now.plus(Duration.ofDays(1));
        run("east");
        assertThat(locks).isEqualTo(before);
    }

    @Test
    void extendsTheLocksOfALostSite() {
        run("east");
        now = START.plus(PERIOD.dividedBy(4)).plusSeconds(60);
        assertThat(run("west").extended()).as("east is not late yet").isZero();

        now = START.plus(PERIOD.multipliedBy(3).dividedBy(8)).plusSeconds(60);
        assertThat(run("west").extended()).isEqualTo(9);
        assertThat(locks.values()).allMatch(until -> until.equals(now.plus(PERIOD)));
    }

    @Test
    void reportsTheTimeOfTheOldestLockCheck() {
        assertThat(run("east").oldest()).contains(START);
        now = START.plusSeconds(3600);
        assertThat(run("east").oldest()).as("the completed round").contains(START);
        assertThat(run("west").oldest()).contains(START);
    }

    @Test
    void startsARoundAgainWhenItsProgressIsTooLarge() {
        run("east");
        store.write(StoreLayout.lockRound("east"), new byte[ObjectStore.MAX_DOCUMENT + 1], Precondition.NONE);
        now = now.plusSeconds(60);

        assertThat(run("east").objects()).isEqualTo(9);
        assertThat(run("east").objects()).as("the round is complete").isZero();
    }

    private boolean relock(String key, Duration least) {
        if (calls.incrementAndGet() > survive) {
            throw BreakwaterException.retryable(Reason.StoreUnavailable, "killed");
        }
        Instant until = locks.getOrDefault(key, Instant.MIN);
        if (until.isAfter(now.plus(least))) {
            return false;
        }
        locks.put(key, now.plus(period));
        return true;
    }

    private LockExtension.Result run(String site) {
        return new LockExtension(store, LockExtensionTest::needs, site, period, now).run();
    }

    private static LockExtension.Needs needs(PointKey key) {
        String backup = key.toString().replace('/', '-');
        return new LockExtension.Needs(
                List.of("velero/backups/" + backup + "/" + backup + ".tar.gz"),
                Optional.of(TestRegister.of(key).id()));
    }

    private void captured(String site, String namespace, String point) {
        PointKey key = PointKeys.of(site, namespace, point);
        for (String name :
                new String[] {"repository.json", "config", "keys/k", "snapshots/s", "index/i", "data/ab/abcd"}) {
            write(TestRegister.of(key).prefix() + name);
        }
        write(StoreLayout.owner(key.source()));
        write(key.sealKey());
        write("velero/backups/" + site + "-" + namespace + "-" + point + "/" + site + "-" + namespace + "-" + point
                + ".tar.gz");
    }

    private void write(String key) {
        store.write(key, new byte[] {1}, Precondition.NONE);
        try {
            Files.setLastModifiedTime(directory.resolve(key), FileTime.from(START));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
