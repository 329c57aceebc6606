package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LabelSelector;

/** Which store, with which credentials and key, for whom. */
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
        message =
                "spec.layout Velero needs spec.accessMode ReadOnly: what Velero wrote is read, and nothing is written beside it")
@ValidationRule(
        value = "self.layout != 'Velero' || !has(self.encryption) || !has(self.encryption.escrowSecretRef)",
        message =
                "spec.encryption.escrowSecretRef goes with locations of Breakwater: what Velero wrote has no key of ours")
@ValidationRule(
        value = "!has(self.filesystem) || !has(self.immutability)",
        message =
                "spec.immutability goes with azureBlob and s3 only: in a directory nothing keeps files from being removed")
@ValidationRule(
        value = "self.layout == oldSelf.layout",
        message = "spec.layout is immutable; create another BackupLocation")
public class BackupLocationSpec {
    @JsonPropertyDescription("A container in Azure Blob Storage, or in a server that speaks its protocol.")
    public AzureBlob azureBlob;

    @JsonPropertyDescription("A bucket in Amazon S3, or in a server that speaks its protocol.")
    public S3 s3;

    @JsonPropertyDescription(
            "A directory in the gateway's file system, below the root that the installation allows: a NAS mount or a PVC.")
    public Filesystem filesystem;

    @JsonPropertyDescription("The key that repositories and catalog in this location derive from.")
    public Encryption encryption;

    @JsonPropertyDescription(
            "Locks in the store on everything that points need, so that nobody who has the store's credentials can remove or"
                    + " alter it. The bucket must have Object Lock, the container version-level immutability.")
    public Immutability immutability;

    @Default("ReadWrite")
    @JsonPropertyDescription(
            "ReadOnly forbids every write: for restoring from a location that another installation owns.")
    public AccessMode accessMode;

    @Default("Breakwater")
    @JsonPropertyDescription(
            "Whose files lie there. Velero: those of a BackupStorageLocation, whose prefix is the location's; its backups"
                    + " appear as RestorePoints.")
    public Layout layout;

    @JsonPropertyDescription("How many bytes each namespace may hold here; no limit when absent.")
    public Quota quota;

    @JsonPropertyDescription("Which namespaces may refer to this location.")
    public UsagePolicy usagePolicy;

    /** Whose files lie in a location. */
    public enum Layout {
        Breakwater,
        Velero
    }

    /** Whether what lies there was written by Velero. */
    public boolean hasVeleroLayout() {
        return layout == Layout.Velero;
    }

