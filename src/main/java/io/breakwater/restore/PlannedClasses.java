package io.breakwater.restore;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Classes that a Restore would create before the claims. Classes of the cluster with the same names take precedence.
 *
 * @param storage StorageClasses
 * @param attributes drivers of VolumeAttributesClasses, by name
 */
record PlannedClasses(List<StorageClass> storage, Map<String, String> attributes) {
    static final PlannedClasses NONE = new PlannedClasses(List.of(), Map.of());

    static PlannedClasses of(KubernetesClient client, List<JsonNode> objects) {
        List<StorageClass> storage = new ArrayList<>();
        Map<String, String> attributes = new HashMap<>();
        for (JsonNode object : objects) {
            switch (object.path("kind").asText()) {
                case "StorageClass" ->
                    storage.add(client.getKubernetesSerialization().convertValue(object, StorageClass.class));
                case "VolumeAttributesClass" ->
                    attributes.put(
                            object.path("metadata").path("name").asText(),
                            object.path("driverName").asText());
                default -> {}
            }
        }
        return new PlannedClasses(storage, attributes);
    }
}
