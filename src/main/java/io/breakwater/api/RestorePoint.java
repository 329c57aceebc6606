package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonIgnore;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumns;
import io.fabric8.generator.annotation.Required;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** One attempt to capture a namespace. If it is sealed, it can be restored. */
@JsonClassDescription(
        "A RestorePoint is one backup of a namespace: its volumes and its objects. It can be restored when it"
                + " has succeeded. Create one to back up a namespace now.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("restorepoints")
@ShortNames("rp")
@Categories("breakwater")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(name = "Succeeded", jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].status"),
    @AdditionalPrinterColumn(name = "Reason", jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].reason"),
    @AdditionalPrinterColumn(name = "Policy", jsonPath = ".spec.policyRef.name"),
    @AdditionalPrinterColumn(
            name = "Captured",
            jsonPath = ".status.capturedAt",
            type = AdditionalPrinterColumn.Type.DATE),
    @AdditionalPrinterColumn(name = "Size", jsonPath = ".status.size"),
    @AdditionalPrinterColumn(
            name = "Copies",
            jsonPath = ".status.copiesCompleted",
            type = AdditionalPrinterColumn.Type.INTEGER),
    @AdditionalPrinterColumn(
            name = "Proven",
            jsonPath = ".status.verified.proven",
            type = AdditionalPrinterColumn.Type.BOOLEAN),
    @AdditionalPrinterColumn(name = "Progress", jsonPath = ".status.progress"),
    @AdditionalPrinterColumn(name = "Transfer", jsonPath = ".status.transfer.summary", priority = 1),
    @AdditionalPrinterColumn(name = "Duration", jsonPath = ".status.duration", priority = 1),
    @AdditionalPrinterColumn(name = "Consistency", jsonPath = ".status.consistency", priority = 1),
    @AdditionalPrinterColumn(
            name = "Volumes",
            jsonPath = ".status.volumeCount",
            type = AdditionalPrinterColumn.Type.INTEGER,
            priority = 1),
    @AdditionalPrinterColumn(
            name = "Age",
            jsonPath = ".metadata.creationTimestamp",
            type = AdditionalPrinterColumn.Type.DATE)
})
public class RestorePoint extends CustomResource<RestorePointSpec, RestorePointStatus> implements Namespaced {
    /** Name of the step that takes the snapshots. */
    public static final String CUT = "Cut";

    /** Name of the next step, which lists the objects. */
    public static final String RESOURCES = "Resources";

    /** Name of the last step, which deletes what the capture leaves in the cluster. It runs after the report of the result. */
    public static final String TIDY = "Tidy";

    @Override
    @Required
    public RestorePointSpec getSpec() {
        return super.getSpec();
    }

    /** Whether the capture succeeded: the point has a seal and can be restored. */
    @JsonIgnore
    public boolean isSealed() {
        return getStatus() != null && getStatus().holds(Condition.SUCCEEDED);
    }

    /** The cause of the capture, also of a point that catalog sync found; null if it is unknown. */
    public RestorePointSpec.Trigger cause() {
        RestorePointSpec.Trigger trigger = getSpec() == null ? null : getSpec().trigger;
        return trigger == RestorePointSpec.Trigger.Imported && getStatus() != null ? getStatus().trigger : trigger;
    }

    /** Whether the capture is over, successful or not. */
    @JsonIgnore
    public boolean isOver() {
        return getStatus() != null && getStatus().isOver(Condition.SUCCEEDED);
    }

    /** Whether objects of the capture may be left in the cluster, although its result is reported. */
    @JsonIgnore
    public boolean isTidying() {
        return getStatus() != null
                && getStatus().journal.stream()
                        .anyMatch(j -> TIDY.equals(j.step) && j.state == JournalEntry.State.Running);
    }

    /** Whether the capture failed and will not be retried. */
    public boolean hasFailed() {
        return getStatus() != null && getStatus().hasFailed(Condition.SUCCEEDED);
    }

    /**
     * Whether its controller has work with the point: a capture, copies, or the deletion of its data. A point without the
     * finalizer gets it first.
     */
    public static boolean needsWork(RestorePoint point) {
        if (point.isMarkedForDeletion() || !point.hasFinalizer(Api.FINALIZER)) {
            return true;
        }
        if (point.getSpec().trigger == RestorePointSpec.Trigger.Imported) {
            return false;
        }
        if (point.hasFailed()) {
            return point.isTidying();
        }
        return !point.isSealed()
                || point.isTidying()
                || point.getStatus().copies != null
                        && point.getStatus().copies.stream()
                                .anyMatch(c -> c.state != RestorePointStatus.CopyState.Completed);
    }

    /**
     * Whether a capture takes snapshots, lists objects or reads a volume in use, so that no restore may write into the
     * namespace.
     */
    public static boolean isBeingCaptured(RestorePoint point) {
        RestorePointStatus status = point.getStatus();
        return status != null
                && !point.isOver()
                && status.journal.stream().anyMatch(j -> j.step.equals(CUT))
                && (status.volumes != null
                                && status.volumes.stream()
                                        .anyMatch(v -> Boolean.TRUE.equals(v.live) && v.repositorySnapshot == null)
                        || status.journal.stream()
                                .noneMatch(j -> j.step.equals(RESOURCES) && j.state == JournalEntry.State.Done));
    }
}
