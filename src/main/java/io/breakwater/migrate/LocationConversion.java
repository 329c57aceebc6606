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
 * Converts a BackupStorageLocation into two BackupLocations: {@code velero-<name>} reads Velero's data, and
 * {@code <name>} stores new points under another prefix. Velero rejects a location with an unknown directory, so the
 * two never share a prefix.
 */
final class LocationConversion {
    private static final String OWN_PREFIX = "breakwater";

    /** Name of the Secret for certificates that Velero has in the location itself. */
    private static final String CA_SECRET = "store-ca";

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
            about.add("spec.objectStorage", "a location without a bucket cannot be converted");
            return List.of();
        }
        reportUnsupported(spec, about);
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
            about.add(
                    "spec.accessMode",
                    "ReadOnly: its backups can be restored, and no location for new points is written");
            return all;
        }
        BackupLocationSpec own = store(spec, about);
        separate(own, spec.objectStorage, about);
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

    private static void reportUnsupported(BackupStorageLocation.Spec spec, ConversionReport.Subject about) {
        if (spec.backupSyncPeriod != null) {
            about.add("spec.backupSyncPeriod", "every location is listed every 20 seconds");
        }
        if (spec.validationFrequency != null) {
            about.add("spec.validationFrequency", "every location is probed once a minute");
        }
        spec.more().keySet().forEach(f -> about.add("spec." + f, "unknown field, skipped"));
    }

    /** The store without its prefix; null if its kind is not supported. */
    private BackupLocationSpec store(BackupStorageLocation.Spec spec, ConversionReport.Subject about) {
        Map<String, String> config = spec.config == null ? Map.of() : spec.config;
        BackupLocationSpec store = new BackupLocationSpec();
        Set<String> rest = new TreeSet<>(config.keySet());
        switch (spec.provider == null ? "" : spec.provider.replaceFirst("^velero\\.io/", "")) {
            case "azure" -> store.azureBlob = azure(spec, config, rest, about);
            case "aws" -> store.s3 = s3(spec, config, rest, about);
            default -> {
                about.add(
                        "spec.provider",
                        "'" + spec.provider
                                + "' is not azure or aws; if the store has an S3 interface, create a BackupLocation"
                                + " with s3.endpoint");
                return null;
            }
        }
        authorities(store, spec.objectStorage, about);
        rest.forEach(key -> about.add("spec.config." + key, "has no equivalent, skipped"));
        return store;
    }

    private void authorities(
            BackupLocationSpec store, BackupStorageLocation.ObjectStorage velero, ConversionReport.Subject about) {
        if (velero.caCert == null && velero.caCertRef == null) {
            return;
        }
        NamedRef secret = new NamedRef(velero.caCertRef == null ? CA_SECRET : velero.caCertRef.getName());
        if (store.s3 == null) {
            store.azureBlob.caBundleSecretRef = secret;
        } else {
            store.s3.caBundleSecretRef = secret;
        }
        about.add(
                "spec.objectStorage." + (velero.caCertRef == null ? "caCert" : "caCertRef"),
                "create the Secret " + operatorNamespace + "/" + secret.name
                        + " with these certificates in the key ca.crt,"
                        + " and with the label breakwater.io/location-credentials=true");
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
            about.add(
                    "spec.config.useAAD",
                    "the identity of Breakwater's pods needs the role Storage Blob Data Contributor");
        } else {
            azure.credentialsSecretRef = credentials(spec, "accountKey", about);
        }
        if (azure.account == null) {
            about.add("spec.config.storageAccount", "is not set; set azureBlob.account of the BackupLocation");
            azure.account = "account";
        }
        rest.removeAll(Set.of("storageAccount", "storageAccountURI", "useAAD"));
        // Velero uses these fields to find the account's key, which is in a Secret here.
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
            about.add(
                    "spec.config.region",
                    "is not set, and Velero asks Amazon for the region; us-east-1 is written, change it if it differs");
            s3.region = "us-east-1";
        }
        rest.removeAll(Set.of("s3Url", "region", "s3ForcePathStyle"));
        return s3;
    }

    private NamedRef credentials(BackupStorageLocation.Spec spec, String keys, ConversionReport.Subject about) {
        String from = spec.credential == null
                ? "Velero's own credentials (Secret cloud-credentials)"
                : "key " + spec.credential.getKey() + " in Secret " + spec.credential.getName();
        String name = spec.credential == null ? "cloud-credentials" : spec.credential.getName();
        about.add(
                "spec.credential",
                "create the Secret " + operatorNamespace + "/" + name + " with the key"
                        + (keys.contains(" ") ? "s " : " ") + keys + " from " + from
                        + ", and with the label breakwater.io/location-credentials=true");
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

    private static void separate(
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
        about.add(
                "spec.objectStorage.prefix",
                "Velero uses all of '" + velero.bucket
                        + "' and rejects unknown directories in it, so new points are stored in '" + bucket
                        + "': create it, or name another one in the BackupLocation");
    }
}
