package io.breakwater.migrate;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BackupLocationSpec.Layout;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.BackupLocationSpec.UsagePolicy;
import io.breakwater.api.BackupLocationSpec.WorkloadIdentity;
import io.breakwater.api.NamedRef;
import io.breakwater.velero.model.BackupStorageLocation;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A BackupStorageLocation as two BackupLocations: {@code velero-<name>} reads what Velero has put there, and {@code <name>},
 * for what comes from now on, lies where Velero does not look. Velero gives a location up in which it finds a directory
 * that it does not know, so they never share a prefix.
 */
final class LocationConversion {
    private static final String OWN_PREFIX = "breakwater";

    private final String operatorNamespace;
    private final ConversionReport report;

    LocationConversion(String operatorNamespace, ConversionReport report) {
        this.operatorNamespace = operatorNamespace;
        this.report = report;
    }

    List<BackupLocation> of(BackupStorageLocation velero) {
        String name = velero.getMetadata().getName();
        ConversionReport.Subject about =
                report.about("BackupStorageLocation", velero.getMetadata().getNamespace(), name);
        BackupStorageLocation.Spec spec = velero.getSpec();
        if (spec == null || spec.objectStorage == null || spec.objectStorage.bucket == null) {
            about.tell("spec.objectStorage", "without a bucket there is nothing to convert");
            return List.of();
        }
        left(spec, about);
        BackupLocationSpec old = store(spec, about);
        if (old == null) {
            return List.of();
        }
        old.layout = Layout.Velero;
        old.accessMode = AccessMode.ReadOnly;
        prefix(old, spec.objectStorage.prefix);
        List<BackupLocation> all = new ArrayList<>();
        all.add(location("velero-" + name, old));
        if ("ReadOnly".equals(spec.accessMode)) {
            about.tell(
                    "spec.accessMode",
                    "ReadOnly: what it holds can be restored, and no location for new points is made");
            return all;
        }
        BackupLocationSpec own = store(spec, about);
        elsewhere(own, spec.objectStorage, about);
        all.add(location(name, own));
        return all;
    }