    /** Whether we may write. */
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
            value = "self.account == oldSelf.account && self.container == oldSelf.container"
                    + " && (has(self.prefix) ? self.prefix : '') == (has(oldSelf.prefix) ? oldSelf.prefix : '')",
            message =
                    "account, container and prefix are immutable: points would be lost from sight; create another BackupLocation")
    public static class AzureBlob {
        @Required
        @Size(min = 3, max = 24)
        @Pattern("^[a-z0-9]+$")
        @JsonPropertyDescription("Storage account.")
        public String account;

        @Required
        @Size(min = 3, max = 63)
        @Pattern("^[a-z0-9]+(-[a-z0-9]+)*$")
        @JsonPropertyDescription("Container; created when absent and the credentials allow it.")
        public String container;

        @Size(max = 256)
        @Pattern("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")
        @JsonPropertyDescription("Everything of ours lies below this prefix.")
        public String prefix;

        @Size(max = 512)
        @Pattern("^https?://[^?#]+$")
        @JsonPropertyDescription("URL of the account; https://<account>.blob.core.windows.net when absent.")
        public String endpoint;

        @JsonPropertyDescription("Secret in this namespace with the key accountKey or sasToken.")
        public NamedRef credentialsSecretRef;

        @JsonPropertyDescription("Use the pod's federated identity instead of a Secret.")
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
            value = "has(self.region) || has(self.endpoint)",
            message = "region must be set, unless endpoint names a server that has none")
    @ValidationRule(
            value = "self.bucket == oldSelf.bucket"
                    + " && (has(self.prefix) ? self.prefix : '') == (has(oldSelf.prefix) ? oldSelf.prefix : '')",
            message = "bucket and prefix are immutable: points would be lost from sight; create another BackupLocation")
    public static class S3 {
        @Required
        @Size(min = 3, max = 63)
        @Pattern("^[a-z0-9][a-z0-9.-]*[a-z0-9]$")
        @JsonPropertyDescription("Bucket; it must exist.")
        public String bucket;

        @Size(max = 256)
        @Pattern("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")
        @JsonPropertyDescription("Everything of ours lies below this prefix.")
        public String prefix;

        @Size(min = 1, max = 64)
        @Pattern("^[a-z0-9-]+$")
        @JsonPropertyDescription("Region of the bucket; us-east-1 when absent, which servers without regions accept.")
        public String region;

        @Size(max = 512)
        @Pattern("^https?://[^?#/]+/?$")
        @JsonPropertyDescription("URL of the server; that of Amazon S3 in the region when absent.")
        public String endpoint;

        @JsonPropertyDescription(
                "Name the bucket in the path instead of in the host name, as servers without wildcard DNS"
                        + " need. Default: true where endpoint is set.")
        public Boolean pathStyle;

        @JsonPropertyDescription("Secret in this namespace with the keys accessKeyId and secretAccessKey.")
        public NamedRef credentialsSecretRef;

        @JsonPropertyDescription("Use the role of the pod's ServiceAccount (web identity) instead of a Secret.")
        public WebIdentity workloadIdentity;
    }

    /** A role that the pod's ServiceAccount token is exchanged for. */
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
            message = "escrowSecretRef must name another Secret than the one with the master key")
    public static class Encryption {
        @JsonPropertyDescription(
                "Secret in this namespace whose key masterKey holds 32 random bytes in base64, and whose keys masterKey.<id> hold"
                        + " older ones. Every cluster that shares the location needs the same. Default: breakwater-master-key,"
                        + " generated for a location that is still empty.")
        public NamedRef passwordSecretRef;

        @JsonPropertyDescription(
                "Secret in this namespace whose key publicKey holds an RSA public key of at least 3072 bits in PEM. All master"
                        + " keys are kept in the location wrapped with it, so that whoever has the private key recovers"
                        + " everything without any cluster.")
        public NamedRef escrowSecretRef;
    }

    /** Locks in the store. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Immutability {
        @Required
        @JsonPropertyDescription(
                "Governance: whoever has a special right at the store may shorten a lock (S3: GOVERNANCE, Azure: Unlocked)."
                        + " Compliance: nobody may, ever (S3: COMPLIANCE, Azure: Locked).")
        public Mode mode;

        @Required
        @Size(min = 2, max = 16)
        @Pattern("^([0-9]{1,4}d)?([0-9]{1,5}h)?$")
        @ValidationRule(
                value =
                        "self.matches('(^|[^0-9])0*[1-9][0-9]*d') || self.matches('(^|d)0*(2[4-9]|[3-9][0-9]|[1-9][0-9]{2,})h$')",
                message = "period must be 24h or more")
        @JsonPropertyDescription(
                "How long an object is locked from its writing on, as 30d. Locks are extended for as long as a point needs the"
                        + " object, so that at least half of this is left. A shorter period shortens no lock that is there.")
        public String period;

        /** Against whom. */
        public enum Mode {
            Governance,
            Compliance
        }
    }

    /** Who may use the location. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "(self.namespaces == 'Selector') == has(self.selector)",
            message = "selector goes with namespaces: Selector, and only with it")
    public static class UsagePolicy {
        @Required
        @Default("Same")
        @JsonPropertyDescription(
                "Same: only this namespace. Selector: namespaces that match selector. All: every namespace.")
        public Namespaces namespaces;

        @JsonPropertyDescription("Labels of the namespaces that may refer to this location.")
        public LabelSelector selector;
    }

    /** Kinds of usage policy. */
    public enum Namespaces {
        Same,
        Selector,
        All
    }
}
