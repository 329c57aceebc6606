package io.breakwater.capture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Volumes of pods that are not claims, such as {@code emptyDir} and {@code hostPath}. A point does not contain their content. Volumes that
 * Kubernetes fills from objects do not count, and neither do those in memory or in Velero's annotation for excluded volumes.
 */
final class InlineVolumes {
    private static final int SHOWN = 5;
    private static final String EXCLUDED = "backup.velero.io/backup-volumes-excludes";

    /** Claims, and what Kubernetes fills from objects, images or secret stores. */
    private static final Set<String> WITHOUT_OWN_DATA =
            Set.of("persistentVolumeClaim", "configMap", "secret", "downwardAPI", "projected", "image", "csi");

    private static final ObjectMapper JSON = BoundedJson.mapper();

    private InlineVolumes() {}

    /** One warning for each type of volume. Names at most five volumes of a type. */
    static List<String> warnings(KubernetesClient client, String namespace, Source source) {
        if (source != null && source.include != null) {
            return List.of(); // the user has listed what the point contains
        }
        var pods = client.pods().inNamespace(namespace);
        Map<String, Set<String>> byType = new TreeMap<>();
        (source == null || source.labelSelector == null ? pods : pods.withLabelSelector(source.labelSelector))
                .list().getItems().stream().filter(InlineVolumes::counts).forEach(pod -> collect(pod, byType));
        return byType.entrySet().stream()
                .map(e -> "the content of " + e.getValue().size() + " " + e.getKey()
                        + (e.getValue().size() == 1 ? " volume" : " volumes") + " of pods is not in the point: "
                        + Texts.first(e.getValue(), SHOWN))
                .toList();
    }

    private static boolean counts(Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels() == null
                ? Map.of()
                : pod.getMetadata().getLabels();
        String phase =
                pod.getStatus() == null ? "" : String.valueOf(pod.getStatus().getPhase());
        return !labels.containsKey(Api.COMPONENT)
                && !"true".equals(labels.get(Api.EXCLUDE))
                && !"true".equals(labels.get(Api.VELERO_EXCLUDE))
                && !phase.equals("Succeeded")
                && !phase.equals("Failed")
                && pod.getSpec().getVolumes() != null;
    }

    private static void collect(Pod pod, Map<String, Set<String>> byType) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        String excluded = annotations == null ? "" : annotations.getOrDefault(EXCLUDED, "");
        Set<String> ignored =
                Set.copyOf(Arrays.stream(excluded.split(",")).map(String::strip).toList());
        for (Volume volume : pod.getSpec().getVolumes()) {
            JsonNode json = JSON.valueToTree(volume);
            boolean memory = json.path("emptyDir").path("medium").asText().equals("Memory");
            if (!memory && !ignored.contains(volume.getName())) {
                json.fieldNames().forEachRemaining(type -> {
                    if (!type.equals("name") && !WITHOUT_OWN_DATA.contains(type)) {
                        byType.computeIfAbsent(type, t -> new TreeSet<>())
                                .add(pod.getMetadata().getName() + "/" + volume.getName());
                    }
                });
            }
        }
    }
}
