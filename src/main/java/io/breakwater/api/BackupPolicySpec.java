package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The protection of the policy's own namespace: what is captured, when, and where it is stored. */
@JsonClassDescription("The objects and volumes to capture, the schedule, the locations and the retention.")
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "!has(self.copies) || size(self.copies) == 0 || !has(self.volumes) || self.volumes.method !="
                + " 'Snapshot'",
        message = "copies require volumes.method SnapshotAndMove or LiveCopy: a retained snapshot stays in its storage")
public class BackupPolicySpec {
    /** Longest timeout of a hook and of a check. */
    public static final Duration LONGEST_COMMAND = Duration.ofHours(1);

    @JsonPropertyDescription(
            "Times at which RestorePoints are created. Without a schedule, create RestorePoints by hand.")
    public Schedule schedule;

    @Default("false")
    @JsonPropertyDescription("Pause the schedule. RestorePoints that are created by hand still run.")
    public Boolean suspend;

    @JsonPropertyDescription(
            "Objectives for data loss and restore time; the conditions Protected and RtoMet, metrics and alerts"
                    + " compare with them.")
    public Objectives objectives;

    @JsonPropertyDescription("The objects that are captured; all objects of the namespace when absent.")
    public Source source;

    @JsonPropertyDescription("The way in which volumes are captured.")
    public Volumes volumes;

    @Size(max = 16)
    @JsonPropertyDescription("Databases that are quiesced while the snapshots are taken.")
    public List<Database> databases;

    @JsonPropertyDescription("Commands that run before and after the snapshots are taken.")
    public Hooks hooks;

    @Required
    @JsonPropertyDescription(
            "BackupLocation of the first copy: in this namespace, or else a shared one in the operator's"
                    + " namespace.")
    public NamedRef locationRef;

    @Size(max = 4)
    @ValidationRule(
            value = "self.all(c, self.exists_one(d, d.locationRef.name == c.locationRef.name))",
            message = "copies must name different locations")
    @JsonPropertyDescription("Further locations to which every RestorePoint is copied.")
    public List<Copy> copies;

    @JsonPropertyDescription("Rules for the RestorePoints that stay; without rules none is deleted.")
    public Retention retention;

    @JsonPropertyDescription(
            "Scheduled Verifications of RestorePoints; the condition Proven, metrics and alerts report their"
                    + " results.")
    public VerificationPlan verification;

