package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FieldReferenceTest {
    private static final GeneratedText PAGE =
            new GeneratedText(Path.of("docs/reference/fields.md"), "FieldReferenceTest", "fields.write");

    @Test
    void listsEveryFieldOfTheCrds() throws IOException {
        PAGE.check(FieldReference.of(crds(), PAGE.command()));
    }

    @Test
    void describesTypeBoundsAndRules() throws IOException {
        JsonNode crd = CrdFiles.YAML.readTree("""
                spec:
                  group: breakwater.io
                  names: {kind: Sample, plural: samples, shortNames: [sa]}
                  versions:
                    - name: v1
                      schema:
                        openAPIV3Schema:
                          type: object
                          description: A sample.
                          properties:
                            spec:
                              type: object
                              required: [name]
                              x-kubernetes-validations: [{rule: "true", message: a | b}]
                              properties:
                                name: {type: string, minLength: 1, maxLength: 63, description: Its name}
                                level: {type: string, enum: [Low, High], default: Low}
                                parts: {type: array, maxItems: 2, items: {type: object, properties: {size: {type: integer, minimum: 1}}}}
                                labels: {type: object, additionalProperties: {type: string}}
                            status:
                              type: object
                              properties: {conditions: {type: array, description: All., items: {type: object, properties: {type: {type: string}}}}}
                """);
        assertThat(FieldReference.of(List.of(crd), "none"))
                .contains(
                        "## Sample\n\nA sample.\n\n`apiVersion: breakwater.io/v1`, `kind: Sample`; with kubectl `samples` or `sa`.")
                .contains("| `spec` | object |  | Rule: a \\| b. |")
                .contains("| `spec.name` | string | required | Its name. 1 to 63 characters. |")
                .contains("| `spec.level` | string | `Low` | One of `Low`, `High`. |")
                .contains("| `spec.parts` | list of object |  | At most 2 entries. |")
                .contains("| `spec.parts[].size` | integer |  | At least 1. |")
                .contains("| `spec.labels` | map of string |  |  |")
                .contains("| `status.conditions` | list of object |  | All. See [Conditions](#conditions). |")
                .containsOnlyOnce("| `status.conditions[].type` | string |  |  |");
    }

    private static List<JsonNode> crds() throws IOException {
        List<JsonNode> crds = new ArrayList<>();
        try (var files = Files.list(CrdFiles.DIRECTORY)) {
            for (Path file : files.sorted().toList()) {
                crds.add(CrdFiles.YAML.readTree(file.toFile()));
            }
        }
        return crds;
    }
}
