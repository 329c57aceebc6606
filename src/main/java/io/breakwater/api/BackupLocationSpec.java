package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LabelSelector;

/** The store, its credentials and key, and the namespaces that may use it. */
@JsonClassDescription("The store, its credentials and key, and the namespaces that may use it.")
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "[has(self.azureBlob), has(self.s3), has(self.filesystem)].exists_one(set, set)",
        message = "exactly one of spec.azureBlob, spec.s3 and spec.filesystem must be set")
@ValidationRule(
        value = "has(self.azureBlob) == has(oldSelf.azureBlob) && has(self.s3) == has(oldSelf.s3)"
                + " && has(self.filesystem) == has(oldSelf.filesystem)",
        message = "the kind of store is immutable; create another BackupLocation")
@ValidationRule(
        value = "self.layout != 'Velero' || self.accessMode == 'ReadOnly'",
        message = "spec.layout Velero requires spec.accessMode ReadOnly: Breakwater reads backups of Velero, but does"
                + " not write next to them")
@ValidationRule(
        value = "self.layout != 'Velero' || !has(self.encryption) || !has(self.encryption.escrowSecretRef)",
        message = "spec.encryption.escrowSecretRef is not allowed with spec.layout Velero: backups of Velero have no"
                + " key of Breakwater")
@ValidationRule(
        value = "!has(self.filesystem) || !has(self.immutability)",
        message = "spec.immutability requires azureBlob or s3: a directory cannot protect files from deletion")
@ValidationRule(
        value = "self.layout != 'Velero' || !has(self.archives)",
        message = "spec.archives is not allowed with spec.layout Velero: Breakwater writes no archives there")
@ValidationRule(
        value = "self.layout == oldSelf.layout",
        message = "spec.layout is immutable; create another BackupLocation")
public class BackupLocationSpec {
    @JsonPropertyDescription("A container in Azure Blob Storage, or in a server with the same protocol.")
    public AzureBlob azureBlob;

    @JsonPropertyDescription("A bucket in Amazon S3, or in a server with the same protocol.")
    public S3 s3;

    @JsonPropertyDescription(
            "A directory in the gateway's file system, below the root that the installation sets: a NAS mount or"
                    + " a PVC.")
    public Filesystem filesystem;

    @JsonPropertyDescription("The master key that all keys of this location derive from.")
    public Encryption encryption;

    @JsonPropertyDescription(
            "Locks in the store on all objects that points need, so that no user with the store's credentials can"
                    + " delete or alter them. The bucket must have Object Lock; the container must have"
                    + " version-level immutability.")
    public Immutability immutability;

    @JsonPropertyDescription(
            "Forms in which the objects of a point are written. The encrypted archive is always written.")
    public Archives archives;

    @Default("ReadWrite")
    @JsonPropertyDescription("ReadOnly forbids every write. Use it to restore from a location that belongs to another"
            + " installation.")
    public AccessMode accessMode;

    @Default("Breakwater")
    @JsonPropertyDescription(
            "The product that writes the files. Velero: the location is a BackupStorageLocation with the same"
                    + " prefix, and its backups appear as RestorePoints.")
    public Layout layout;

    @JsonPropertyDescription("Number of bytes that each namespace may use in this location; no limit when absent.")
    public Quota quota;

    @JsonPropertyDescription("The namespaces that may use this location.")
    public UsagePolicy usagePolicy;

    /** The product that writes the files of a location. */
    public enum Layout {
        Breakwater,
        Velero
    }

    /** Kind of the store, and the place in it, in one line; {@code none} without a store, which the API server refuses. */
    public String describeStore() {
        String place = azureBlob != null
                ? "AzureBlob " + azureBlob.account + "/" + azureBlob.container + below(azureBlob.prefix)
                : s3 != null
                        ? "S3 " + s3.bucket + below(s3.prefix)
                        : filesystem != null ? "Filesystem " + filesystem.path : "none";
        return hasVeleroLayout() ? place + " (Velero)" : place;
    }

    private static String below(String prefix) {
        return prefix == null ? "" : "/" + prefix;
    }

    /** Whether Velero writes this location. */
    public boolean hasVeleroLayout() {
        return layout == Layout.Velero;
    }

    /** The Secret with the authorities of a private server; null if there is none. */
    public NamedRef caBundleSecretRef() {
        if (azureBlob != null) {
            return azureBlob.caBundleSecretRef;
        }
        return s3 == null ? null : s3.caBundleSecretRef;
    }

    /** Whether Breakwater may write. */
    public enum AccessMode {
        ReadWrite,
        ReadOnly
    }