    private BackupLocation location(String name, BackupLocationSpec spec) {
        spec.usagePolicy = new UsagePolicy();
        spec.usagePolicy.namespaces = Namespaces.All;
        BackupLocation location = new BackupLocation();
        location.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(operatorNamespace)
                .build());
        location.setSpec(spec);
        return location;
    }

    private static void left(BackupStorageLocation.Spec spec, ConversionReport.Subject about) {
        if (spec.objectStorage.caCert != null || spec.objectStorage.caCertRef != null) {
            about.tell(
                    "spec.objectStorage.caCert",
                    "certificates of one location are not taken; add the authority to the trust of Breakwater's image");
        }
        if (spec.backupSyncPeriod != null) {
            about.tell("spec.backupSyncPeriod", "every location is looked through every 20 seconds");
        }
        if (spec.validationFrequency != null) {
            about.tell("spec.validationFrequency", "every location is probed once a minute");
        }
        spec.more().keySet().forEach(f -> about.tell("spec." + f, "is not known and left out"));
    }

    /** The store without its prefix; null where there is none of that kind. */
    private BackupLocationSpec store(BackupStorageLocation.Spec spec, ConversionReport.Subject about) {
        Map<String, String> config = spec.config == null ? Map.of() : spec.config;
        BackupLocationSpec made = new BackupLocationSpec();
        Set<String> rest = new TreeSet<>(config.keySet());
        switch (spec.provider == null ? "" : spec.provider.replaceFirst("^velero\\.io/", "")) {
            case "azure" -> made.azureBlob = azure(spec, config, rest, about);
            case "aws" -> made.s3 = s3(spec, config, rest, about);
            default -> {
                about.tell(
                        "spec.provider",
                        "'" + spec.provider
                                + "' is neither azure nor aws; if the store speaks the protocol of S3, write a"
                                + " BackupLocation with s3.endpoint");
                return null;
            }
        }
        rest.forEach(key -> about.tell("spec.config." + key, "has no counterpart and is left out"));
        return made;
    }

    private AzureBlob azure(
            BackupStorageLocation.Spec spec,
            Map<String, String> config,
            Set<String> rest,
            ConversionReport.Subject about) {
        AzureBlob azure = new AzureBlob();
        azure.account = config.get("storageAccount");
        azure.container = spec.objectStorage.bucket;
        azure.endpoint = config.get("storageAccountURI");
        if ("true".equals(config.get("useAAD"))) {
            azure.workloadIdentity = new WorkloadIdentity();
            about.tell("spec.config.useAAD", "the identity of Breakwater's pods needs Storage Blob Data Contributor");
        } else {
            azure.credentialsSecretRef = credentials(spec, "accountKey", about);
        }
        if (azure.account == null) {
            about.tell("spec.config.storageAccount", "is not set; write the account into azureBlob.account");
            azure.account = "account";
        }
        rest.removeAll(Set.of("storageAccount", "storageAccountURI", "useAAD"));
        // They find the account's key, which a Secret holds now.
        rest.removeAll(Set.of("resourceGroup", "subscriptionId", "storageAccountKeyEnvVar"));
        return azure;
    }

    private S3 s3(
            BackupStorageLocation.Spec spec,
            Map<String, String> config,
            Set<String> rest,
            ConversionReport.Subject about) {
        S3 s3 = new S3();
        s3.bucket = spec.objectStorage.bucket;
        s3.endpoint = config.get("s3Url");
        s3.region = config.get("region");
        s3.pathStyle = config.containsKey("s3ForcePathStyle") ? "true".equals(config.get("s3ForcePathStyle")) : null;
        s3.credentialsSecretRef = credentials(spec, "accessKeyId and secretAccessKey", about);
        if (s3.region == null && s3.endpoint == null) {
            about.tell("spec.config.region", "is not set, and Velero asks Amazon for it; us-east-1 is written down");
            s3.region = "us-east-1";
        }
        rest.removeAll(Set.of("s3Url", "region", "s3ForcePathStyle"));
        return s3;
    }

    private NamedRef credentials(BackupStorageLocation.Spec spec, String keys, ConversionReport.Subject about) {
        String from = spec.credential == null
                ? "of Velero's own credentials (Secret cloud-credentials)"
                : "of key " + spec.credential.getKey() + " in Secret " + spec.credential.getName();
        String name = spec.credential == null ? "cloud-credentials" : spec.credential.getName();
        about.tell(
                "spec.credential",
                "create the Secret " + operatorNamespace + "/" + name + " with the key"
                        + (keys.contains(" ") ? "s " : " ") + keys + " out " + from);
        return new NamedRef(name);
    }

    private static void prefix(BackupLocationSpec spec, String prefix) {
        String plain = prefix == null ? "" : prefix.replaceAll("^/+|/+$", "");
        String value = plain.isEmpty() ? null : plain;
        if (spec.s3 == null) {
            spec.azureBlob.prefix = value;
        } else {
            spec.s3.prefix = value;
        }
    }

    private static void elsewhere(
            BackupLocationSpec own, BackupStorageLocation.ObjectStorage velero, ConversionReport.Subject about) {
        boolean shared =
                velero.prefix != null && !velero.prefix.replace("/", "").isEmpty();
        if (shared) {
            prefix(own, OWN_PREFIX);
            return;
        }
        String bucket = velero.bucket + "-" + OWN_PREFIX;
        if (own.s3 == null) {
            own.azureBlob.container = bucket;
        } else {
            own.s3.bucket = bucket;
        }
        about.tell(
                "spec.objectStorage.prefix",
                "Velero has the whole of '" + velero.bucket
                        + "' and would not stand a directory of others there, so new points" + " go to '" + bucket
                        + "': create it, or write another one into the BackupLocation");
    }
}
