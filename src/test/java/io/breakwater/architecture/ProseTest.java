package io.breakwater.architecture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Words that messages, descriptions, comments and pages do without; docs/writing.md says what to write instead. */
class ProseTest {
    /** Each word with what to write instead. */
    private static final Map<String, String> WORDS = new LinkedHashMap<>();

    static {
        WORDS.put("tell|tells|told|telling", "report");
        WORDS.put("anew", "again");
        WORDS.put("besides?", "next to, in addition to");
        WORDS.put("at hand", "available");
        WORDS.put("in vain", "without success");
        WORDS.put("begun", "started");
        WORDS.put("com(?:e|es|ing) to (?:an|its|no) end|came to (?:an|its|no) end", "finish");
        WORDS.put("go(?:es|ing)? on|went on", "continue");
        WORDS.put("lets? go|letting go", "release");
        WORDS.put("h[eo]ld back|holds back", "hold");
        WORDS.put("in the way", "conflicts");
        WORDS.put("left out|leaves? out", "skip, exclude");
        WORDS.put("all the same", "anyway");
        WORDS.put("out of sight", "hidden");
        WORDS.put("stands? by", "is on standby");
        WORDS.put("what lies|lies? (?:here|there|in)", "the objects in");
        WORDS.put("nobody|somebody|whoever", "the object, the cause, or a passive");
        WORDS.put("we|us|ours?", "Breakwater, or a passive");
        WORDS.put("bring|brings|brought", "restore, copy");
        WORDS.put("is no valid", "is not a valid");
    }

    private static final Pattern AVOIDED = Pattern.compile(
            "(?<![/\\w-])(?:" + String.join("|", WORDS.keySet()) + ")(?![/\\w-])", Pattern.CASE_INSENSITIVE);

    /** Strings, character literals and comments of Java, the longest first. */
    private static final Pattern TOKENS = Pattern.compile(
            "\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\])+'|//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);

    /** A step of restores: journals hold its name, so it stays. */
    private static final String STEP = "\"Bring\"";

    private static final Path SOURCES = Path.of("src/main/java");

    @Test
    void messagesAndDescriptionsAreInPlainWords() {
        assertThat(inJava('"')).as("words to avoid in string literals").isEmpty();
    }

    @Test
    void commentsAreInPlainWords() {
        assertThat(inJava('/')).as("words to avoid in comments").isEmpty();
    }

    @Test
    void pagesAndManifestsAreInPlainWords() {
        List<String> found = Stream.of(
                        "docs", "deploy", "examples", "images", "bench", "README.md", "CONTRIBUTING.md", "SECURITY.md")
                .flatMap(name -> files(Path.of(name)))
                .filter(file -> !file.endsWith("writing.md")) // it lists them
                .flatMap(file -> avoided(file, text(file)).stream())
                .toList();
        assertThat(found).as("words to avoid in pages and manifests").isEmpty();
    }

    @Test
    void findsWordsInLiteralsAndNotInNamesOrKeys() {
        String source =
                "class A { /** told */ String tells = \"a/begun/b\" + \"it was told \\\"anew\\\"\"; char c = '\"'; }";
        assertThat(avoidedInJava(Path.of("A.java"), source, '"')).hasSize(2);
        assertThat(avoidedInJava(Path.of("A.java"), source, '/')).hasSize(1);
    }

    private static List<String> inJava(char kind) {
        return files(SOURCES)
                .filter(file -> file.toString().endsWith(".java"))
                .flatMap(file -> avoidedInJava(file, text(file), kind).stream())
                .toList();
    }

    private static List<String> avoidedInJava(Path file, String source, char kind) {
        StringBuilder kept = new StringBuilder(source.replaceAll("[^\n]", " "));
        for (MatchResult token : TOKENS.matcher(source).results().toList()) {
            if (source.charAt(token.start()) == kind && !token.group().equals(STEP)) {
                kept.replace(token.start(), token.end(), token.group());
            }
        }
        return avoided(file, kept.toString());
    }

    private static List<String> avoided(Path file, String text) {
        List<String> found = new ArrayList<>();
        String[] lines = text.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            for (MatchResult word : AVOIDED.matcher(lines[i]).results().toList()) {
                found.add(file + ":" + (i + 1) + ": " + word.group());
            }
        }
        return found;
    }

    private static Stream<Path> files(Path root) {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
