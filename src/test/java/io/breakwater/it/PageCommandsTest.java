package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.breakwater.api.Restore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageCommandsTest {
    private static final Pattern MANIFEST = Pattern.compile("<<END\n(.*?)\nEND\n", Pattern.DOTALL);

    private static final Pattern COMMAND = Pattern.compile("\\$\\([^)]*\\)");

    /** Refuses fields that do not exist. */
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    private static final String PAGE = """
            ## Names

            ```sh
            site=east      # the name
            group="a b"
            ```

            ```
            rm -r not-a-command
            ```

            ## Install

            ```sh
            helm install x chart --wait \\
              --set site.name=$site --set other="${group}"
            ```

            ```sh
            echo $site
            ```
            """;

    @TempDir
    Path directory;

    @Test
    void readsTheBlocksOfAPageWithOtherValues() throws Exception {
        List<PageCommands.Block> blocks = page(Map.of("site", "south"));

        assertThat(blocks).extracting(PageCommands.Block::section).containsExactly("Names", "Install", "Install");
        assertThat(blocks.get(0).script()).isEqualTo("site=\"south\"\ngroup=\"a b\"\n");
        assertThat(blocks.get(0).installation()).isEmpty();
        assertThat(blocks.get(1).installation()).contains(List.of("site.name=south", "other=a b"));
        assertThat(blocks.get(2).script()).isEqualTo("site='south'\ngroup='a b'\necho $site\n");
    }

    @Test
    void refusesValuesForVariablesThatThePageLacks() {
        assertThatThrownBy(() -> page(Map.of("sight", "south")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sight");
    }

    /** A shell accepts every block, and the manifests in them have only fields that exist. */
    @Test
    void thePageAboutARecoveryHasValidCommands() throws Exception {
        List<PageCommands.Block> blocks = RecoveryFixture.page(Map.of()).blocks();
        assertThat(blocks).hasSizeGreaterThan(6);
        assertThat(blocks.stream().flatMap(b -> b.installation().stream()))
                .containsExactly(List.of(
                        "site.name=east",
                        "site.succeeds=0f5c6b1e-2d0a-4a3e-9a57-4c1f0b7e9d21",
                        "site.lossAttested=true"));
        JsonNode chart =
                YAML.readTree(Path.of("deploy/helm/breakwater/values.yaml").toFile());
        assertThat(chart.at("/site/name").isTextual()).isTrue();
        assertThat(chart.at("/site/succeeds").isTextual()).isTrue();
        assertThat(chart.at("/site/lossAttested").isBoolean()).isTrue();
        for (PageCommands.Block block : blocks) {
            HostCommands.run("", List.of("sh", "-n", "-c", block.script()));
        }
        List<MatchResult> manifests = blocks.stream()
                .flatMap(b -> MANIFEST.matcher(b.text()).results())
                .toList();
        assertThat(manifests).hasSize(3).allSatisfy(manifest -> {
            String yaml = COMMAND.matcher(manifest.group(1)).replaceAll("p");
            assertThat(YAML.readValue(yaml, Restore.class).getSpec().restorePointRef.name)
                    .isEqualTo("p");
        });
    }

    private List<PageCommands.Block> page(Map<String, String> values) throws IOException {
        Path file = Files.writeString(directory.resolve("page.md"), PAGE);
        return PageCommands.read(file, values).blocks();
    }
}