    /** Scheduled Verifications. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "(self.level == 'Queried') == (has(self.checks) && size(self.checks) > 0)",
            message = "checks must be set with level Queried, and only then")
    public static class VerificationPlan {
        @JsonPropertyDescription(
                "Times at which Verifications are created. Without a schedule, create Verifications by hand.")
        public Schedule schedule;

        @Default("Restored")
        @JsonPropertyDescription("Level of the Verifications; see Verification.spec.level.")
        public VerificationSpec.Level level;

        @Default("Latest")
        @JsonPropertyDescription("The sealed RestorePoint that is verified each time.")
        public VerificationSpec.Choice point;

        @Size(max = 16)
        @ValidationRule(
                value = "self.all(c, self.exists_one(d, d.name == c.name))",
                message = "checks must have different names")
        @JsonPropertyDescription("Checks that run in the restored application, in this order.")
        public List<Check> checks;

        @Default("10m")
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("Maximum time until the restored workloads are ready.")
        public String readyTimeout;

        @Default("0s")
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("Time for which the restored copy stays for inspection, at most 24h.")
        public String keepFor;
    }

    /** A check of the restored application: exactly one of a command and a query. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.command) != has(self.sql)",
            message = "a check has exactly one of command and sql")
    public static class Check {
        @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Name of the check in the results.")
        public String name;

        @Required
        @JsonPropertyDescription("Labels of the pod in which the check runs; exactly one running pod must match.")
        public LabelSelector podSelector;

        @Size(max = 63)
        @JsonPropertyDescription("Container in which the check runs; the first one of the pod when absent.")
        public String container;

        @Size(min = 1, max = 64)
        @JsonPropertyDescription("Command and arguments. The exit code must be 0.")
        public List<String> command;

        @JsonPropertyDescription("Query for a PostgreSQL server, which psql runs in the same container.")
        public Sql sql;

        @Size(max = 512)
        @JsonPropertyDescription(
                "Regular expression that the complete trimmed output must match, in the syntax of RE2.")
        public String expect;

        @JsonPropertyDescription(
                "Whether the end of the output is recorded in the status of the Verification and of the RestorePoint."
                        + " All users that may read them can read it, so the output must have no secrets. When absent,"
                        + " only exit code, result and a digest are recorded.")
        public Boolean showOutput;

        @Default("30s")
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("Maximum duration of the check, at most 1h.")
        public String timeout;
    }

    /** A query for PostgreSQL. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Sql {
        @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Database.")
        public String database;

        @Default("postgres")
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Role that the query runs as.")
        public String user;

        @Required
        @Size(min = 1, max = 4096)
        @JsonPropertyDescription("One statement. Rows are printed unaligned and without headings.")
        public String query;
    }

    /** Cron schedule. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Schedule {
        @Required
        @Size(min = 9, max = 128)
        @Pattern("^\\S+ \\S+ \\S+ \\S+ \\S+$")
        @JsonPropertyDescription("Five-field cron expression: minute, hour, day of month, month, day of week.")
        public String cron;

        @Default("Etc/UTC")
        @Size(max = 64)
        @JsonPropertyDescription("Time zone of the cron expression, a name of the IANA database.")
        public String timeZone;

        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription(
                "Delay each scheduled time by a part of this duration, for example 10m. The delay follows from the"
                        + " policy's namespace and name and is always the same, so that many namespaces do not start"
                        + " at the same time. When absent: a tenth of the interval, at most 5m; in policies that a"
                        + " template manages half of the interval, at most 10m. 0s starts at the exact time.")
        public String jitter;
    }

    /** The objects that are captured. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "!has(self.namespaces) || !has(self.includeClusterResources) || self.includeClusterResources !="
                    + " 'All'",
            message = "includeClusterResources All and namespaces exclude each other: capture the cluster's objects in"
                    + " one policy, not in one for each namespace",
            fieldPath = ".includeClusterResources")
    public static class Source {
        @JsonPropertyDescription(
                "Makes the policy a template, in the operator's namespace only. In every selected namespace, also in"
                        + " those created later, the operator manages a policy with the same name and the same spec"
                        + " without this field. The operator's namespace is never selected.")
        public NamespaceSelection namespaces;

        @JsonPropertyDescription(
                "Only objects with these labels, and the claims that pods with these labels mount. Volumes of other"
                        + " claims are not captured.")
        public LabelSelector labelSelector;

        @Size(max = 64)
        @JsonPropertyDescription("Only objects that match one of these rules.")
        public List<ObjectRule> include;

        @Size(max = 64)
        @JsonPropertyDescription(
                "No objects that match one of these rules. The volume of a claim that matches is excluded too.")
        public List<ObjectRule> exclude;

        @Default("Referenced")
        @JsonPropertyDescription(
                "Cluster-scoped objects. Referenced: those that captured objects need, such as their definitions,"
                        + " ClusterRoles and StorageClasses. None: only the namespace itself. All: every object that"
                        + " is meaningful in another cluster; in the operator's namespace only.")
        public ClusterResources includeClusterResources;
    }

    /** The namespaces that a template selects: those that meet all stated fields. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.include) || has(self.selector)",
            message = "include or selector must be set; include: ['*'] selects every namespace")
    public static class NamespaceSelection {
        private static final String NAME = "^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$";

        @Size(min = 1, max = 256)
        @JsonPropertyDescription(
                "Names of namespaces, in which * matches any text. ['*'] selects all, including kube-system.")
        public List<@Size(min = 1, max = 63) @Pattern(NAME) String> include;

        @Size(max = 256)
        @JsonPropertyDescription("Names of namespaces that are not selected; * matches any text.")
        public List<@Size(min = 1, max = 63) @Pattern(NAME) String> exclude;

        @JsonPropertyDescription("Labels of the selected namespaces.")
        public LabelSelector selector;
    }

    /** Which cluster-scoped objects are captured. */
    public enum ClusterResources {
        Referenced,
        None,
        All
    }

