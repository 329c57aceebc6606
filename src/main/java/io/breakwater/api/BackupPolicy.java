package io.breakwater.api;

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

/** What is protected, when, where to, and how much may be lost. */
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("backuppolicies")
@ShortNames("bp")
@Categories("breakwater")
@ValidationRule(
        value = "size(self.metadata.name) <= 52",
        message = "metadata.name must have at most 52 characters, since RestorePoints are named after it")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(name = "Ready", jsonPath = ".status.conditions[?(@.type==\"Ready\")].status"),
    @AdditionalPrinterColumn(name = "Protected", jsonPath = ".status.conditions[?(@.type==\"Protected\")].status"),
    @AdditionalPrinterColumn(name = "Proven", jsonPath = ".status.conditions[?(@.type==\"Proven\")].status"),
    @AdditionalPrinterColumn(name = "Namespaces", jsonPath = ".status.namespaces.summary"),
    @AdditionalPrinterColumn(name = "Schedule", jsonPath = ".spec.schedule.cron"),
    @AdditionalPrinterColumn(name = "Last point", jsonPath = ".status.lastSuccessfulPoint"),
    @AdditionalPrinterColumn(
            name = "Last success",
            jsonPath = ".status.lastSuccessTime",
            type = AdditionalPrinterColumn.Type.DATE),
    @AdditionalPrinterColumn(name = "Next", jsonPath = ".status.nextRunTime"),
    @AdditionalPrinterColumn(name = "Suspended", jsonPath = ".spec.suspend"),
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

    /** Whether it captures nothing itself, and is the pattern of policies in the namespaces that it selects. */
    public boolean template() {
        return getSpec() != null && getSpec().source != null && getSpec().source.namespaces != null;
    }

    /** Name of the template, in the operator's namespace, that this policy is kept by; empty for one that stands for itself. */
    public Optional<String> keptBy() {
        return Optional.ofNullable(getMetadata().getLabels()).map(l -> l.get(Api.TEMPLATE));
    }
}
