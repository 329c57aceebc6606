package io.breakwater.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The page with all fields of all kinds, from the schemas of the CRDs. */
final class FieldReference {
    private static final String CONDITIONS = "status.conditions";
    private static final String HEADER = "| field | type | default | description |\n|---|---|---|---|\n";

    private final StringBuilder page = new StringBuilder();
    private JsonNode conditions;

    private FieldReference() {}

    /**
     * The page.
     *
     * @param crds the definitions, in the order of the page
     * @param command the command that renews the page
     */
    static String of(List<JsonNode> crds, String command) {
        FieldReference reference = new FieldReference();
        reference.introduce(crds, command);
        crds.forEach(reference::kind);
        reference.conditions();
        return reference.page.toString();
    }

    private void introduce(List<JsonNode> crds, String command) {
        page.append("""
                # Fields

                This page lists every field of every kind. It is generated from the [CRDs](../../deploy/crds), so do not edit it. To renew it
                after a change of the CRDs: `%s`.

                In a cluster, `kubectl explain backuppolicy.spec` shows the same descriptions. The CRDs also have patterns for the values of
                some strings, which this page does not repeat. The API server checks all of them. A *required* field is required where the
                object that contains it is set. `[]` stands for the entries of a list, `*` for the keys of a map.

                """.formatted(command));
        for (JsonNode crd : crds) {
            String kind = kindOf(crd);
            page.append("- [")
                    .append(kind)
                    .append("](#")
                    .append(kind.toLowerCase(Locale.ROOT))
                    .append(")\n");
        }
        page.append("- [Conditions](#conditions)\n");
    }

    private void kind(JsonNode crd) {
        JsonNode names = crd.at("/spec/names");
        JsonNode version = crd.at("/spec/versions/0");
        JsonNode schema = version.at("/schema/openAPIV3Schema");
        page.append("\n## ").append(kindOf(crd)).append("\n\n");
        String text = schema.path("description").asText();
        if (!text.isBlank()) {
            page.append(text.strip()).append("\n\n");
        }
        page.append("`apiVersion: ")
                .append(crd.at("/spec/group").asText())
                .append('/')
                .append(version.path("name").asText())
                .append("`, `kind: ")
                .append(kindOf(crd))
                .append("`; with kubectl `")
                .append(names.path("plural").asText())
                .append("` or `")
                .append(names.at("/shortNames/0").asText())
                .append("`.\n\n")
                .append(HEADER);
        fields("", schema);
    }

    private void conditions() {
        page.append("""

                ## Conditions

                Every kind has the same fields in `status.conditions`. The page of the kind names the condition types, and
                [reasons.md](reasons.md) describes the reasons.

                """).append(HEADER);
        fields(CONDITIONS + "[].", conditions.path("items"));
    }

    private void fields(String prefix, JsonNode schema) {
        Set<String> required = new HashSet<>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        schema.path("properties").properties().forEach(property -> {
            String path = prefix + property.getKey();
            field(path, property.getValue(), required.contains(property.getKey()));
        });
    }

    private void field(String path, JsonNode schema, boolean required) {
        boolean shared = path.equals(CONDITIONS);
        page.append("| `")
                .append(path)
                .append("` | ")
                .append(type(schema))
                .append(" | ")
                .append(required ? "required" : defaultOf(schema))
                .append(" | ")
                .append(GeneratedText.cell(description(schema)))
                .append(shared ? " See [Conditions](#conditions)." : "")
                .append(" |\n");
        if (shared) {
            conditions = schema;
            return;
        }
        fields(path + ".", schema);
        fields(path + "[].", schema.path("items"));
        fields(path + ".*.", schema.path("additionalProperties"));
    }

    private static String type(JsonNode schema) {
        if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
            return "integer or string";
        }
        if (schema.path("additionalProperties").isObject()) {
            return "map of " + type(schema.path("additionalProperties"));
        }
        String type = schema.path("type").asText("any");
        return type.equals("array") ? "list of " + type(schema.path("items")) : type;
    }

    private static String defaultOf(JsonNode schema) {
        JsonNode value = schema.path("default");
        if (value.isMissingNode()) {
            return "";
        }
        return "`" + (value.isTextual() ? value.asText() : value.toString()).replace("|", "\\|") + "`";
    }

    private static String description(JsonNode schema) {
        List<String> sentences = new ArrayList<>();
        add(sentences, schema.path("description").asText());
        add(sentences, values(schema.path("enum")));
        add(sentences, values(schema.at("/items/enum")));
        add(sentences, bounds(schema, "minLength", "maxLength", " characters"));
        add(sentences, bounds(schema, "minItems", "maxItems", " entries"));
        add(sentences, bounds(schema, "minProperties", "maxProperties", " entries"));
        add(sentences, bounds(schema, "minimum", "maximum", ""));
        schema.path("x-kubernetes-validations")
                .forEach(rule -> add(sentences, "Rule: " + rule.path("message").asText()));
        return String.join(" ", sentences);
    }

    private static void add(List<String> sentences, String text) {
        String stripped = text.strip();
        if (!stripped.isEmpty()) {
            sentences.add(stripped.matches(".*[.?!]") ? stripped : stripped + ".");
        }
    }

    private static String values(JsonNode allowed) {
        List<String> values = new ArrayList<>();
        allowed.forEach(value -> values.add("`" + value.asText() + "`"));
        return values.isEmpty() ? "" : "One of " + String.join(", ", values);
    }

    private static String bounds(JsonNode schema, String minimum, String maximum, String unit) {
        String least = schema.path(minimum).asText();
        String most = schema.path(maximum).asText();
        if (least.isEmpty()) {
            return most.isEmpty() ? "" : "At most " + most + unit;
        }
        if (most.isEmpty()) {
            return "At least " + least + unit;
        }
        return least.equals(most) ? "Exactly " + least + unit : least + " to " + most + unit;
    }

    private static String kindOf(JsonNode crd) {
        return crd.at("/spec/names/kind").asText();
    }
}