    /** Objectives of the policy. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Objectives {
        @Required
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription(
                "Recovery point objective: maximum age of the newest good RestorePoint, for example 15m or 1h30m.")
        public String rpo;

        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription(
                "Recovery time objective: maximum duration of a restore. It is compared with the time that"
                        + " Verifications measure.")
        public String rto;
    }

    /** The way in which the content of volumes is stored. */
    public enum VolumeMethod {
        /** As CSI snapshots that stay in the storage: available at once, and lost with the storage. */
        Snapshot,
        /** From CSI snapshots; a volume that cannot be snapshotted is not captured. */
        SnapshotAndMove,
        /** From CSI snapshots where possible, and from the volume itself, while it is in use, where not. */
        LiveCopy
    }

    /**
     * The capture of volumes by CSI snapshots. Their content is moved to the location unless the method is Snapshot.
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "self.method != 'Snapshot' || !has(self.groupBy)",
            message = "groupBy requires method SnapshotAndMove or LiveCopy: a member of a group snapshot cannot be"
                    + " retained alone")
    public static class Volumes {
        @Default("SnapshotAndMove")
        @JsonPropertyDescription(
                "SnapshotAndMove: read volumes from CSI snapshots and move the data to the location. LiveCopy: the"
                        + " same, but volumes that cannot be snapshotted are read while they are in use, and files"
                        + " that change meanwhile may be inconsistent. Snapshot: CSI snapshots stay in the storage"
                        + " and no data is moved; such points are fast to create and to restore, and are lost with"
                        + " the storage.")
        public VolumeMethod method;

        @Size(max = 253)
        @JsonPropertyDescription("VolumeSnapshotClass; the default class of the volume's driver when absent.")
        public String snapshotClassName;

        @Size(min = 1, max = 317)
        @Pattern("^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
        @JsonPropertyDescription(
                "Key of a label. PersistentVolumeClaims with the same value of this label form a group, and one"
                        + " VolumeGroupSnapshot captures their volumes at one moment. If a group snapshot is not"
                        + " possible, the RestorePoint fails. Without groupBy, and for claims without the label, each"
                        + " volume has its own snapshot.")
        public String groupBy;

        @Size(max = 256)
        @JsonPropertyDescription(
                "PersistentVolumeClaims that may be skipped. If any other volume cannot be captured, the RestorePoint"
                        + " fails.")
        public List<String> allowUnprotected;

        @JsonPropertyDescription("Settings of the pods that move the content of volumes to the location.")
        public MoverSettings mover;
    }

    /** Whether snapshots stay in the storage, and no data is moved. */
    public boolean retainsSnapshots() {
        return volumes != null && volumes.method == VolumeMethod.Snapshot;
    }

    /**
     * Whether both policies would do the same with the same volumes. A policy that retains snapshots may coexist with
     * one that moves them.
     */
    public boolean conflictsWith(BackupPolicySpec other) {
        return retainsSnapshots() == other.retainsSnapshots();
    }

    /** The settings of the movers; the defaults when the policy has none. */
    public MoverSettings mover() {
        return volumes == null || volumes.mover == null ? new MoverSettings() : volumes.mover;
    }

