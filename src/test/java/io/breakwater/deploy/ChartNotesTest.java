package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ChartNotesTest {
    private static final Path NOTES = Path.of("deploy/helm/breakwater/templates/NOTES.txt");
    private static final Pattern HERE_DOCUMENT = Pattern.compile("<<EOF\n(.*?\n)EOF\n", Pattern.DOTALL);

    @Test
    void quickstartCommandCanBePasted() throws IOException {
        Matcher document = HERE_DOCUMENT.matcher(Files.readString(NOTES));
        assertThat(document.find())
                .as("a here-document ends with EOF at the start of a line")
                .isTrue();
        try (MappingIterator<JsonNode> objects =
                CrdFiles.YAML.readerFor(JsonNode.class).readValues(document.group(1))) {
            List<JsonNode> all = objects.readAll();
            assertThat(all).extracting(o -> o.path("kind").asText()).containsExactly("BackupPolicy", "RestorePoint");
            assertThat(all.getFirst().at("/spec/volumes/method").asText())
                    .as("clusters for a first trial often have no CSI snapshots")
                    .isEqualTo("LiveCopy");
        }
    }
}
