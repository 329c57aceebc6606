package io.breakwater.rotation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.rotation.CrashingStore.Killed;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.TestSigner;
import io.breakwater.testing.RandomCases;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Two sites that share a location rotate from one master key to the next, in any order and with any process killed. */
class RotationTest {
    private static final byte[] FIRST = key(1);
    private static final byte[] SECOND = key(2);
    private static final byte[] THIRD = key(3);
    private static final int MANY = 400;
    private static final String LEASE = "breakwater/plans/shop/shop/lease.json";

    private final MemoryStore disk = new MemoryStore();
    private Random random = new Random(7);
    private int untilKilled = Integer.MAX_VALUE;
    private SiteFixture east;
    private SiteFixture west;
    private final List<PointKey> points = new ArrayList<>();
    private final List<OwnedRepository> repositories = new ArrayList<>();

    @BeforeEach
    void start() {
        east = new SiteFixture("east", disk, random, () -> --untilKilled == 0);
        west = new SiteFixture("west", disk, random, () -> --untilKilled == 0);
        both(FIRST);
        both(s -> {
            s.probe();
            capture(s);
            makeRepository(s, true);
            s.rotate();
        });
    }

    @Test
    void changesNothingWithASingleKey() {
        RotationResult result = east.rotate();

        assertThat(result.writing()).isEqualTo(id(FIRST));
        assertThat(result.rotated().holds()).isTrue();
        assertThat(result.readable().holds()).isTrue();
        assertThat(result.busy()).isFalse();
    }

    @Test
    void waitsForAndNamesSitesWithoutTheNewKey() {
        east.give(SECOND, FIRST);
        east.probe();
        for (int i = 0; i < 5; i++) {
            RotationResult result = east.rotate();
            capture(east);
            makeRepository(east, true);

            assertThat(result.writing()).isEqualTo(id(FIRST));
            assertThat(result.rotated().reason()).isEqualTo(Reason.KeyMismatch);
            assertThat(result.rotated().message()).contains("west (" + id(FIRST) + ")", "copy the Secret to them");
            assertEverySiteReadsAll();
        }
        west.give(SECOND, FIRST);
        west.probe();

        assertThat(east.rotate().writing()).isEqualTo(id(SECOND));
    }

    @Test
    void reportsUsesOfTheOldKeyUntilItIsUnused() {
        both(SECOND, FIRST);
        both(SiteFixture::probe);

        RotationResult first = east.rotate();
        assertThat(first.switched()).isTrue();
        assertThat(used(first, FIRST).repositories).isPositive();
        RotationResult last = untilRotated(east);
        untilRotated(west);
        last = east.rotate();

        assertThat(last.rotated().message()).contains("these keys can be removed from it: " + id(FIRST));
        assertThat(used(last, FIRST).points).isZero();
        assertThat(used(last, FIRST).repositories).isZero();
        assertThat(used(last, SECOND).points).isEqualTo(points.size());
        assertThat(east.movers.added + west.movers.added)
                .as("each repository gets the new password once")
                .isEqualTo(repositories.size());
    }

    @Test
    void namesAPrematurelyRemovedKeyUntilItReturns() {
        both(SECOND, FIRST);
        both(SiteFixture::probe);
        byte[] signed = east.store().documents().signWith(id(SECOND), "breakwater/location.json", 9, switched());
        east.store().write("breakwater/location.json", signed, Precondition.NONE);
        both(SECOND);
        both(SiteFixture::probe);

        RotationResult result = east.rotate();

        assertThat(result.readable().holds()).isFalse();
        assertThat(result.readable().reason()).isEqualTo(Reason.KeyMismatch);
        assertThat(result.readable().message())
                .contains("masterKey." + id(FIRST), "east/shop/p0", "west/shop/p1", "repositories ", "east/ns0");
        assertThat(result.unread())
                .as("points and repositories; the process still verifies records and owner entries with the key")
                .isEqualTo(points.size() + repositories.size());
        assertThat(result.rotated().holds()).isFalse();
        assertThat(east.movers.added)
                .as("passwords added without an available key")
                .isZero();

        both(SECOND, FIRST);
        untilRotated(east);
        untilRotated(west);
        both(SECOND);
        assertEverySiteReadsAll();
        assertThat(east.rotate().readable().holds()).isTrue();
    }