    /** A database in this namespace. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Database {
        @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Name of the database in status and messages.")
        public String name;

        @Required
        @JsonPropertyDescription("A PostgreSQL server that runs in a pod.")
        public Postgresql postgresql;
    }

    /** A PostgreSQL server, which psql reaches inside its own pod. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Postgresql {
        @Required
        @JsonPropertyDescription("Labels of the pod that runs the primary; exactly one running pod must match.")
        public LabelSelector podSelector;

        @Size(max = 63)
        @JsonPropertyDescription("Container of the server; the first one of the pod when absent.")
        public String container;

        @Default("postgres")
        @Size(min = 1, max = 63)
        @Pattern("^[A-Za-z_][A-Za-z0-9_$-]*$")
        @JsonPropertyDescription("Role to connect as; it needs pg_checkpoint, or must be a superuser.")
        public String user;
    }

    /** Commands before and after the snapshots. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Hooks {
        @Size(max = 16)
        @JsonPropertyDescription("Commands that run before the snapshots are taken, in this order.")
        public List<Hook> pre;

        @Size(max = 16)
        @JsonPropertyDescription(
                "Commands that run after the snapshots are taken, in this order. They always run, also after a"
                        + " failure.")
        public List<Hook> post;
    }

    /** A command in a pod. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Hook {
        @Required
        @JsonPropertyDescription(
                "Labels of the pods in which the command runs. It runs in every running pod that matches; at least"
                        + " one must match.")
        public LabelSelector podSelector;

        @Size(max = 63)
        @JsonPropertyDescription("Container in which the command runs; the first one of the pod when absent.")
        public String container;

        @Required
        @Size(min = 1, max = 64)
        @JsonPropertyDescription("Command and arguments. No shell is used unless the command names one.")
        public List<String> command = new ArrayList<>();

        @Default("30s")
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("Maximum duration of the command, at most 1h.")
        public String timeout;

        @Default("Fail")
        @JsonPropertyDescription("Fail: the RestorePoint fails. Continue: it continues, with a warning.")
        public OnError onError;
    }

    /** The effect of a hook that fails. */
    public enum OnError {
        Fail,
        Continue
    }

    /** A further location. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Copy {
        @Required
        @JsonPropertyDescription("BackupLocation of the copy.")
        public NamedRef locationRef;

        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("Maximum age of the newest RestorePoint in this location.")
        public String rpo;
    }

    /**
     * The points that stay: the newest ones, and the newest of each of the last hours, days, weeks, months and years
     * that have one. Without any of these counts no good point is deleted.
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Retention {
        @Min(1)
        @Max(1000)
        @JsonPropertyDescription("Keep this many of the newest good RestorePoints. The last good one is never deleted.")
        public Integer keepLast;

        @Min(1)
        @Max(1000)
        @JsonPropertyDescription(
                "Keep the newest RestorePoint of each of this many hours. Hours without a RestorePoint do not count.")
        public Integer hourly;

        @Min(1)
        @Max(1000)
        @JsonPropertyDescription(
                "Keep the newest RestorePoint of each of this many days, in the time zone of the schedule.")
        public Integer daily;

        @Min(1)
        @Max(1000)
        @JsonPropertyDescription(
                "Keep the newest RestorePoint of each of this many weeks, which start on Monday (ISO 8601).")
        public Integer weekly;

        @Min(1)
        @Max(1000)
        @JsonPropertyDescription("Keep the newest RestorePoint of each of this many months.")
        public Integer monthly;

        @Min(1)
        @Max(1000)
        @JsonPropertyDescription("Keep the newest RestorePoint of each of this many years.")
        public Integer yearly;

        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription(
                "RestorePoints younger than this cannot be deleted, by retention or by a user. The end date is"
                        + " written into each RestorePoint when it is sealed; a shorter value later does not shorten"
                        + " it.")
        public String lockedFor;

        @JsonPropertyDescription("Rules for failed scheduled RestorePoints, which stay for inspection.")
        public Failed failed;
    }

    /** Rules for failed points. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Failed {
        @Default("3")
        @Min(0)
        @Max(100)
        @JsonPropertyDescription("Keep at most this many failed RestorePoints.")
        public Integer keepLast;

        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription(
                "Delete failed RestorePoints that are older than this, for example 7d; when absent only keepLast"
                        + " counts.")
        public String keepFor;
    }
}
