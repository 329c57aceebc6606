package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.StoreLayout;
import io.breakwater.testing.RandomCases;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No two points share a directory, an archive, a mark or a text. */
class PointKeyTest {
    private static final List<String> WORDS = List.of("a", "b", "a-b", "b-a", "a-b-a", "a--b", "1-2", "x".repeat(60));

    private record Identity(PointKey key, String uid) {}

    @Test
    void givesEqualPlacesToEqualIdentitiesOnly() {
        Map<String, Object> seen = new HashMap<>();
        RandomCases.of(20_000, 13).seeds().forEach(seed -> {
            Random random = new Random(seed);
            Identity drawn = new Identity(key(random), uid(random));
            PointKey key = drawn.key();
            for (String place : List.of(
                    key.directory(), key.sealKey(), key.path(), StoreLayout.inProgress(key.source(), key.point()))) {
                unique(seen, place, key);
            }
            for (Function<String, String> place : List.<Function<String, String>>of(
                    key::archivePrefix, key::archiveKey, key::backupName, key::veleroPrefix)) {
                unique(seen, place.apply(drawn.uid()), drawn);
            }
            unique(seen, new String(key.source().bytes(key.point()), StandardCharsets.UTF_8), key);
        });
        assertThat(seen).hasSizeGreaterThan(10_000);
    }

    @Test
    void sharesTheNamespaceOfTheKeyBefore() {
        PointKey first = PointKey.ofStore(new CapturedNamespace("east", "shop", "c", "u"), "p1");
        PointKey second = PointKey.ofStore(new CapturedNamespace("east", "shop", "c", "u"), "p2");
        PointKey other = PointKey.ofStore(new CapturedNamespace("east", "bank", "c", "u"), "p2");

        assertThat(second.sharing(first)).isEqualTo(second);
        assertThat(second.sharing(first).source()).isSameAs(first.source());
        assertThat(other.sharing(first)).isSameAs(other);
        assertThat(first.sharing(null)).isSameAs(first);
    }

    @Test
    void readsBackWhatItWrites() {
        RandomCases.of(2_000, 14).seeds().forEach(seed -> {
            PointKey key = key(new Random(seed));
            assertThat(PointKey.find(key.path())).contains(key);
            assertThat(PointKey.ofSeal(new ObjectInfo(key.sealKey(), 1, "e", Instant.EPOCH)))
                    .contains(key);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "west/shop/c/u",
                "west/shop/c/u/p/more",
                "west/shop/c/u/..",
                "west/shop/c/u/P",
                "../shop/c/u/p",
                "west/./c/u/p",
                "west//c/u/p",
                "west/shop/c/u/",
                "west/shop/c/u/a%2fb"
            })
    void readsNoPathThatIsNotOne(String path) {
        assertThat(PointKey.find(path)).isEmpty();
    }

    private static void unique(Map<String, Object> seen, String place, Object identity) {
        Object other = seen.put(place, identity);
        assertThat(other == null || other.equals(identity))
                .as("%s and %s have the place %s", other, identity, place)
                .isTrue();
    }

    /** Parts that read alike when they are joined, with dots and dashes where Kubernetes permits them. */
    private static PointKey key(Random random) {
        String point = word(random) + (random.nextBoolean() ? "." + word(random) : "");
        return new PointKey(
                new CapturedNamespace(word(random), word(random), uid(random), uid(random)),
                random.nextInt(4) == 0 ? point + "-" + uid(random) : point);
    }

    private static String word(Random random) {
        return WORDS.get(random.nextInt(WORDS.size()));
    }

    private static String uid(Random random) {
        return new UUID(random.nextInt(3), random.nextInt(3)).toString();
    }
}
