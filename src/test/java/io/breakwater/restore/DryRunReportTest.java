package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.resource.apply.ApplyReport.Line;
import io.breakwater.resource.apply.ApplyReport.Verb;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DryRunReportTest {
    @Test
    void listsRefusalsFirst() {
        assertThat(DryRunReport.text(List.of(
                        new Line(Verb.leave, "configmaps shop/c", ""),
                        new Line(Verb.create, "configmaps shop/b", ""),
                        new Line(Verb.create, "configmaps shop/a", ""),
                        new Line(Verb.refuse, "secrets shop/s", "two\nlines"))))
                .isEqualTo("""
                    refuse   secrets shop/s: two lines
                    create   configmaps shop/a
                    create   configmaps shop/b
                    leave    configmaps shop/c
                    """);
    }

    @Test
    void truncatesReportsToTheSizeOfAConfigMap() {
        List<Line> many = IntStream.range(0, 40_000)
                .mapToObj(i -> new Line(Verb.create, "configmaps shop/" + i, "x".repeat(i == 0 ? 100_000 : 10)))
                .toList();
        String text = DryRunReport.text(many);
        assertThat(text.length()).isLessThan(1_000_000);
        long lines = text.lines().count();
        assertThat(text).endsWith("… and " + (40_000 - lines + 1) + " more\n");
    }
}
