package io.breakwater.capture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Labels;
import io.breakwater.api.Texts;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.PodTemplate;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;

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

    /** Where the template of a workload is that can be without pods. */
    private static final Map<String, String> TEMPLATES = Map.of(
            "statefulsets.apps", "/spec/template",
            "deployments.apps", "/spec/template",
            "cronjobs.batch", "/spec/jobTemplate/spec/template");

    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** Names of volumes, by their types. */
    private final Map<String, Set<String>> byType = new ConcurrentSkipListMap<>();

    /**
     * Whether the capture lists all pods and workloads that count, so that {@link #see} is enough. A policy that selects objects can
     * select a pod without its workload.
     */
    static boolean areListedByCapture(Source source) {
        return source == null
                || source.include == null
                        && source.labelSelector == null
                        && (source.exclude == null || source.exclude.isEmpty());
    }

    /** Lists pods and workloads, and returns one warning for each type of volume. Names at most five volumes of a type. */
    static List<String> warnings(KubernetesClient client, String namespace, Source source) {
        if (source != null && source.include != null) {
            return List.of(); // the user has listed what the point contains
        }
        InlineVolumes found = new InlineVolumes();
        LabelSelector selector = source == null ? null : source.labelSelector;
        var pods = client.pods().inNamespace(namespace);
        (selector == null ? pods : pods.withLabelSelector(selector))
                .list()
                .getItems()
                .forEach(pod -> found.seePod(JSON.valueToTree(pod)));
        PodTemplate.of(client, namespace).stream()
                .filter(PodTemplate::idle)
                .filter(t -> selector == null || t.labels().stream().anyMatch(l -> Labels.match(selector, l)))
                .forEach(t -> found.collect(t.name(), JSON.valueToTree(t.pod()), JSON.valueToTree(t.spec()), OF_PODS));
        return found.warnings();
    }

    /** Looks at an object of the namespace. Safe for use from many threads. */
    void see(ApiKind kind, JsonNode object) {
        String template = TEMPLATES.get(kind.qualified());
        if (kind.qualified().equals("pods")) {
            seePod(object);
        } else if (template != null && isIdle(kind, object)) {
            JsonNode pod = object.at(template);
            collect(kind.kind() + " " + nameOf(object), pod.path("metadata"), pod.path("spec"), OF_PODS);
        }
    }

    private static boolean isIdle(ApiKind kind, JsonNode workload) {
        return kind.qualified().equals("cronjobs.batch")
                || workload.path("spec").path("replicas").asInt(1) == 0;
    }

    private void seePod(JsonNode pod) {
        String phase = pod.path("status").path("phase").asText();
        if (!phase.equals("Succeeded") && !phase.equals("Failed")) {
            collect(nameOf(pod), pod.path("metadata"), pod.path("spec"), Set.of());
        }
    }

    private static String nameOf(JsonNode object) {
        return object.path("metadata").path("name").asText();
    }

    /** One warning for each type of the volumes that were seen. Names at most five volumes of a type. */
    List<String> warnings() {
        return byType.entrySet().stream()
                .map(e -> "the content of " + e.getValue().size() + " " + e.getKey()
                        + (e.getValue().size() == 1 ? " volume" : " volumes") + " of pods is not in the point: "
                        + Texts.first(e.getValue(), SHOWN))
                .toList();
    }

    private static boolean isExcluded(JsonNode meta) {
        JsonNode labels = meta.path("labels");
        return labels.has(Api.COMPONENT)
                || labels.path(Api.EXCLUDE).asText().equals("true")
                || labels.path(Api.VELERO_EXCLUDE).asText().equals("true");
    }

    /** @param without types of volumes that have no content */
    private void collect(String name, JsonNode meta, JsonNode spec, Set<String> without) {
        if (isExcluded(meta)) {
            return;
        }
        String excluded = meta.path("annotations").path(EXCLUDED).asText();
        Set<String> ignored =
                Set.copyOf(Arrays.stream(excluded.split(",")).map(String::strip).toList());
        for (JsonNode volume : spec.path("volumes")) {
            String own = volume.path("name").asText();
            boolean memory = volume.path("emptyDir").path("medium").asText().equals("Memory");
            if (!memory && !ignored.contains(own)) {
                volume.fieldNames().forEachRemaining(type -> {
                    if (!type.equals("name") && !WITHOUT_OWN_DATA.contains(type) && !without.contains(type)) {
                        byType.computeIfAbsent(type, t -> new ConcurrentSkipListSet<>())
                                .add(name + "/" + own);
                    }
                });
            }
        }
    }
}