    @Test
    void refusesToRotateWithoutTheKeyInUse() {
        both(SECOND);

        assertThatThrownBy(east::rotate)
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KeyMismatch))
                .hasMessageContaining("masterKey." + id(FIRST));
    }

    @Test
    void rotatesRepositoriesOfOlderVersions() {
        makeRepository(east, false);
        both(SECOND, FIRST);
        both(SiteFixture::probe);
        untilRotated(east);
        untilRotated(west);
        both(SECOND);

        assertEverySiteReadsAll();
    }

    @Test
    void signsDocumentsThatOutliveAKey() {
        List<String> keys = List.of(
                LEASE,
                "breakwater/keyrings/north.json",
                "breakwater/readers/" + "ab".repeat(16) + "/r.json",
                "breakwater/immutability/north.json");
        keys.forEach(key -> write(key, lease("Retired")));
        both(SECOND, FIRST);
        both(SiteFixture::probe);
        untilRotated(east);
        untilRotated(west);
        both(SECOND);

        assertThat(keys).allSatisfy(key -> {
            SignedDocument document = east.store().readSigned(key, 4096).orElseThrow();
            assertThat(document.keyId()).isEqualTo(id(SECOND));
            assertThat(document.counter()).isEqualTo(7);
        });
        assertThat(new String(east.store().readSigned(LEASE, 4096).orElseThrow().payload(), UTF_8))
                .isEqualTo(lease("Retired"));
        assertThat(new String(
                        east.store().readSigned(keys.get(2), 4096).orElseThrow().payload(), UTF_8))
                .as("when the reader started")
                .contains("\"since\":\"");
    }

    /** The age of a lease that a site renews decides when the other site may take it, so no other process writes it again. */
    @Test
    void waitsForTheHolderOfALease() {
        write(LEASE, lease("Held"));
        Instant renewed = modified();
        both(SECOND, FIRST);
        both(SiteFixture::probe);
        for (int i = 0; i < 10; i++) {
            both(SiteFixture::rotate);
        }

        RotationResult result = east.rotate();
        assertThat(result.rotated().holds()).isFalse();
        assertThat(result.rotated().message()).contains(id(FIRST) + " for documents " + LEASE);
        assertThat(modified()).isEqualTo(renewed);

        both(SECOND);
        assertThat(east.rotate().readable().message()).contains("documents " + LEASE);
        both(SECOND, FIRST);
        write(LEASE, lease("Held"));
        untilRotated(east);
    }

    @Test
    void ignoresDocumentsThatNoKeyOfTheLocationSigned() {
        disk.write(LEASE, TestSigner.SIGNER.sign(LEASE, 7, lease("Retired").getBytes(UTF_8)), Precondition.NONE);
        both(SECOND, FIRST);
        both(SiteFixture::probe);

        untilRotated(east);

        assertThat(DocumentSigner.statedKey(disk.read(LEASE, 4096).orElseThrow().content()))
                .isNotEqualTo(Optional.of(id(SECOND)));
    }

    private Instant modified() {
        return disk.head(LEASE).orElseThrow().info().lastModified();
    }

    private void write(String key, String payload) {
        east.store().writeSigned(key, 7, payload.getBytes(UTF_8), Precondition.NONE);
    }

    private static String lease(String state) {
        return "{\"schemaVersion\":1,\"epoch\":1,\"holder\":\"east\",\"state\":\"" + state
                + "\",\"fence\":\"Initial\",\"durationSeconds\":60,\"writes\":7}";
    }

    @Test
    void rotatesTheRepositoriesOfALostSite() {
        both(SECOND, FIRST);
        both(SiteFixture::probe);
        east.store().delete("breakwater/sites/west.json");

        untilRotated(east);

        assertThat(east.movers.added).isEqualTo(repositories.size());
        both(SECOND);
        assertEverySiteReadsAll();
    }

    @Test
    void revertsARotation() {
        both(SECOND, FIRST);
        both(SiteFixture::probe);
        east.rotate();
        both(FIRST, SECOND);
        both(SiteFixture::probe);
        untilRotated(east);
        untilRotated(west);
        both(FIRST);

        assertEverySiteReadsAll();
        assertThat(east.rotate().writing()).isEqualTo(id(FIRST));
    }

    static LongStream seeds() {
        return RandomCases.of(3, 1).seeds();
    }

    /**
     * Two rotations with captures and new repositories in between. Each site changes its Secret at another time, and processes
     * are killed at any change of the store. At every moment each site that has the Secret reads all data.
     */
    @Tag("slow")
    @Tag("random")
    @ParameterizedTest
    @MethodSource("seeds")
    void preservesAccessInAnyOrderDespiteKills(long seed) {
        random.setSeed(seed);
        rotateAmidTurmoil(new byte[][] {FIRST}, new byte[][] {SECOND, FIRST}, new byte[][] {SECOND});
        boolean directly = random.nextBoolean();
        rotateAmidTurmoil(
                new byte[][] {SECOND},
                directly ? new byte[][] {THIRD, SECOND} : new byte[][] {THIRD, FIRST, SECOND},
                new byte[][] {THIRD});

        for (int i = 0; i < 4; i++) {
            both(SiteFixture::probe);
            both(SiteFixture::rotate);
        }
        assertThat(LocationDocument.read(east.store()).orElseThrow().keys())
                .as("seed %d", seed)
                .containsExactly(id(THIRD));
    }

    private void rotateAmidTurmoil(byte[][] from, byte[][] ring, byte[][] to) {
        List<SiteFixture> waiting = new ArrayList<>(List.of(east, west));
        for (int i = 0; i < MANY; i++) {
            if (!waiting.isEmpty() && random.nextInt(12) == 0) {
                waiting.remove(random.nextInt(waiting.size())).give(ring);
            }
            SiteFixture site = random.nextBoolean() ? east : west;
            RotationResult result = turmoil(site, i < MANY / 2);
            assertEverySiteReadsAll();
            if (i >= MANY / 2
                    && waiting.isEmpty()
                    && result != null
                    && result.rotated().holds()
                    && result.writing().equals(id(ring[0]))) {
                untilRotated(east);
                untilRotated(west);
                both(to);
                assertEverySiteReadsAll();
                return;
            }
        }
        throw new AssertionError("not rotated from " + id(from[0]) + " after " + MANY + " steps: "
                + east.rotate().rotated() + west.rotate().rotated());
    }

    /** One step of a site; the result of a pass that was not killed, else null. */
    private RotationResult turmoil(SiteFixture site, boolean deadly) {
        untilKilled = deadly && random.nextInt(3) == 0 ? 1 + random.nextInt(25) : Integer.MAX_VALUE;
        try {
            switch (random.nextInt(deadly ? 6 : 4)) {
                case 0, 1 -> site.probe();
                case 4 -> capture(site);
                case 5 -> makeRepository(site, random.nextInt(4) > 0);
                default -> {
                    return site.rotate();
                }
            }
        } catch (Killed e) {
            // the next process continues
        } finally {
            untilKilled = Integer.MAX_VALUE;
        }
        return null;
    }

    private void assertEverySiteReadsAll() {
        for (SiteFixture site : List.of(east, west)) {
            for (PointKey key : points) {
                assertThat(site.catalog.find(site.location(), key))
                        .as("%s reads %s", site.name, key)
                        .isPresent();
            }
            PointKey oldest = points.getFirst();
            assertThat(site.restored(oldest))
                    .as("%s decrypts the archive of %s", site.name, oldest)
                    .isEqualTo(SiteFixture.objects(oldest));
            for (OwnedRepository r : repositories) {
                assertThat(FakeMovers.opens(
                                site.store(),
                                site.ring(),
                                r.source().site(),
                                r.source().name()))
                        .as("%s opens repository %s", site.name, r)
                        .isTrue();
            }
        }
    }

    private RotationResult untilRotated(SiteFixture site) {
        RotationResult result = site.rotate();
        for (int i = 0; i < 100 && !result.rotated().holds(); i++) {
            (site == east ? west : east).rotate();
            result = site.rotate();
        }
        assertThat(result.rotated().holds()).as(result.rotated().message()).isTrue();
        return result;
    }

    /** What a process writes that switches the key of the location and is killed then. */
    /** The document of a location whose current key is the second one. */
    static byte[] switched() {
        return FakeMovers.bytes("{\"schemaVersion\":1,\"keyId\":\"%s\",\"keys\":[\"%s\",\"%s\"]}"
                .formatted(id(SECOND), id(FIRST), id(SECOND)));
    }

    private static BackupLocationStatus.Key used(RotationResult result, byte[] key) {
        return result.keys().stream()
                .filter(k -> k.id.equals(id(key)))
                .findFirst()
                .orElseThrow();
    }

    private void capture(SiteFixture site) {
        PointKey key = PointKeys.of(site.name, "shop", "p" + points.size());
        points.add(key);
        try {
            site.capture(key.point());
        } catch (Killed e) {
            if (site.store().head(key.sealKey()).isEmpty()) {
                points.remove(key);
            }
            throw e;
        }
    }

    private void makeRepository(SiteFixture site, boolean marked) {
        OwnedRepository repository = TestRegister.of(site.name, "ns" + repositories.size());
        try {
            site.makeRepository(repository.source().name(), marked);
            repositories.add(repository);
        } catch (Killed e) {
            if (site.store().directories(repository.prefix()).isEmpty()) {
                throw e;
            }
            repositories.add(repository);
            throw e;
        }
    }

    private void both(byte[]... keys) {
        east.give(keys);
        west.give(keys);
    }

    private void both(java.util.function.Consumer<SiteFixture> what) {
        what.accept(east);
        what.accept(west);
    }

    static String id(byte[] key) {
        return TestKeys.id(key);
    }

    static byte[] key(int n) {
        byte[] key = new byte[32];
        key[0] = (byte) n;
        return key;
    }
}
