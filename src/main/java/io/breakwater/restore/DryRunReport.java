package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.ServerMessage;
import io.breakwater.api.Texts;
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
 * Writes the findings of a dry run into a ConfigMap that is deleted with its Restore: a {@code summary}, and {@code objects}
 * with one line for each object, refusals first. The lines have names, kinds, field paths and messages of the API server, but
 * no values of fields.
 */
final class DryRunReport {
    /** Characters of the report; a ConfigMap may have 1 MiB. */
    private static final int ROOM = 700_000;

    private static final int LONGEST_LINE = 1000;

    private final KubernetesClient client;

    DryRunReport(KubernetesClient client) {
        this.client = client;
    }

    /**
     * Writes the report, or replaces an earlier one of the same Restore.
     *
     * @return name of the ConfigMap
     * @throws BreakwaterException Conflict, when a ConfigMap of another owner has the name
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
        ConfigMap present = resource.get();
        if (present != null
                && !present.getMetadata().getOwnerReferences().stream().anyMatch(o -> uid.equals(o.getUid()))) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "ConfigMap " + name + " has the name of the report, but another owner; delete it and create the"
                            + " Restore again");
        }
        try {
            if (present == null) {
                resource.create();
            } else {
                resource.update();
            }
        } catch (KubernetesClientException e) {
            String message = "could not write the report to ConfigMap " + name + ": " + ServerMessage.of(e);
            throw e.getCode() == HttpURLConnection.HTTP_CONFLICT || e.getCode() >= 500
                    ? BreakwaterException.retryable(Reason.Conflict, message, e)
                    : BreakwaterException.permanent(Reason.Forbidden, message, e);
        }
        return name;
    }

    /** The lines as text, up to the size that a ConfigMap may have. */
    static String text(List<Line> lines) {
        List<String> sorted = lines.stream()
                .sorted(Comparator.comparing(Line::verb).thenComparing(Line::object))
                .map(Line::toString)
                .map(l -> Texts.cut(l, LONGEST_LINE))
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
