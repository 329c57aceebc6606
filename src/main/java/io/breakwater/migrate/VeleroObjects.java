package io.breakwater.migrate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.breakwater.api.Texts;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.BackupStorageLocation;
import io.breakwater.velero.model.Schedule;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** The input of a conversion. */
record VeleroObjects(List<Schedule> schedules, List<Backup> backups, List<BackupStorageLocation> locations) {
    private static final KubernetesSerialization KUBERNETES = new KubernetesSerialization();

    /**
     * Reads YAML or JSON: objects, Lists of them, several documents.
     *
     * @throws IOException if the input is neither
     */
    static VeleroObjects read(InputStream in, ConversionReport report) throws IOException {
        VeleroObjects input = new VeleroObjects(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        YAMLMapper yaml = new YAMLMapper();
        try (MappingIterator<JsonNode> documents =
                yaml.readerFor(JsonNode.class).readValues(in)) {
            while (documents.hasNextValue()) {
                input.add(documents.nextValue(), report);
            }
        }
        return input;
    }

    private void add(JsonNode object, ConversionReport report) throws IOException {
        if (object == null || object.isNull() || object.isMissingNode()) {
            return;
        }
        if (!object.isObject() || !object.path("kind").isTextual()) {
            throw new IOException("not a Kubernetes object: " + abbreviated(object));
        }
        if (object.path("items").isArray()) {
            for (JsonNode item : object.path("items")) {
                add(item, report);
            }
            return;
        }
        String type =
                object.path("apiVersion").asText() + " " + object.path("kind").asText();
        switch (type) {
            case "velero.io/v1 Schedule" -> schedules.add(as(object, Schedule.class));
            case "velero.io/v1 Backup" -> backups.add(as(object, Backup.class));
            case "velero.io/v1 BackupStorageLocation" -> locations.add(as(object, BackupStorageLocation.class));
            case "v1 Namespace" -> {
                // A template needs no list of namespaces.
            }
            default ->
                report.about(
                                object.path("kind").asText(),
                                object.at("/metadata/namespace").asText(null),
                                object.at("/metadata/name").asText("without a name"))
                        .add("kind", "objects of this kind are not converted");
        }
    }

    private static <T extends HasMetadata> T as(JsonNode object, Class<T> type) throws IOException {
        try {
            T read = KUBERNETES.convertValue(object, type);
            if (read.getMetadata() == null || read.getMetadata().getName() == null) {
                throw new IOException("object without metadata.name: " + abbreviated(object));
            }
            return read;
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    object.path("kind").asText() + " "
                            + object.at("/metadata/name").asText() + " cannot be read: " + e.getMessage(),
                    e);
        }
    }

    private static String abbreviated(JsonNode node) {
        return Texts.cut(node.toString(), 80);
    }
}
