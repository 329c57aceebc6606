package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The documentation describes every reason with the words of its Javadoc. */
class ReasonTest {
    private static final Pattern ROW = Pattern.compile("^\\| `(\\w+)` \\| (\\S.*) \\| \\S.* \\|$", Pattern.MULTILINE);
    private static final Pattern CONSTANT = Pattern.compile("/\\*\\*\\s+(?:\\* )?([^/]+?)\\s+\\*/\\s+(\\w+)[,\\s]");

    @Test
    void listsEveryReasonInTheDocs() throws IOException {
        assertThat(documented().keySet())
                .containsExactlyElementsOf(
                        Arrays.stream(Reason.values()).map(Enum::name).toList());
    }

    @Test
    void startsEveryTextInTheDocsWithTheJavadoc() throws IOException {
        Map<String, String> documented = documented();
        List<MatchResult> constants = CONSTANT.matcher(
                        Files.readString(Path.of("src/main/java/io/breakwater/api/Reason.java")))
                .results()
                .toList();
        assertThat(constants).hasSameSizeAs(Reason.values());
        for (MatchResult constant : constants) {
            assertThat(documented.get(constant.group(2)))
                    .as(constant.group(2))
                    .startsWith(constant.group(1).replaceAll("\\s+\\*?\\s*", " "));
        }
    }

    /** Texts by reason, in the order of the page. */
    private static Map<String, String> documented() throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        ROW.matcher(Files.readString(Path.of("docs/reference/reasons.md")))
                .results()
                .forEach(row -> texts.put(row.group(1), row.group(2)));
        return texts;
    }
}
