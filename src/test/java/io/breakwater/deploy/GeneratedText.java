package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Text in the repository that a test generates: a whole file, or a part of a file between two comments. The test compares, and
 * writes the text instead if its system property is set.
 *
 * @param file the file, relative to the root of the repository
 * @param test simple name of the test
 * @param property system property that makes the test write
 */
record GeneratedText(Path file, String test, String property) {
    private static final String END = "<!-- end of the generated part -->\n";

    /** The command that renews the text. */
    String command() {
        return "mvn test -Dtest=" + test + " -D" + property;
    }

    /** Compares the whole file. */
    void check(String content) throws IOException {
        if (System.getProperty(property) != null) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, content);
        }
        assertThat(Files.readString(file))
                .as("%s; renew it: %s", file, command())
                .isEqualTo(content);
    }

    /** Compares the part between the comments, and leaves the text around it as it is. */
    void checkPart(String content) throws IOException {
        String page = Files.readString(file);
        String begin = "<!-- generated: " + command() + " -->\n";
        assertThat(page).as("comments in %s", file).containsOnlyOnce(begin).containsOnlyOnce(END);
        check(page.substring(0, page.indexOf(begin)) + begin + content + page.substring(page.indexOf(END)));
    }

    /** Text for a cell of a table in Markdown: one line, in which nothing is markup but code. */
    static String cell(String text) {
        return text.replace("|", "\\|")
                .replace("<", "&lt;")
                .replace("*", "\\*")
                .replaceAll("\\s+", " ")
                .strip();
    }
}
