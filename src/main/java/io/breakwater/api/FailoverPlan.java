package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
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
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The move of a namespace between two sites. The same manifest exists on both sites. */
@JsonClassDescription(
        "A FailoverPlan moves a namespace between two clusters. The same plan exists on both. A lease in an"
                + " object store decides which of the two sites is active.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("failoverplans")
@ShortNames("fp")
@Categories("breakwater")
@ValidationRule(
        value = "size(self.metadata.name) <= 40",
        message = "metadata.name must have at most 40 characters, because names of RestorePoints and Restores start"
                + " with it")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(name = "Role", jsonPath = ".status.role"),
    @AdditionalPrinterColumn(name = "Active", jsonPath = ".status.activeSite"),
    @AdditionalPrinterColumn(name = "Requested", jsonPath = ".spec.activeSite"),
    @AdditionalPrinterColumn(name = "Epoch", jsonPath = ".status.epoch", type = AdditionalPrinterColumn.Type.INTEGER),
    @AdditionalPrinterColumn(name = "Ready", jsonPath = ".status.conditions[?(@.type==\"Ready\")].status"),
    @AdditionalPrinterColumn(name = "Protected", jsonPath = ".status.conditions[?(@.type==\"Protected\")].status"),
    @AdditionalPrinterColumn(name = "Lag", jsonPath = ".status.lag"),
    @AdditionalPrinterColumn(name = "Reason", jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason"),
    @AdditionalPrinterColumn(name = "Expected loss", jsonPath = ".status.expectedDataLoss", priority = 1),
    @AdditionalPrinterColumn(
            name = "Age",
            jsonPath = ".metadata.creationTimestamp",
            type = AdditionalPrinterColumn.Type.DATE)
})
public class FailoverPlan extends CustomResource<FailoverPlanSpec, FailoverPlanStatus> implements Namespaced {
    @Override
    @Required
    public FailoverPlanSpec getSpec() {
        return super.getSpec();
    }

    /** The plan of a namespace that applies: the oldest. */
    public static Optional<FailoverPlan> ruling(List<FailoverPlan> plans) {
        return plans.stream()
                .min(Comparator.comparing(
                                (FailoverPlan plan) -> plan.getMetadata().getCreationTimestamp())
                        .thenComparing(plan -> plan.getMetadata().getName()));
    }
}
