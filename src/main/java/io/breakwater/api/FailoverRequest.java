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

/** One request to fail over, which takes precedence over spec.activeSite of its plan. */
@JsonClassDescription(
        "A FailoverRequest requests one failover. It takes precedence over spec.activeSite of the FailoverPlan, so that Git,"
                + " which may be unreachable, cannot take it back. Create it on the site that is to take over.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("failoverrequests")
@ShortNames("fr")
@Categories("breakwater")
@ValidationRule(
        value = "size(self.metadata.name) <= 63",
        message = "metadata.name must have at most 63 characters, because the name of the run contains it")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(name = "Succeeded", jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].status"),
    @AdditionalPrinterColumn(name = "Reason", jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].reason"),
    @AdditionalPrinterColumn(name = "Plan", jsonPath = ".spec.planRef.name"),
    @AdditionalPrinterColumn(name = "Site", jsonPath = ".spec.site"),
    @AdditionalPrinterColumn(
            name = "Message",
            jsonPath = ".status.conditions[?(@.type==\"Succeeded\")].message",
            priority = 1),
    @AdditionalPrinterColumn(
            name = "Age",
            jsonPath = ".metadata.creationTimestamp",
            type = AdditionalPrinterColumn.Type.DATE)
})
public class FailoverRequest extends CustomResource<FailoverRequestSpec, FailoverRequestStatus> implements Namespaced {
    @Override
    @Required
    public FailoverRequestSpec getSpec() {
        return super.getSpec();
    }

    /** Whether the request was carried out, or has failed. */
    @JsonIgnore
    public boolean isOver() {
        return getStatus() != null && getStatus().isOver(Condition.SUCCEEDED);
    }
}
