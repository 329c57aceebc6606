package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.OmittedObjects;
import io.breakwater.velero.ObjectKey;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds StatefulSets whose claim templates name a StorageClass that will not exist after the restore. Their captured claims get another
 * class, but a claim template cannot be changed later, so a new replica would wait for its volume.
 */
final class ClaimTemplateCheck {
    private static final String GROUP = "storage.k8s.io";

    private final ApiServer server;
    private final Map<String, Boolean> known = new ConcurrentHashMap<>();

    ClaimTemplateCheck(ApiServer server) {
        this.server = server;
    }

    List<String> warnings(ApplyPlan plan) {
        OmittedObjects sets = new OmittedObjects("without a volume for a new replica");
        for (ApplyPlan.Entry entry : plan.wave(ApplyWave.WORKLOADS)) {
            if (entry.key().directory().equals("statefulsets.apps")) {
                for (JsonNode template : plan.object(entry).path("spec").path("volumeClaimTemplates")) {
                    String name = template.path("spec").path("storageClassName").asText();
                    if (!name.isEmpty() && !known.computeIfAbsent(name, n -> exists(plan, n))) {
                        sets.add(
                                "StorageClass " + name + " of volumeClaimTemplates does not exist here (create it, or"
                                        + " map it in spec.transforms.storageClasses)",
                                entry.key());
                    }
                }
            }
        }
        return sets.warnings();
    }

    private boolean exists(ApplyPlan plan, String storageClass) {
        return plan.has(new ObjectKey(GROUP, "storageclasses", "", storageClass))
                || server.get("/apis/" + GROUP + "/v1/storageclasses/" + ApiKind.encoded(storageClass))
                        .isOk();
    }
}
