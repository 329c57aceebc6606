package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.resource.apply.ApplyReport.Line;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Comparator;
import java.util.List;

/**
 * What a dry run found, in a ConfigMap that goes with its Restore: {@code summary}, and {@code objects} with a line for each,
 * refusals first. Names, kinds, paths of fields and the API server's words, but no values of fields.
 */
final class DryRunReport {
    /** Of the 1 MiB that a ConfigMap may have. */
    private static final int ROOM = 700_000;

    private static final int LONGEST_LINE = 1000;

    private final KubernetesClient client;

    DryRunReport(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Writes the report, anew if it is there.
     *
     * @return name of the ConfigMap
     * @throws BreakwaterException Conflict, when somebody else's ConfigMap has the name
     */
    String write(Restore restore, String summary, List<Line> lines) {
        String uid = restore.getMetadata().getUid();
        String name = restore.getMetadata().getName() + "-report-" + uid.substring(0, 8);
        ConfigMap map = new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(restore.getMetadata().getNamespace())
                .addToLabels(Api.RUN, RestoreRun.label(restore))
                .withOwnerReferences(new OwnerReferenceBuilder()
                        .withApiVersion(restore.getApiVersion())
                        .withKind(restore.getKind())
                        .withName(restore.getMetadata().getName())
                        .withUid(uid)
                        .build())
                .endMetadata()
                .addToData("summary", summary)
                .addToData("objects", text(lines))
                .build();
        var resource = client.configMaps().resource(map);
        ConfigMap there = resource.get();
        if (there != null && !there.getMetadata().getOwnerReferences().stream().anyMatch(o -> uid.equals(o.getUid()))) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "ConfigMap " + name + " is in the way of the report; delete it and create the Restore anew");
        }
        try {
            if (there == null) {
                resource.create();
            } else {
                resource.update();
            }
        } catch (KubernetesClientException e) {
            throw e.getCode() == HttpURLConnection.HTTP_CONFLICT || e.getCode() >= 500
                    ? BreakwaterException.retryable(Reason.Conflict, "the report is not written: " + e.getMessage(), e)
                    : BreakwaterException.permanent(
                            Reason.Forbidden, "the report is not written: " + e.getMessage(), e);
        }
        return name;
    }

    /** The lines as people read them; cut where the ConfigMap is full. */
    static String text(List<Line> lines) {
        List<String> sorted = lines.stream()
                .sorted(Comparator.comparing(Line::verb).thenComparing(Line::object))
                .map(Line::toString)
                .map(l -> l.length() > LONGEST_LINE ? l.substring(0, LONGEST_LINE) + "…" : l)
                .toList();
        StringBuilder text = new StringBuilder();
        int written = 0;
        for (String line : sorted) {
            if (text.length() + line.length() > ROOM) {
                text.append("… and ").append(sorted.size() - written).append(" more\n");
                break;
            }
            text.append(line.replace('\n', ' ')).append('\n');
            written++;
        }
        return text.toString();
    }
}
