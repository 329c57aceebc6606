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
import java.util.Optional;

/** The protection of a namespace: schedule, locations, retention and objectives. */
@JsonClassDescription("A BackupPolicy protects the namespace that contains it. It creates RestorePoints on a schedule,"
        + " copies them to further locations, deletes old ones, and reports whether its objectives are met.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("backuppolicies")
@ShortNames("bp")
@Categories("breakwater")
@ValidationRule(
        value = "size(self.metadata.name) <= 52",
        message = "metadata.name must have at most 52 characters, because names of RestorePoints start with it")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(name = "Ready", jsonPath = ".status.conditions[?(@.type==\"Ready\")].status"),
    @AdditionalPrinterColumn(name = "Protected", jsonPath = ".status.conditions[?(@.type==\"Protected\")].status"),
    @AdditionalPrinterColumn(
            name = "Last success",
            jsonPath = ".status.lastSuccessTime",
            type = AdditionalPrinterColumn.Type.DATE),
    @AdditionalPrinterColumn(name = "RPO", jsonPath = ".spec.objectives.rpo"),
    @AdditionalPrinterColumn(name = "Copies", jsonPath = ".status.copiesSummary"),
    @AdditionalPrinterColumn(name = "Proven", jsonPath = ".status.conditions[?(@.type==\"Proven\")].status"),
    @AdditionalPrinterColumn(name = "Namespaces", jsonPath = ".status.namespaces.summary"),
    @AdditionalPrinterColumn(
            name = "Uncovered",
            jsonPath = ".status.namespaces.uncovered",
            type = AdditionalPrinterColumn.Type.INTEGER),
    @AdditionalPrinterColumn(name = "Reason", jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason"),
    @AdditionalPrinterColumn(name = "Schedule", jsonPath = ".spec.schedule.cron", priority = 1),
    @AdditionalPrinterColumn(name = "Next", jsonPath = ".status.nextRunTime", priority = 1),
    @AdditionalPrinterColumn(
            name = "Suspended",
            jsonPath = ".spec.suspend",
            type = AdditionalPrinterColumn.Type.BOOLEAN,
            priority = 1),
    @AdditionalPrinterColumn(name = "Last point", jsonPath = ".status.lastSuccessfulPoint", priority = 1),
    @AdditionalPrinterColumn(
            name = "Last point good",
            jsonPath = ".status.conditions[?(@.type==\"LastPointGood\")].status",
            priority = 1),
    @AdditionalPrinterColumn(
            name = "Template",
            jsonPath = ".metadata.labels['breakwater\\.io/template']",
            priority = 1),
    @AdditionalPrinterColumn(
            name = "Age",
            jsonPath = ".metadata.creationTimestamp",
            type = AdditionalPrinterColumn.Type.DATE)
})
public class BackupPolicy extends CustomResource<BackupPolicySpec, BackupPolicyStatus> implements Namespaced {
    @Override
    @Required
    public BackupPolicySpec getSpec() {
        return super.getSpec();
    }

    /**
     * Whether this is a template, which captures nothing itself and defines the policies of the namespaces that it
     * selects.
     */
    public boolean template() {
        return getSpec() != null && getSpec().source != null && getSpec().source.namespaces != null;
    }

    /** Name of the template, in the operator's namespace, that manages this policy; empty for an independent policy. */
    public Optional<String> managedBy() {
        return Optional.ofNullable(getMetadata().getLabels()).map(l -> l.get(Api.TEMPLATE));
    }
}
