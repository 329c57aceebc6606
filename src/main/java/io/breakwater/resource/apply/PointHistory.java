package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.WorkloadName;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.CaptureRules;
import io.breakwater.resource.PagedList;
import io.breakwater.velero.ArchiveReader;
import io.breakwater.velero.ObjectJson;
import io.breakwater.velero.ObjectKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What had run in a namespace when it was captured, so that a site that takes over runs the application of the point and nothing
 * else.
 *
 * @param schedules time of the last start of each CronJob that had started a Job, RFC 3339
 * @param endedJobs Jobs that had ended, except those of CronJobs
 * @param absent workloads of the target namespace that the point does not have
 */
public record PointHistory(Map<String, String> schedules, List<String> endedJobs, List<String> absent) {
    /** The kinds that start pods. Objects with an owner follow their owner. */
    private static final Map<String, ApiKind> KINDS = List.of(
                    kind("apps", "Deployment", "deployments"),
                    kind("apps", "StatefulSet", "statefulsets"),
                    kind("apps", "DaemonSet", "daemonsets"),
                    kind("apps", "ReplicaSet", "replicasets"),
                    kind("batch", "CronJob", "cronjobs"),
                    kind("batch", "Job", "jobs"),
                    kind("", "Pod", "pods"))
            .stream()
            .collect(Collectors.toMap(ApiKind::qualified, Function.identity()));

    /**
     * Reads the archive once, and lists the workloads of the target namespace.
     *
     * @throws BreakwaterException ResourcesFailed, retryable, if they cannot be listed
     */
    static PointHistory read(ApplyRequest request, ApiServer server) throws IOException {
        Map<String, String> schedules = new TreeMap<>();
        List<String> ended = new ArrayList<>();
        Set<WorkloadName> known = new HashSet<>();
        try (ArchiveReader reader = new ArchiveReader(request.archive().open(), ArchiveReader.Limits.DEFAULT)) {
            for (Optional<ArchiveReader.Item> i = reader.next(); i.isPresent(); i = reader.next()) {
                ObjectKey key = i.get().key();
                ApiKind kind = key.isClusterScoped() || !key.namespace().equals(request.sourceNamespace())
                        ? null
                        : KINDS.get(key.directory());
                if (kind == null) {
                    continue;
                }
                known.add(new WorkloadName(kind.kind(), key.name()));
                JsonNode object = ObjectJson.parse(i.get().json());
                String last = object.at("/status/lastScheduleTime").asText("");
                if (kind.kind().equals("CronJob") && !last.isEmpty()) {
                    schedules.put(key.name(), last);
                }
                if (kind.kind().equals("Job") && RestoreRules.hasEnded(object) && isFree(object)) {
                    ended.add(key.name());
                }
            }
        }
        return new PointHistory(schedules, ended.stream().sorted().toList(), absent(request, server, known));
    }

    private static List<String> absent(ApplyRequest request, ApiServer server, Set<WorkloadName> known) {
        List<String> absent = new ArrayList<>();
        for (ApiKind kind : KINDS.values()) {
            try {
                new PagedList(server, PagedList.OBJECTS).each(kind.path(request.targetNamespace()), "", object -> {
                    WorkloadName name = new WorkloadName(
                            kind.kind(), object.path("metadata").path("name").asText());
                    boolean runs =
                            isFree(object) && CaptureRules.object(kind, object) && !RestoreRules.hasEnded(object);
                    if (runs && !known.contains(name)) {
                        absent.add(name.toString());
                    }
                });
            } catch (ApiServer.Refused e) {
                throw BreakwaterException.retryable(
                        Reason.ResourcesFailed,
                        kind.qualified() + " of namespace " + request.targetNamespace() + " cannot be listed: "
                                + e.getMessage(),
                        e);
            }
        }
        return absent.stream().sorted().toList();
    }

    private static boolean isFree(JsonNode object) {
        return object.path("metadata").path("ownerReferences").isEmpty();
    }

    private static ApiKind kind(String group, String kind, String resource) {
        return new ApiKind(group, "v1", kind, resource, true, Set.of());
    }
}
