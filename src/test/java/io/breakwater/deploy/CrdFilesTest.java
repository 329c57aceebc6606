package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrdFilesTest {
    @TempDir
    private Path scratch;

    private Map<String, String> files;

    @BeforeEach
    void generate() throws IOException {
        files = CrdFiles.generate(scratch);
        if (System.getProperty("crds.write") != null) {
            for (Path directory : List.of(CrdFiles.DIRECTORY, CrdFiles.CHART_DIRECTORY)) {
                Files.createDirectories(directory);
                for (var file : files.entrySet()) {
                    Files.writeString(directory.resolve(file.getKey()), file.getValue());
                }
            }
        }
    }

    @Test
    void requiresCheckedInCrdsToMatchTheClasses() throws IOException {
        assertThat(files).hasSize(7);
        for (Path directory : List.of(CrdFiles.DIRECTORY, CrdFiles.CHART_DIRECTORY)) {
            try (var present = Files.list(directory)) {
                assertThat(present.map(p -> p.getFileName().toString()))
                        .containsExactlyInAnyOrderElementsOf(files.keySet());
            }
            for (var file : files.entrySet()) {
                assertThat(directory.resolve(file.getKey()))
                        .as("to renew it: mvn test -Dtest=CrdFilesTest -Dcrds.write")
                        .hasContent(file.getValue());
            }
        }
    }

    @Test
    void describesEveryKind() throws IOException {
        for (String file : files.values()) {
            JsonNode crd = CrdFiles.YAML.readTree(file);
            String kind = crd.at("/spec/names/kind").asText();
            assertThat(crd.at("/spec/versions/0/schema/openAPIV3Schema/description")
                            .asText())
                    .as("@JsonClassDescription of %s", kind)
                    .startsWith("A " + kind + " ");
        }
    }

    @Test
    void describesEveryField() throws IOException {
        List<String> bare = new ArrayList<>();
        walk((path, schema) -> {
            if (schema.path("description").asText().isBlank()) {
                bare.add(path);
            }
        });
        assertThat(bare).isEmpty();
    }

    @Test
    void limitsEveryStringAndListInSpecs() throws IOException {
        List<String> unbounded = new ArrayList<>();
        walk((path, schema) -> {
            boolean own = path.contains(".spec.") && !path.contains("elector.") && !path.contains("template.");
            String type = schema.path("type").asText();
            boolean text = type.equals("string") && !schema.has("enum") && !schema.has("maxLength");
            boolean list = type.equals("array") && !schema.has("maxItems");
            if (own && (text || list)) {
                unbounded.add(path);
            }
        });
        assertThat(unbounded).isEmpty();
    }

    @Test
    void printsTheMainConditionFirstAndAgeLast() throws IOException {
        for (String file : files.values()) {
            List<String> columns = new ArrayList<>();
            CrdFiles.YAML
                    .readTree(file)
                    .at("/spec/versions/0/additionalPrinterColumns")
                    .forEach(c -> columns.add(c.path("name").asText()));
            assertThat(columns).endsWith("Age").doesNotHaveDuplicates();
            assertThat(columns.getFirst()).isIn("Ready", "Succeeded", "Role");
        }
    }

    private interface Visitor {
        void visit(String path, JsonNode schema);
    }

    private void walk(Visitor visitor) throws IOException {
        for (var file : files.entrySet()) {
            JsonNode crd = CrdFiles.YAML.readTree(file.getValue());
            walk(crd.at("/spec/names/kind").asText(), crd.at("/spec/versions/0/schema/openAPIV3Schema"), visitor);
        }
    }

    private static void walk(String path, JsonNode schema, Visitor visitor) {
        schema.path("properties").properties().forEach(p -> {
            visitor.visit(path + "." + p.getKey(), p.getValue());
            walk(path + "." + p.getKey(), p.getValue(), visitor);
        });
        walkItems(path, schema.path("items"), visitor);
    }

    private static void walkItems(String path, JsonNode items, Visitor visitor) {
        if (!items.isMissingNode()) {
            walk(path + "[]", items, visitor);
        }
    }
}
