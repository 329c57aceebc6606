package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class ChartReadmeTest {
    private static final Path CHART = Path.of("deploy/helm/breakwater");
    private static final GeneratedText README =
            new GeneratedText(CHART.resolve("README.md"), "ChartReadmeTest", "charts.write");

    @Test
    void listsEveryValue() throws IOException {
        README.checkPart(values().tables());
    }

    @Test
    void describesEveryValue() throws IOException {
        assertThat(values().undescribed())
                .as("values of values.yaml without a comment that starts with \"# --\"")
                .isEmpty();
    }

    @Test
    void readsCommentsOfNestedValues() throws IOException {
        ChartValues values = ChartValues.parse("""
                # Some parts.
                part:
                  inner:
                    # -- Number of
                    # things | pieces
                    count: 2
                  # not a description
                  bare: true
                # -- A whole
                whole:
                  requests: {cpu: 50m}
                """);
        assertThat(values.undescribed()).containsExactly("part.bare");
        assertThat(values.tables())
                .contains("### part\n\nSome parts.\n\n| value |")
                .contains("| `part.inner.count` | integer | `2` | Number of things \\| pieces |")
                .contains("| `whole` | object | `{\"requests\":{\"cpu\":\"50m\"}}` | A whole |");
    }

    @Test
    void namesIconHomeSourcesAndMaintainers() throws IOException {
        JsonNode chart = CrdFiles.YAML.readTree(CHART.resolve("Chart.yaml").toFile());
        assertThat(chart.fieldNames())
                .toIterable()
                .contains("icon", "home", "sources", "maintainers", "keywords", "description", "kubeVersion");
        byte[] icon = Files.readAllBytes(CHART.resolve("icon.svg"));
        assertThat(chart.path("icon").asText())
                .as("icon.svg of the chart, as a URL that needs no server: base64 -w0 icon.svg")
                .isEqualTo("data:image/svg+xml;base64," + Base64.getEncoder().encodeToString(icon));
    }

    private static ChartValues values() throws IOException {
        return ChartValues.parse(Files.readString(CHART.resolve("values.yaml")));
    }
}
