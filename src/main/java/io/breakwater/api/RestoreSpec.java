package io.breakwater.api;

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

/** Which point, what of it, where to, and what to do about what is there already; immutable. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(value = "self == oldSelf", message = "a Restore is one attempt and immutable; create another Restore")
@ValidationRule(
        value = "has(self.restorePointRef) != has(self.policyRef)",
        message = "exactly one of restorePointRef and policyRef must be set")
@ValidationRule(
        value = "!has(self.at) || has(self.policyRef)",
        message = "at needs policyRef: it chooses among its points")
@ValidationRule(
        value = "!has(self.files) || self.onConflict in ['Skip', 'Update']",
        message = "files needs onConflict Skip, which keeps files that exist, or Update, which overwrites them")
@ValidationRule(
        value =
                "!has(self.files) || !(has(self.include) || has(self.exclude) || has(self.transforms)"
                        + " || has(self.storageClasses) || has(self.images) || has(self.hosts) || has(self.order) || self.dryRun)",
        message = "files restores nothing but files: without include, exclude, transforms, maps, order and dryRun")
public class RestoreSpec {
    /** What {@link #at} looks like. */
    public static final String TIME =
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$";

    @JsonPropertyDescription("RestorePoint in this namespace, or in sourceNamespace.")
    public NamedRef restorePointRef;

    @JsonPropertyDescription(
            "BackupPolicy in this namespace, or in sourceNamespace, whose newest sealed RestorePoint is restored; see at. The"
                    + " policy itself need not exist any more.")
    public NamedRef policyRef;

    @Size(max = 63)
    @JsonPropertyDescription(
            "Namespace of the RestorePoint. Only a Restore in the operator's own namespace may name another one than its own.")
    public String sourceNamespace;

    @Size(max = 40)
    @Pattern(TIME)
    @JsonPropertyDescription(
            "With policyRef: the newest point that was captured not after this time, RFC 3339 as 2026-03-01T09:30:00Z.")
    public String at;

    @Size(max = 63)
    @JsonPropertyDescription(
            "Namespace to restore into, created when absent. Only a Restore in the operator's own namespace may name another"
                    + " namespace than its own.")
    public String targetNamespace;

    @Size(max = 64)
    @JsonPropertyDescription(
            "What is restored: objects that one of these rules takes; everything when absent. A PersistentVolumeClaim that is"
                    + " left out is neither made nor filled.")
    public List<ObjectRule> include;

    @Size(max = 64)
    @JsonPropertyDescription("What is left out of that: objects that one of these rules takes.")
    public List<ObjectRule> exclude;

    @Default("Fail")
    @JsonPropertyDescription(
            "What happens to objects and volumes that exist already. Fail: refuse before anything is touched. Skip: leave them"
                    + " as they are. Update: merge the captured fields into existing objects and remove nothing; existing volumes are"
                    + " left as they are. Replace: put the point's content in their place; pods that use a replaced volume are"
                    + " held back meanwhile.")
    public OnConflict onConflict;

    @Default("Restore")
    @JsonPropertyDescription("Restore: fill volumes from the point. Skip: resources only; claims are made empty.")
    public Volumes volumes;

    @Default("false")
    @JsonPropertyDescription(
            "Change nothing, and report what would be created, updated, replaced, left and refused: counts in the status, the"
                    + " list in the ConfigMap that status.report names.")
    public Boolean dryRun;

    @JsonPropertyDescription(
            "Restore only these files of one volume, while pods go on; no object is touched and no file is removed.")
    public Files files;

    @Size(max = 64)
    @JsonPropertyDescription("Changes to objects on their way, in order, after storageClasses, images and hosts.")
    public List<Transform> transforms;

    @Size(max = 64)
    @JsonPropertyDescription(
            "StorageClass in the point: StorageClass to use instead; for claims and the claim templates of StatefulSets.")
    public Map<String, String> storageClasses;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Beginning of an image's name, as docker.io/acme: what it becomes, as registry.example.com/mirror. It ends where a"
                    + " part of the name ends; the longest one counts.")
    public Map<String, String> images;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Host name of an Ingress, a Route, or a Gateway and its routes: what it becomes. With a dot in front of both, all"
                    + " names below.")
    public Map<String, String> hosts;

    @Size(min = 1, max = 32)
    @JsonPropertyDescription(
            "What must be up before what, beyond the order of kinds that every restore keeps. Without it, workloads start side by"
                    + " side.")
    public List<Dependency> order;

    /** Whether some objects wait for others to be up. */
    public boolean ordered() {
        return order != null && !order.isEmpty();
    }

    /** Whether only a part of the point is asked for. */
    public boolean partial() {
        return include != null && !include.isEmpty() || exclude != null && !exclude.isEmpty();
    }

    /** Whether nothing is changed. */
    public boolean rehearsal() {
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
                "Files and directories in that volume, from its root: /uploads/2026. * and ? stand for parts of a name.")
        public List<String> paths;

        @Size(min = 1, max = 253)
        @JsonPropertyDescription(
                "PersistentVolumeClaim in the target namespace that they are written to, at the same paths; the same name as pvc"
                        + " when absent.")
        public String targetPvc;
    }

    /** Objects that must be up before others are restored and their pods start. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Dependency {
        /** How long is waited where nothing is said. */
        public static final String DEFAULT_TIMEOUT = "10m";

        @Required
        @Size(min = 1, max = 16)
        @JsonPropertyDescription(
                "Objects that must be up, as they were captured: Deployments, StatefulSets and DaemonSets with all pods available,"
                        + " Jobs complete, Pods ready, custom resources with a true condition Ready or Available.")
        public List<ObjectRule> first;

        @Required
        @Size(min = 1, max = 16)
        @JsonPropertyDescription(
                "Objects that are restored after that, and whose pods are held back until then. What first takes does not count"
                        + " here.")
        public List<ObjectRule> then;

        @Default(DEFAULT_TIMEOUT)
        @Size(min = 2, max = 32)
        @Pattern(Durations.PATTERN)
        @JsonPropertyDescription(
                "How long the objects of first may take, from when their pods may start; after that the Restore fails, and what"
                        + " was restored stays.")
        public String timeout;
    }

    /** A change to objects: exactly one of a JSON patch and a merge patch. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Transform {
        @Required
        @JsonPropertyDescription("Objects that are changed, as they were captured.")
        public ObjectRule select;

        @Size(min = 1, max = 64)
        @JsonPropertyDescription(
                "Operations of a JSON patch (RFC 6902); to remove what is not there is no error. apiVersion, kind, name, namespace and uid cannot be changed.")
        public List<PatchOperation> jsonPatch;

        @PreserveUnknownFields
        @JsonPropertyDescription("JSON merge patch (RFC 7386); to remove a field, use jsonPatch.")
        public JsonNode mergePatch;
    }

    /** One operation of a JSON patch. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class PatchOperation {
        @Required
        @JsonPropertyDescription("What is done.")
        public PatchVerb op;

        @Required
        @Size(min = 1, max = 1024)
        @Pattern("^(/([^/~]|~[01])*)+$")
        @JsonPropertyDescription(
                "Where, as a JSON pointer (RFC 6901): /spec/replicas, /metadata/labels/app.kubernetes.io~1name.")
        public String path;

        @Size(min = 1, max = 1024)
        @Pattern("^(/([^/~]|~[01])*)+$")
        @JsonPropertyDescription("For move and copy: where from.")
        public String from;

        @PreserveUnknownFields
        @JsonPropertyDescription("For add, replace and test: what.")
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

    /** What to do about existing objects. */
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
