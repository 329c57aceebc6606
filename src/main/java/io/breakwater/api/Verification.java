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

/** One proof that a RestorePoint can be restored. */
@JsonClassDescription(
        "A Verification proves that a RestorePoint can be restored. It reads the point or restores it into a"
                + " temporary namespace, runs checks, measures the time, and deletes the copy.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("verifications")
@ShortNames("vf")
@Categories("breakwater")
@ValidationRule(
        value = "size(self.metadata.name) <= 63",
        message = "metadata.name must have at most 63 characters, because it is used as the value of a label")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(name = "Succeeded", jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].status"),
    @AdditionalPrinterColumn(name = "Reason", jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].reason"),
    @AdditionalPrinterColumn(name = "Level", jsonPath = ".spec.level"),
    @AdditionalPrinterColumn(name = "Point", jsonPath = ".status.restorePoint"),
    @AdditionalPrinterColumn(name = "Restore time", jsonPath = ".status.restoreTime"),
    @AdditionalPrinterColumn(name = "Progress", jsonPath = ".status.progress"),
    @AdditionalPrinterColumn(
            name = "Age",
            jsonPath = ".metadata.creationTimestamp",
            type = AdditionalPrinterColumn.Type.DATE)
})
public class Verification extends CustomResource<VerificationSpec, VerificationStatus> implements Namespaced {
    @Override
    @Required
    public VerificationSpec getSpec() {
        return super.getSpec();
    }

    /** Whether the run is over, successful or not. */
    @JsonIgnore
    public boolean isOver() {
        return getStatus() != null && getStatus().isOver(Condition.SUCCEEDED);
    }
}
