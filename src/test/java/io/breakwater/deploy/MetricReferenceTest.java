package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.observe.MeterName;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MetricReferenceTest {
    private static final GeneratedText PAGE =
            new GeneratedText(Path.of("docs/reference/metrics.md"), "MetricReferenceTest", "metrics.write");

    private static final Pattern FIELD = Pattern.compile("\\bspec(\\.\\w+(\\[])?)+");

    @Test
    void listsEveryMetric() throws IOException {
        StringBuilder table = new StringBuilder("| metric | type | labels | meaning |\n|---|---|---|---|\n");
        for (MeterName name : MeterName.values()) {
            table.append("| `%s` | %s | %s | %s |\n"
                    .formatted(
                            name.exported(),
                            name.kind().name().toLowerCase(Locale.ROOT),
                            String.join(", ", name.labels()),
                            FIELD.matcher(GeneratedText.cell(name.description()))
                                    .replaceAll(field -> "`" + field.group() + "`")));
        }
        PAGE.checkPart(table.toString());
    }

    @Test
    void describesMetricsInOneLineWithoutFullStop() {
        assertThat(MeterName.values())
                .extracting(MeterName::description)
                .allMatch(text -> text.matches("[A-Z1].*[^.]"))
                .doesNotHaveDuplicates();
    }
}
