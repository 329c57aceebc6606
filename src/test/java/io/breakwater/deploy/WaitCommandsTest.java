package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Condition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The commands in pages and examples that wait for a RestorePoint, Restore or Verification. {@code kubectl wait} returns only when the
 * condition is true, so a wait for another condition than Finished does not return when the run fails.
 */
class WaitCommandsTest {
    private static final Pattern WAIT = Pattern.compile("kubectl[^`\\n]* wait [^`\\n]*--for=condition=(\\w+)");
    private static final Pattern BOUNDED =
            Pattern.compile("\\b(restorepoints?|rp|restores?|rst|verifications?|vf)(\\.breakwater\\.io)?[/ ]");
    private static final Pattern CREATES_RUN = Pattern.compile("#   kubectl (create|apply) .*-f examples/");
    private static final Pattern RUN_KIND = Pattern.compile("(?m)^kind: (RestorePoint|Restore|Verification)$");

    @Test
    void waitsForTheEndOfARun() throws IOException {
        List<String> found = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        for (Path file : files()) {
            Matcher wait = WAIT.matcher(Files.readString(file).replace("\\\n", " "));
            while (wait.find()) {
                if (BOUNDED.matcher(wait.group()).find()) {
                    (wait.group(1).equals(Condition.FINISHED) ? found : wrong).add(file + ": " + wait.group());
                }
            }
        }
        assertThat(wrong).as("waits that do not end when the run fails").isEmpty();
        assertThat(found).hasSizeGreaterThan(8);
    }

    @Test
    void showsTheWaitInExamplesThatCreateARun() throws IOException {
        try (Stream<Path> examples = Files.list(Path.of("examples"))) {
            for (Path example : examples.toList()) {
                String text = Files.readString(example);
                if (RUN_KIND.matcher(text).find() && CREATES_RUN.matcher(text).find()) {
                    assertThat(text).as("%s", example).contains("--for=condition=Finished");
                }
            }
        }
    }

    private static List<Path> files() throws IOException {
        List<Path> files =
                new ArrayList<>(List.of(Path.of("README.md"), Path.of("deploy/helm/breakwater/templates/NOTES.txt")));
        for (String directory : List.of("docs", "examples")) {
            try (Stream<Path> tree = Files.walk(Path.of(directory))) {
                tree.filter(Files::isRegularFile).forEach(files::add);
            }
        }
        return files;
    }
}
