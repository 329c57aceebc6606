package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;

/** The point, the restored part of it, the target, and the treatment of existing objects. Immutable. */
@JsonClassDescription(
        "The point, the restored part of it, the target, and the treatment of existing objects. Immutable.")
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(value = "self == oldSelf", message = "a Restore is one attempt and immutable; create another Restore")
@ValidationRule(
        value = "has(self.restorePointRef) != has(self.policyRef)",
        message = "exactly one of restorePointRef and policyRef must be set")
@ValidationRule(
        value = "!has(self.at) || has(self.policyRef)",
        message = "at requires policyRef: it selects one of the points of the policy")
@ValidationRule(
        value = "!has(self.files) || self.onConflict in ['Skip', 'Update']",
        message = "files requires onConflict Skip, which does not change existing files, or Update, which overwrites"
                + " them")
@ValidationRule(
        value = "!has(self.files) || !(has(self.include) || has(self.exclude) || has(self.transforms) ||"
                + " has(self.storageClasses) || has(self.images) || has(self.hosts) || has(self.order) ||"
                + " self.dryRun)",
        message = "files must not be combined with include, exclude, transforms, storageClasses, images, hosts, order"
                + " or dryRun: it restores only files")
public class RestoreSpec {
    /** Pattern of {@link #at}. */
    public static final String TIME =
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$";

    @JsonPropertyDescription("RestorePoint in this namespace, or in sourceNamespace.")
    public NamedRef restorePointRef;

    @JsonPropertyDescription(
            "BackupPolicy in this namespace, or in sourceNamespace, whose newest sealed RestorePoint is restored;"
                    + " see at. The policy may have been deleted.")
    public NamedRef policyRef;

    @Size(max = 63)
    @JsonPropertyDescription(
            "Namespace of the RestorePoint; this namespace when absent. Only a Restore in the operator's"
                    + " namespace may name another one.")
    public String sourceNamespace;

    @Size(max = 40)
    @Pattern(TIME)
    @JsonPropertyDescription(
            "With policyRef: restore the newest point that was captured not after this time, RFC 3339, for"
                    + " example 2026-03-01T09:30:00Z.")
    public String at;

