package io.breakwater.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;

/** Objects with every field of a definition. */
final class SchemaSample {
    private static final ObjectMapper JSON = new ObjectMapper();

    private SchemaSample() {}

    static JsonNode of(CustomResourceDefinition definition) {
        CustomResourceDefinitionVersion version =
                definition.getSpec().getVersions().getFirst();
        ObjectNode object = JSON.createObjectNode();
        object.put("apiVersion", definition.getSpec().getGroup() + "/" + version.getName());
        object.put("kind", definition.getSpec().getNames().getKind());
        object.putObject("metadata").put("name", "sample");
        version.getSchema().getOpenAPIV3Schema().getProperties().forEach((name, schema) -> {
            if (!object.has(name)) {
                object.set(name, value(schema));
            }
        });
        return object;
    }

    private static JsonNode value(JSONSchemaProps schema) {
        return switch (schema.getType()) {
            case "object" -> object(schema);
            case "array" -> JSON.createArrayNode().add(value(schema.getItems().getSchema()));
            case "boolean" -> JSON.getNodeFactory().booleanNode(true);
            case "integer" -> JSON.getNodeFactory().numberNode(7);
            case "string" ->
                schema.getEnum() == null || schema.getEnum().isEmpty()
                        ? JSON.getNodeFactory().textNode("text")
                        : schema.getEnum().getFirst();
            default -> throw new AssertionError("no sample for type " + schema.getType());
        };
    }

    private static JsonNode object(JSONSchemaProps schema) {
        ObjectNode object = JSON.createObjectNode();
        if (schema.getProperties() != null) {
            schema.getProperties().forEach((name, field) -> object.set(name, value(field)));
        }
        if (schema.getAdditionalProperties() != null
                && schema.getAdditionalProperties().getSchema() != null) {
            object.set("key", value(schema.getAdditionalProperties().getSchema()));
        }
        return object;
    }
}
