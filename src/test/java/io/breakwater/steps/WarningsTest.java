package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Warnings that do not fit into the status are counted. */
class WarningsTest {
    @Test
    void namesEachWarningOnce() {
        assertThat(Warnings.merged(null, List.of())).isNull();
        assertThat(Warnings.merged(List.of("a", "b"), List.of("b", "c"))).containsExactly("a", "b", "c");
        assertThat(Warnings.merged(null, numbered(0, 64))).hasSize(64).last().isEqualTo("w63");
    }

    @Test
    void countsTheWarningsAboveTheLimit() {
        List<String> first = Warnings.merged(null, numbered(0, 70));
        assertThat(first).hasSize(64).last().isEqualTo("and 7 more warnings");
        List<String> more = new ArrayList<>(numbered(0, 3));
        more.addAll(numbered(100, 105));
        assertThat(Warnings.merged(first, more)).hasSize(64).last().isEqualTo("and 12 more warnings");
        assertThat(Warnings.merged(List.of("a"), List.of("b", Warnings.further(5))))
                .containsExactly("a", "b", "and 5 more warnings");
    }

    @Test
    void summarizesWarningsForAMessage() {
        assertThat(Warnings.summary(null)).isEmpty();
        assertThat(Warnings.summary(List.of("a"))).isEqualTo("; 1 warning: a");
        assertThat(Warnings.summary(List.of("a", "and 7 more warnings")))
                .isEqualTo("; 8 warnings: a; and 7 more warnings");
        assertThat(Warnings.summary(List.of("x".repeat(5000)))).hasSizeLessThan(800);
    }

    private static List<String> numbered(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "w" + i).toList();
    }
}
