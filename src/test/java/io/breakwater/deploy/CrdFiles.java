package io.breakwater.deploy;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Verification;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumns;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.client.CustomResource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The CRDs of a release. They are generated from the API classes. Afterwards the parts are added that the generator does not
 * support: the declared order of columns, conditions as a map with the key type, and descriptions of types of Kubernetes.
 */
final class CrdFiles {
    static final Path DIRECTORY = Path.of("deploy/crds");

    /** Copies for the chart: Helm reads no files outside it. */
    static final Path CHART_DIRECTORY = Path.of("deploy/helm/breakwater/files/crds");

    static final YAMLMapper YAML = new YAMLMapper(YAMLFactory.builder()
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .disable(YAMLGenerator.Feature.SPLIT_LINES)
            .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .build());

    private static final List<Class<? extends CustomResource<?, ?>>> KINDS = List.of(
            BackupLocation.class,
            BackupPolicy.class,
            RestorePoint.class,
            Restore.class,
            FailoverPlan.class,
            FailoverRequest.class,
            Verification.class);

    /** Descriptions of fields of the Kubernetes model, and of fields that every kind has. */
    private static final Map<String, String> DESCRIPTIONS = Map.of(
            "status", "Observed state; written by the operator.",
            "matchLabels", "Labels that an object must have, with these values.",
            "matchExpressions", "Requirements for labels; an object must meet all of them.",
            "key", "Key of the label.",
            "operator", "In, NotIn, Exists or DoesNotExist.",
            "values", "Values for In and NotIn.");

    private CrdFiles() {}

    /** Contents by file name. */
    static Map<String, String> generate(Path scratch) throws IOException {
        CRDGenerator generator = new CRDGenerator().forCRDVersions("v1").inOutputDir(scratch.toFile());
        KINDS.forEach(generator::customResourceClasses);
        generator.generate();
        Map<String, String> files = new TreeMap<>();
        for (Class<? extends CustomResource<?, ?>> kind : KINDS) {
            String name = CustomResource.getCRDName(kind);
            ObjectNode crd = (ObjectNode) YAML.readTree(Files.readString(scratch.resolve(name + "-v1.yml")));
            finish(crd, kind);
            files.put(
                    name + ".yaml",
                    "# Generated from io.breakwater.api." + kind.getSimpleName()
                            + "; to renew it: mvn test -Dtest=CrdFilesTest -Dcrds.write\n"
                            + YAML.writeValueAsString(crd));
        }
        return files;
    }

    private static void finish(ObjectNode crd, Class<?> kind) {
        ObjectNode version = (ObjectNode) crd.at("/spec/versions/0");
        version.set("additionalPrinterColumns", inDeclaredOrder(version.withArray("additionalPrinterColumns"), kind));
        ObjectNode schema = (ObjectNode) version.at("/schema/openAPIV3Schema");
        describe(schema, kind);
        describe((ObjectNode) schema.at("/properties/spec"), specOf(kind));
        describe(schema);
        ObjectNode conditions = (ObjectNode) schema.at("/properties/status/properties/conditions");
        conditions.put("x-kubernetes-list-type", "map");
        conditions.putArray("x-kubernetes-list-map-keys").add("type");
        JsonNode shares = schema.at("/properties/spec/properties/quota/properties/namespaces");
        if (shares instanceof ObjectNode list) {
            list.put("x-kubernetes-list-type", "map");
            list.putArray("x-kubernetes-list-map-keys").add("name");
        }
    }

    private static ArrayNode inDeclaredOrder(ArrayNode columns, Class<?> kind) {
        Map<String, JsonNode> byName = new TreeMap<>();
        columns.forEach(c -> byName.put(c.path("name").asText(), c));
        List<JsonNode> ordered = new ArrayList<>();
        for (AdditionalPrinterColumn column :
                kind.getAnnotation(AdditionalPrinterColumns.class).value()) {
            ordered.add(byName.remove(column.name()));
        }
        ordered.addAll(byName.values());
        return YAML.createArrayNode().addAll(ordered);
    }

    private static Class<?> specOf(Class<?> kind) {
        try {
            return kind.getMethod("getSpec").getReturnType();
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(kind + " has no spec", e);
        }
    }

    /** Sets the description of a kind or of its spec, which the generator does not read from the class. */
    private static void describe(ObjectNode schema, Class<?> type) {
        schema.put("description", type.getAnnotation(JsonClassDescription.class).value());
    }

    private static void describe(JsonNode schema) {
        schema.path("properties").properties().forEach(property -> {
            ObjectNode value = (ObjectNode) property.getValue();
            String text = DESCRIPTIONS.get(property.getKey());
            if (!value.has("description") && text != null) {
                value.put("description", text);
            }
            if (value.path("type").asText().equals("integer")) {
                integer(value);
            }
            describe(value);
        });
        if (schema.has("items")) {
            describe(schema.path("items"));
        }
        if (schema.has("additionalProperties")) {
            describe(schema.path("additionalProperties"));
        }
    }

    /** The generator writes bounds as 1000.0, and omits the format of a number. */
    private static void integer(ObjectNode schema) {
        for (String bound : List.of("minimum", "maximum")) {
            if (schema.has(bound)) {
                schema.put(bound, schema.path(bound).asLong());
            }
        }
        if (!schema.has("format")) {
            schema.put("format", "int64");
        }
    }
}
