package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
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

/** A place for points: the store, its credentials and its encryption key. */
@JsonClassDescription(
        "A BackupLocation is a place for restore points: an object store or a directory, with its credentials"
                + " and its encryption key. A location in the operator's namespace can serve other namespaces too.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("backuplocations")
@ShortNames("bl")
@Categories("breakwater")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(name = "Ready", jsonPath = ".status.conditions[?(@.type==\"Ready\")].status"),
    @AdditionalPrinterColumn(name = "Reason", jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason"),
    @AdditionalPrinterColumn(name = "Store", jsonPath = ".status.store"),
    @AdditionalPrinterColumn(
            name = "Lease",
            jsonPath = ".status.capabilities.conditionalWrites",
            type = AdditionalPrinterColumn.Type.BOOLEAN),
    @AdditionalPrinterColumn(
            name = "Probed",
            jsonPath = ".status.lastProbeTime",
            type = AdditionalPrinterColumn.Type.DATE),
    @AdditionalPrinterColumn(name = "Site", jsonPath = ".status.site", priority = 1),
    @AdditionalPrinterColumn(name = "Cluster", jsonPath = ".status.cluster", priority = 1),
    @AdditionalPrinterColumn(
            name = "Age",
            jsonPath = ".metadata.creationTimestamp",
            type = AdditionalPrinterColumn.Type.DATE)
})
public class BackupLocation extends CustomResource<BackupLocationSpec, BackupLocationStatus> implements Namespaced {
    @Override
    @Required
    public BackupLocationSpec getSpec() {
        return super.getSpec();
    }
}