    /** Azure Blob Storage. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.credentialsSecretRef) != has(self.workloadIdentity)",
            message = "exactly one of credentialsSecretRef and workloadIdentity must be set")
    @ValidationRule(
            value = "!has(self.caBundleSecretRef) || !has(self.endpoint) || self.endpoint.startsWith('https://')",
            message = "caBundleSecretRef requires an endpoint with https://")
    @ValidationRule(
            value =
                    "self.account == oldSelf.account && self.container == oldSelf.container"
                            + " && (has(self.prefix) ? self.prefix : '') == (has(oldSelf.prefix) ? oldSelf.prefix : '')"
                            + " && (has(self.endpoint) ? self.endpoint : '') == (has(oldSelf.endpoint) ? oldSelf.endpoint : '')",
            message = "account, container, prefix and endpoint are immutable, because points would be hidden and new"
                    + " data would be sent elsewhere; create another BackupLocation")
    public static class AzureBlob {
        @Required
        @Size(min = 3, max = 24)
        @Pattern("^[a-z0-9]+$")
        @JsonPropertyDescription("Name of the storage account.")
        public String account;

        @Required
        @Size(min = 3, max = 63)
        @Pattern("^[a-z0-9]+(-[a-z0-9]+)*$")
        @JsonPropertyDescription("Name of the container; created when absent, if the credentials allow it.")
        public String container;

        @Size(max = 256)
        @Pattern("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")
        @JsonPropertyDescription("Prefix of the names of all objects that Breakwater writes.")
        public String prefix;

        @Size(max = 512)
        @Pattern("^https?://[^?#]+$")
        @JsonPropertyDescription(
                "URL of the account; https://<account>.blob.core.windows.net when absent. The Helm value"
                        + " store.allowedEndpoints limits the hosts.")
        public String endpoint;

        @JsonPropertyDescription("Secret in this namespace with the key accountKey or sasToken, and with the label"
                + " breakwater.io/location-credentials=true.")
        public NamedRef credentialsSecretRef;

        @JsonPropertyDescription("Secret in this namespace with the key ca.crt, and with the label"
                + " breakwater.io/location-credentials=true. It contains the certificates, in PEM, of the authorities that"
                + " sign the certificate of the server. Connections then trust no other authority. Default: the public"
                + " authorities that Java trusts.")
        public NamedRef caBundleSecretRef;

        @JsonPropertyDescription("Use the federated identity of the pod instead of a Secret.")
        public WorkloadIdentity workloadIdentity;
    }

    /** Azure workload identity. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class WorkloadIdentity {
        @Size(max = 64)
        @JsonPropertyDescription("Client ID of the managed identity; the one in the pod's environment when absent.")
        public String clientId;
    }

    /** Amazon S3. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.credentialsSecretRef) != has(self.workloadIdentity)",
            message = "exactly one of credentialsSecretRef and workloadIdentity must be set")
    @ValidationRule(
            value = "!has(self.caBundleSecretRef) || !has(self.endpoint) || self.endpoint.startsWith('https://')",
            message = "caBundleSecretRef requires an endpoint with https://")
    @ValidationRule(
            value = "has(self.region) || has(self.endpoint)",
            message = "region must be set, unless endpoint names a server that has no regions")
    @ValidationRule(
            value = "self.bucket == oldSelf.bucket"
                    + " && (has(self.prefix) ? self.prefix : '') == (has(oldSelf.prefix) ? oldSelf.prefix : '')"
                    + " && (has(self.region) ? self.region : '') == (has(oldSelf.region) ? oldSelf.region : '')"
                    + " && (has(self.endpoint) ? self.endpoint : '') == (has(oldSelf.endpoint) ? oldSelf.endpoint : '')"
                    + " && (has(self.pathStyle) ? self.pathStyle : has(self.endpoint)) =="
                    + " (has(oldSelf.pathStyle) ? oldSelf.pathStyle : has(oldSelf.endpoint))",
            message = "bucket, prefix, region, endpoint and pathStyle are immutable, because points would be hidden and"
                    + " new data would be sent elsewhere; create another BackupLocation")
    public static class S3 {
        @Required
        @Size(min = 3, max = 63)
        @Pattern("^[a-z0-9][a-z0-9.-]*[a-z0-9]$")
        @JsonPropertyDescription("Name of the bucket; it must exist.")
        public String bucket;

        @Size(max = 256)
        @Pattern("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")
        @JsonPropertyDescription("Prefix of the names of all objects that Breakwater writes.")
        public String prefix;

        @Size(min = 1, max = 64)
        @Pattern("^[a-z0-9-]+$")
        @JsonPropertyDescription("Region of the bucket; us-east-1 when absent, which servers without regions accept.")
        public String region;

        @Size(max = 512)
        @Pattern("^https?://[^?#/]+/?$")
        @JsonPropertyDescription("URL of the server; that of Amazon S3 in the region when absent. The Helm value"
                + " store.allowedEndpoints limits the hosts.")
        public String endpoint;

        @JsonPropertyDescription(
                "Put the bucket into the path instead of the host name, as servers without wildcard DNS need."
                        + " Default: true where endpoint is set.")
        public Boolean pathStyle;

        @JsonPropertyDescription(
                "Secret in this namespace with the keys accessKeyId and secretAccessKey, and with the label"
                        + " breakwater.io/location-credentials=true.")
        public NamedRef credentialsSecretRef;

        @JsonPropertyDescription("Secret in this namespace with the key ca.crt, and with the label"
                + " breakwater.io/location-credentials=true. It contains the certificates, in PEM, of the authorities that"
                + " sign the certificate of the server. Connections then trust no other authority. Default: the public"
                + " authorities that Java trusts.")
        public NamedRef caBundleSecretRef;

        @JsonPropertyDescription("Use the role of the pod's ServiceAccount (web identity) instead of a Secret.")
        public WebIdentity workloadIdentity;
    }

    /** A role that is assumed with the pod's ServiceAccount token. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class WebIdentity {
        @Size(max = 2048)
        @Pattern("^arn:[a-z0-9-]+:iam::[0-9]*:role/.+$")
        @JsonPropertyDescription("ARN of the role; the one in the pod's environment (AWS_ROLE_ARN) when absent.")
        public String roleArn;
    }

    /** A directory. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Filesystem {
        @Required
        @Size(min = 1, max = 256)
        @Pattern("^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$")
        @JsonPropertyDescription("Path below the gateway's file system root (Helm value gateway.filesystem.root).")
        @ValidationRule(value = "self == oldSelf", message = "path is immutable; create another BackupLocation")
        public String path;
    }

    /** Encryption of repositories and catalog. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "!has(self.escrowSecretRef) || self.escrowSecretRef.name !="
                    + " (has(self.passwordSecretRef) ? self.passwordSecretRef.name : 'breakwater-master-key')",
            message = "escrowSecretRef must not name the Secret with the master key")
    public static class Encryption {
        @JsonPropertyDescription(
                "Secret in this namespace, with the label breakwater.io/location-credentials=true. Its key masterKey holds 32 random bytes in base64; its keys masterKey.<id>"
                        + " hold older ones. Every cluster that shares the location needs the same Secret. Default:"
                        + " breakwater-master-key, which Breakwater generates for a location that is still empty.")
        public NamedRef passwordSecretRef;

        @JsonPropertyDescription(
                "Secret in this namespace, with the label breakwater.io/location-credentials=true. Its key publicKey holds an RSA public key of at least 3072 bits in PEM."
                        + " Breakwater stores all master keys in the location, wrapped with it. The owner of the"
                        + " private key can then recover all data without a cluster.")
        public NamedRef escrowSecretRef;
    }

    /** Locks in the store. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Immutability {
        @Required
        @JsonPropertyDescription(
                "Governance: users with a separate right in the store may shorten a lock (S3: GOVERNANCE, Azure:"
                        + " Unlocked). Compliance: no user may shorten a lock (S3: COMPLIANCE, Azure: Locked).")
        public Mode mode;

        @Required
        @Size(min = 2, max = 16)
        @Pattern("^([0-9]{1,4}d)?([0-9]{1,5}h)?$")
        @ValidationRule(
                value = "self.matches('(^|[^0-9])0*[1-9][0-9]*d') ||"
                        + " self.matches('(^|d)0*(2[4-9]|[3-9][0-9]|[1-9][0-9]{2,})h$')",
                message = "period must be at least 24h")
        @JsonPropertyDescription(
                "Duration of the lock of a new object, for example 30d. Locks are extended while a point needs the"
                        + " object, so that at least half of the period is left. A shorter period does not shorten"
                        + " existing locks.")
        public String period;

        /** Who may shorten a lock. */
        public enum Mode {
            Governance,
            Compliance
        }
    }

    /** Forms of the archives of objects. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Archives {
        @Default("None")
        @JsonPropertyDescription(
                "Whether the objects of new points are also written in clear, in Velero's layout below velero/, where a"
                        + " Velero server can restore them. None: only the encrypted archive. Objects: without the values"
                        + " of Secrets. WithSecrets: with them, so everyone who can read the store can read the Secrets."
                        + " Breakwater itself always restores the encrypted archive.")
        public VeleroLayout velero;
    }

    /** What is written in Velero's layout. */
    public enum VeleroLayout {
        None,
        Objects,
        WithSecrets
    }

    /** The namespaces that may use the location. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "(self.namespaces == 'Selector') == has(self.selector)",
            message = "selector must be set with namespaces: Selector, and only then")
    public static class UsagePolicy {
        @Required
        @Default("Same")
        @JsonPropertyDescription(
                "Same: only this namespace. Selector: namespaces that match selector. All: every namespace.")
        public Namespaces namespaces;

        @JsonPropertyDescription("Labels of the namespaces that may use this location.")
        public LabelSelector selector;
    }

    /** Kinds of usage policy. */
    public enum Namespaces {
        Same,
        Selector,
        All
    }
}
