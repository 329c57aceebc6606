package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DecisionIndexTest {
    private static final Path DIRECTORY = Path.of("docs/decisions");
    private static final GeneratedText INDEX =
            new GeneratedText(DIRECTORY.resolve("README.md"), "DecisionIndexTest", "decisions.write");
    private static final Pattern HEAD = Pattern.compile(
            "# (\\d{4}): (\\p{Lu}[^\\n]*[^.\\n])\\n\\nStatus: ((?:Accepted|Superseded)[^\\n]*)\\n\\nDate: (\\d{4}-\\d\\d-\\d\\d)\\n\\n");

    @Test
    void listsEveryDecision() throws IOException {
        String rows = files().stream().map(DecisionIndexTest::row).collect(Collectors.joining());
        INDEX.checkPart("\n| number | decision | status | date |\n|---|---|---|---|\n" + rows + "\n");
    }

    @Test
    void usesTheNumberOfTheFile() throws IOException {
        assertThat(files())
                .isNotEmpty()
                .allSatisfy(file -> assertThat(file.getFileName().toString())
                        .startsWith(head(file).group(1) + "-"));
    }

    private static List<Path> files() throws IOException {
        try (var files = Files.list(DIRECTORY)) {
            return files.filter(f -> !f.equals(INDEX.file())).sorted().toList();
        }
    }

    private static String row(Path file) {
        MatchResult head = head(file);
        return "| [%s](%s) | %s | %s | %s |\n"
                .formatted(head.group(1), file.getFileName(), head.group(2), head.group(3), head.group(4));
    }

    private static MatchResult head(Path file) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var matcher = HEAD.matcher(text);
        assertThat(matcher.lookingAt())
                .as("%s starts with \"# NNNN: <verb phrase>\", a line Status and a line Date", file)
                .isTrue();
        return matcher.toMatchResult();
    }
}
