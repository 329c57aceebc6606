package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A reason that users can see is a reason that they can look up. */
class ReasonTest {
    private static final Pattern ROW = Pattern.compile("^\\| `(\\w+)` \\| \\S.* \\| \\S.* \\|$");

    @Test
    void listsEveryReasonInTheDocs() throws IOException {
        List<String> documented = Files.readAllLines(Path.of("docs/reference/reasons.md")).stream()
                .map(ROW::matcher)
                .filter(java.util.regex.Matcher::matches)
                .map(m -> m.group(1))
                .toList();

        assertThat(documented)
                .containsExactlyElementsOf(
                        Arrays.stream(Reason.values()).map(Enum::name).toList());
    }
}
