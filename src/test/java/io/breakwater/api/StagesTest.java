package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Stages.Pair;
import io.breakwater.testing.RandomCases;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Stages of dependencies. */
class StagesTest {
    @Test
    void createsAStageForEachLinkOfAChain() throws Stages.Cycle {
        Stages<String> stages = Stages.of(List.of(
                new Pair<>(Set.of("api"), Set.of("web")), new Pair<>(Set.of("db", "cache"), Set.of("api", "jobs"))));
        assertThat(stages.later()).isEqualTo(Map.of("api", 1, "jobs", 1, "web", 2));
        assertThat(stages.stage("db")).isZero();
        assertThat(stages.stageOfPair(0)).isEqualTo(2);
    }

    @Test
    void putsItemsOnBothSidesFirst() throws Stages.Cycle {
        Stages<String> stages = Stages.of(List.of(new Pair<>(Set.of("db"), Set.of("db", "web"))));
        assertThat(stages.later()).isEqualTo(Map.of("web", 1));
    }

    @Test
    void namesEveryItemOfACycle() {
        List<Pair<String>> pairs = List.of(
                new Pair<>(Set.of("alone"), Set.of("last")),
                new Pair<>(Set.of("db"), Set.of("web")),
                new Pair<>(Set.of("web"), Set.of("db")));
        assertThatThrownBy(() -> Stages.of(pairs))
                .isInstanceOfSatisfying(
                        Stages.Cycle.class, c -> assertThat(c.pairs()).containsExactlyInAnyOrder(1, 2))
                .message()
                .isIn("db before web before db", "web before db before web");
    }

    static LongStream seeds() {
        return RandomCases.of(8, 1).seeds();
    }

    /** Pairs that fit one order of all things have stages, and each thing is in a later stage than those that it waits for. */
    @Tag("random")
    @ParameterizedTest
    @MethodSource("seeds")
    void ordersEveryItemAfterItsDependencies(long seed) throws Stages.Cycle {
        Random random = new Random(seed);
        for (int run = 0; run < 200; run++) {
            List<Pair<Integer>> pairs = new ArrayList<>();
            for (int i = random.nextInt(8); i > 0; i--) {
                int border = 1 + random.nextInt(9);
                pairs.add(new Pair<>(some(random, 0, border), some(random, border, 10)));
            }
            Stages<Integer> stages = Stages.of(pairs);
            for (Pair<Integer> pair : pairs) {
                for (int then : pair.then()) {
                    assertThat(pair.first())
                            .as("seed %s: %s", seed, pairs)
                            .allSatisfy(first -> assertThat(stages.stage(first)).isLessThan(stages.stage(then)));
                }
            }
            int last = stages.later().values().stream().max(Integer::compare).orElse(0);
            assertThat(stages.later().values())
                    .as("no stage is empty, seed %s: %s", seed, pairs)
                    .containsAll(IntStream.rangeClosed(1, last).boxed().toList());
        }
    }

    private static Set<Integer> some(Random random, int from, int to) {
        Set<Integer> some = new HashSet<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            some.add(from + random.nextInt(to - from));
        }
        return some;
    }
}
