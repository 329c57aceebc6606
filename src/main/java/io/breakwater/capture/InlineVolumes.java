package io.breakwater.capture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Labels;
import io.breakwater.api.Texts;
import io.breakwater.resource.PodTemplate;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Volumes of pods that are not claims, such as {@code emptyDir} and {@code hostPath}. A point does not contain their content. The template
 * of a workload without pods counts as well: a volume such as {@code nfs} has its data all the time. Volumes that Kubernetes fills from objects do not count, and neither do those in memory or in Velero's annotation for excluded volumes.
 */
final class InlineVolumes {
    private static final int SHOWN = 5;
    private static final String EXCLUDED = "backup.velero.io/backup-volumes-excludes";

    /** Claims, and what Kubernetes fills from objects, images or secret stores. */
    private static final Set<String> WITHOUT_OWN_DATA =
            Set.of("persistentVolumeClaim", "configMap", "secret", "downwardAPI", "projected", "image", "csi");

    /** Types that end with their pod, so a workload without pods has none. */
    private static final Set<String> OF_PODS = Set.of("emptyDir", "ephemeral");

    private static final ObjectMapper JSON = BoundedJson.mapper();

    private InlineVolumes() {}

    /** One warning for each type of volume. Names at most five volumes of a type. */
    static List<String> warnings(KubernetesClient client, String namespace, Source source) {
        if (source != null && source.include != null) {
            return List.of(); // the user has listed what the point contains
        }
        LabelSelector selector = source == null ? null : source.labelSelector;
        var pods = client.pods().inNamespace(namespace);
        Map<String, Set<String>> byType = new TreeMap<>();
        (selector == null ? pods : pods.withLabelSelector(selector))
                .list().getItems().stream()
                        .filter(pod -> !isOver(pod))
                        .forEach(pod -> collect(
                                pod.getMetadata().getName(), pod.getMetadata(), pod.getSpec(), Set.of(), byType));
        PodTemplate.of(client, namespace).stream()
                .filter(PodTemplate::idle)
                .filter(t -> selector == null || t.labels().stream().anyMatch(l -> Labels.match(selector, l)))
                .forEach(t -> collect(t.name(), t.pod(), t.spec(), OF_PODS, byType));
        return byType.entrySet().stream()
                .map(e -> "the content of " + e.getValue().size() + " " + e.getKey()
                        + (e.getValue().size() == 1 ? " volume" : " volumes") + " of pods is not in the point: "
                        + Texts.first(e.getValue(), SHOWN))
                .toList();
    }

    private static boolean isOver(Pod pod) {
        String phase =
                pod.getStatus() == null ? "" : String.valueOf(pod.getStatus().getPhase());
        return phase.equals("Succeeded") || phase.equals("Failed");
    }

    private static boolean isExcluded(ObjectMeta meta) {
        Map<String, String> labels = meta.getLabels() == null ? Map.of() : meta.getLabels();
        return labels.containsKey(Api.COMPONENT)
                || "true".equals(labels.get(Api.EXCLUDE))
                || "true".equals(labels.get(Api.VELERO_EXCLUDE));
    }

    /** @param without types of volumes that have no content */
    private static void collect(
            String name, ObjectMeta meta, PodSpec spec, Set<String> without, Map<String, Set<String>> byType) {
        if (isExcluded(meta) || spec.getVolumes() == null) {
            return;
        }
        Map<String, String> annotations = meta.getAnnotations();
        String excluded = annotations == null ? "" : annotations.getOrDefault(EXCLUDED, "");
        Set<String> ignored =
                Set.copyOf(Arrays.stream(excluded.split(",")).map(String::strip).toList());
        for (Volume volume : spec.getVolumes()) {
            JsonNode json = JSON.valueToTree(volume);
            boolean memory = json.path("emptyDir").path("medium").asText().equals("Memory");
            if (!memory && !ignored.contains(volume.getName())) {
                json.fieldNames().forEachRemaining(type -> {
                    if (!type.equals("name") && !WITHOUT_OWN_DATA.contains(type) && !without.contains(type)) {
                        byType.computeIfAbsent(type, t -> new TreeSet<>()).add(name + "/" + volume.getName());
                    }
                });
            }
        }
    }
}