    @Size(max = 63)
    @JsonPropertyDescription(
            "Namespace to restore into, created when it does not exist; this namespace when absent. Only a"
                    + " Restore in the operator's namespace may name another one.")
    public String targetNamespace;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Only objects that match one of these rules are restored; all objects when absent. An excluded"
                    + " PersistentVolumeClaim is neither created nor filled.")
    public List<ObjectRule> include;

    @Size(max = 64)
    @JsonPropertyDescription("Objects that match one of these rules are not restored.")
    public List<ObjectRule> exclude;

    @Default("Fail")
    @JsonPropertyDescription(
            "Treatment of objects and volumes that exist already. Fail: refuse before anything is changed. Skip:"
                    + " do not change them. Update: merge the captured fields into existing objects and remove"
                    + " nothing; existing volumes are not changed. Replace: make them equal to the captured ones;"
                    + " pods that use a replaced volume are held meanwhile.")
    public OnConflict onConflict;

    @Default("Restore")
    @JsonPropertyDescription(
            "Restore: fill volumes from the point. Skip: restore only objects, and create claims empty.")
    public Volumes volumes;

    @Default("false")
    @JsonPropertyDescription(
            "Change nothing, and report which objects would be created, updated, replaced, skipped and refused."
                    + " The status has the counts; the ConfigMap that status.report names has the list.")
    public Boolean dryRun;

    @JsonPropertyDescription(
            "Restore only these files of one volume, while pods continue to run. No object is changed and no file"
                    + " is deleted.")
    public Files files;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Changes to the restored objects, applied in order after storageClasses, images and hosts.")
    public List<Transform> transforms;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Map from a StorageClass in the point to the StorageClass to use, for claims and for the claim"
                    + " templates of StatefulSets.")
    public Map<String, String> storageClasses;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Map from the prefix of an image name, for example docker.io/acme, to its replacement, for example"
                    + " registry.example.com/mirror. A prefix ends at the end of a component of the name; the"
                    + " longest matching prefix counts.")
    public Map<String, String> images;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Map from a host name of an Ingress, a Route, or a Gateway and its routes to its replacement. If both"
                    + " start with a dot, all names below match.")
    public Map<String, String> hosts;

    @Size(min = 1, max = 32)
    @JsonPropertyDescription(
            "Objects that must be up before others are restored, in addition to the order of kinds in every"
                    + " restore. When absent, workloads start in parallel.")
    public List<Dependency> order;

    /** Whether some objects wait until others are up. */
    public boolean ordered() {
        return order != null && !order.isEmpty();
    }

    /** Whether only a part of the point is restored. */
    public boolean partial() {
        return include != null && !include.isEmpty() || exclude != null && !exclude.isEmpty();
    }

    /** Whether this is a dry run. */
    public boolean dryRun() {
        return Boolean.TRUE.equals(dryRun);
    }

    /** Single files of a volume. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Files {
        @Required
        @Size(min = 1, max = 253)
        @JsonPropertyDescription("PersistentVolumeClaim in the point.")
        public String pvc;

        @Required
        @Size(min = 1, max = 256)
        @JsonPropertyDescription(
                "Files and directories in that volume, from its root, for example /uploads/2026. * and ? match parts"
                        + " of a name, and the name ** any number of directories. A backslash before *, ? or a backslash"
                        + " makes that character ordinary. No other character has a special meaning.")
        public List<String> paths;

        @Size(min = 1, max = 253)
        @JsonPropertyDescription(
                "PersistentVolumeClaim in the target namespace into which the files are written, at the same paths;"
                        + " the one with the name of pvc when absent.")
        public String targetPvc;
    }

    /** Objects that must be up before others are restored and their pods start. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Dependency {
        /** Default of the timeout. */
        public static final String DEFAULT_TIMEOUT = "10m";

        @Required
        @Size(min = 1, max = 16)
        @JsonPropertyDescription(
                "Objects that must be up, matched as they were captured. Up means: all pods of Deployments,"
                        + " StatefulSets and DaemonSets available, Jobs complete, Pods ready, and the condition Ready"
                        + " or Available of custom resources true.")
        public List<ObjectRule> first;

        @Required
        @Size(min = 1, max = 16)
        @JsonPropertyDescription(
                "Objects that are restored after that, and whose pods are held until then. Objects that first matches"
                        + " do not count.")
        public List<ObjectRule> then;

        @Default(DEFAULT_TIMEOUT)
        @Size(min = 2, max = 32)
        @Pattern(Durations.PATTERN)
        @JsonPropertyDescription(
                "Maximum time until the objects of first are up, from the time at which their pods may start. After"
                        + " that the Restore fails; restored objects stay.")
        public String timeout;
    }

    /** A change to objects: exactly one of a JSON patch and a merge patch. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Transform {
        @Required
        @JsonPropertyDescription("Objects to change, matched as they were captured.")
        public ObjectRule select;

        @Size(min = 1, max = 64)
        @JsonPropertyDescription(
                "Operations of a JSON patch (RFC 6902). The removal of a field that does not exist is not an error."
                        + " apiVersion, kind, name, namespace and uid cannot be changed.")
        public List<PatchOperation> jsonPatch;

        @PreserveUnknownFields
        @JsonPropertyDescription("JSON merge patch (RFC 7386); to remove a field, use jsonPatch.")
        public JsonNode mergePatch;
    }

    /** One operation of a JSON patch. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class PatchOperation {
        @Required
        @JsonPropertyDescription("Operation.")
        public PatchVerb op;

        @Required
        @Size(min = 1, max = 1024)
        @Pattern("^(/([^/~]|~[01])*)+$")
        @JsonPropertyDescription("Target of the operation, as a JSON pointer (RFC 6901): /spec/replicas,"
                + " /metadata/labels/app.kubernetes.io~1name.")
        public String path;

        @Size(min = 1, max = 1024)
        @Pattern("^(/([^/~]|~[01])*)+$")
        @JsonPropertyDescription("For move and copy: source of the operation, as a JSON pointer.")
        public String from;

        @PreserveUnknownFields
        @JsonPropertyDescription("For add, replace and test: the value.")
        public JsonNode value;
    }

    /** The operations of RFC 6902. */
    public enum PatchVerb {
        add,
        remove,
        replace,
        move,
        copy,
        test
    }

    /** Treatment of existing objects. */
    public enum OnConflict {
        Fail,
        Skip,
        Update,
        Replace
    }

    /** Whether volumes are filled. */
    public enum Volumes {
        Restore,
        Skip
    }
}
