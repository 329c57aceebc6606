package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonIgnore;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumns;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** One restore of a RestorePoint: volumes and objects, into the same or another namespace. */
@JsonClassDescription(
        "A Restore is one attempt to restore a RestorePoint, or a part of it, into the same or another" + " namespace.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("restores")
@ShortNames("rst")
@Categories("breakwater")
@ValidationRule(
        value = "size(self.metadata.name) <= 52",
        message = "metadata.name must have at most 52 characters, because names of Jobs start with it")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(name = "Succeeded", jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].status"),
    @AdditionalPrinterColumn(name = "Reason", jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].reason"),
    @AdditionalPrinterColumn(name = "Point", jsonPath = ".status.restorePoint"),
    @AdditionalPrinterColumn(name = "Progress", jsonPath = ".status.progress"),
    @AdditionalPrinterColumn(name = "Available", jsonPath = ".status.workloads.summary"),
    @AdditionalPrinterColumn(name = "Duration", jsonPath = ".status.duration"),
    @AdditionalPrinterColumn(name = "Transfer", jsonPath = ".status.transfer.summary", priority = 1),
    @AdditionalPrinterColumn(
            name = "Age",
            jsonPath = ".metadata.creationTimestamp",
            type = AdditionalPrinterColumn.Type.DATE)
})
public class Restore extends CustomResource<RestoreSpec, RestoreStatus> implements Namespaced {
    @Override
    @Required
    public RestoreSpec getSpec() {
        return super.getSpec();
    }

    /** Whether the run is over, successful or not. */
    @JsonIgnore
    public boolean isOver() {
        return getStatus() != null && getStatus().isOver(Condition.SUCCEEDED);
    }

    /** Whether the run failed and will not be retried. */
    public boolean hasFailed() {
        return getStatus() != null && getStatus().hasFailed(Condition.SUCCEEDED);
    }

    /** The namespace of the RestorePoint. */
    public String source() {
        String named = getSpec().sourceNamespace;
        return named == null ? getMetadata().getNamespace() : named;
    }

    /**
     * Whether the run has not ended, and reads the RestorePoint of this name or may choose it. A Restore that is being deleted
     * reads nothing, and only one in the operator's namespace reads another namespace.
     */
    public boolean reads(String namespace, String point, String operatorNamespace) {
        NamedRef ref = getSpec().restorePointRef;
        String own = getMetadata().getNamespace();
        return !isOver()
                && getMetadata().getDeletionTimestamp() == null
                && namespace.equals(source())
                && (namespace.equals(own) || operatorNamespace.equals(own))
                && (ref == null || point.equals(ref.name));
    }
}
