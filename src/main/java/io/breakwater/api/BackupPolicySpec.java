package io.breakwater.api;

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
import java.util.ArrayList;
import java.util.List;

/** What is protected, when, where to. Acts on the policy's own namespace. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value =
                "!has(self.copies) || size(self.copies) == 0 || !has(self.volumes) || self.volumes.method != 'Snapshot'",
        message = "copies go with volumes.method SnapshotAndMove or LiveCopy: a kept snapshot stays where it is")
public class BackupPolicySpec {
    @JsonPropertyDescription("When RestorePoints are made; without it only on demand, by creating a RestorePoint.")
    public Schedule schedule;

    @Default("false")
    @JsonPropertyDescription("Pause the schedule; RestorePoints on demand still work.")
    public Boolean suspend;

    @JsonPropertyDescription("What was promised; drives the condition Protected, metrics and alerts.")
    public Objectives objectives;

    @JsonPropertyDescription("What of the namespace belongs to it; everything when absent.")
    public Source source;

    @JsonPropertyDescription("How volumes are captured.")
    public Volumes volumes;

    @Size(max = 16)
    @JsonPropertyDescription("Databases that are quiesced while the snapshots are cut.")
    public List<Database> databases;

    @JsonPropertyDescription("Commands around the moment at which the snapshots are cut.")
    public Hooks hooks;

    @Required
    @JsonPropertyDescription(
            "BackupLocation of the first copy: in this namespace, else a shared one in the operator's namespace.")
    public NamedRef locationRef;

    @Size(max = 4)
    @ValidationRule(
            value = "self.all(c, self.exists_one(d, d.locationRef.name == c.locationRef.name))",
            message = "copies must name different locations")
    @JsonPropertyDescription("Further locations that every RestorePoint is copied to.")
    public List<Copy> copies;

    @JsonPropertyDescription("Which RestorePoints are kept.")
    public Retention retention;

    @JsonPropertyDescription(
            "Proof on schedule that RestorePoints restore; drives the condition Proven, metrics and alerts.")
    public VerificationPlan verification;

    /** Proof on schedule. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "(self.level == 'Queried') == (has(self.checks) && size(self.checks) > 0)",
            message = "checks go with level Queried, and only with it")
    public static class VerificationPlan {
        @JsonPropertyDescription("When Verifications are made; without it only on demand, by creating a Verification.")
        public Schedule schedule;

        @Default("Restored")
        @JsonPropertyDescription("How thoroughly, as in Verification.spec.level.")
        public VerificationSpec.Level level;

        @Default("Latest")
        @JsonPropertyDescription("Which sealed RestorePoint is taken each time.")
        public VerificationSpec.Choice point;

        @Size(max = 16)
        @ValidationRule(
                value = "self.all(c, self.exists_one(d, d.name == c.name))",
                message = "checks must have different names")
        @JsonPropertyDescription("What is asked of the restored application, in order.")
        public List<Check> checks;

        @Default("10m")
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("How long the restored workloads may take to become ready.")
        public String readyTimeout;

        @Default("0s")
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("How long the restored copy is kept for a look at it, at most 24h.")
        public String keepFor;
    }

    /** A question to the restored application: exactly one of a command and a query. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.command) != has(self.sql)",
            message = "a check has exactly one of command and sql")
    public static class Check {
        @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Name under which the result is told.")
        public String name;

        @Required
        @JsonPropertyDescription("Labels of the pod to ask; one running pod must match.")
        public LabelSelector podSelector;

        @Size(max = 63)
        @JsonPropertyDescription("Container to ask in; the pod's first one when absent.")
        public String container;

        @Size(min = 1, max = 64)
        @JsonPropertyDescription("Command and arguments; it must end with exit code 0.")
        public List<String> command;

        @JsonPropertyDescription("Query for a PostgreSQL server, by psql in the same container.")
        public Sql sql;

        @Size(max = 512)
        @JsonPropertyDescription(
                "Regular expression (RE2 and Java agree on its syntax) that the whole trimmed output must match.")
        public String expect;

        @Default("30s")
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("How long it may take.")
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
        @JsonPropertyDescription("Role to connect as.")
        public String user;

        @Required
        @Size(min = 1, max = 4096)
        @JsonPropertyDescription("One statement; rows are printed unaligned, without headings.")
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
        @JsonPropertyDescription("Time zone of the cron expression, as in the IANA database.")
        public String timeZone;

        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription(
                "Every time is put off by a part of this, as 10m, that follows from the policy's namespace and name and is always the"
                        + " same, so that many namespaces do not start at one moment. When absent nothing is put off; in policies that"
                        + " a template keeps, half of the interval, at most 10m.")
        public String jitter;
    }

    /** What of the namespace is captured. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value =
                    "!has(self.namespaces) || !has(self.includeClusterResources) || self.includeClusterResources != 'All'",
            message =
                    "includeClusterResources All and namespaces exclude each other: the cluster's objects belong into one policy,"
                            + " not into that of each namespace",
            fieldPath = ".includeClusterResources")
    public static class Source {
        @JsonPropertyDescription(
                "Makes the policy a template: the operator keeps a policy of the same name, and the same but for this field, in every"
                        + " namespace that is selected, also in those that come later. Only in the operator's namespace, which is"
                        + " never selected itself.")
        public NamespaceSelection namespaces;

        @JsonPropertyDescription(
                "Only objects with these labels, and the claims that pods with these labels mount. Volumes of other claims are not"
                        + " captured.")
        public LabelSelector labelSelector;

        @Size(max = 64)
        @JsonPropertyDescription("Only objects that one of these rules takes.")
        public List<ObjectRule> include;

        @Size(max = 64)
        @JsonPropertyDescription(
                "None of the objects that one of these rules takes. A claim that is taken loses its volume, too.")
        public List<ObjectRule> exclude;

        @Default("Referenced")
        @JsonPropertyDescription(
                "Cluster-scoped objects. Referenced: those that captured objects need, as their definitions, ClusterRoles and"
                        + " StorageClasses. None: no other than the namespace itself. All: every one that means anything in"
                        + " another cluster; only in the operator's namespace.")
        public ClusterResources includeClusterResources;
    }

    /** Which namespaces a template is for: those that meet everything that it states. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.include) || has(self.selector)",
            message = "state include or selector; include: ['*'] takes every namespace")
    public static class NamespaceSelection {
        private static final String NAME = "^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$";

        @Size(min = 1, max = 256)
        @JsonPropertyDescription(
                "Names of namespaces, in which * stands for any part of one; ['*'] takes all, kube-system among them.")
        public List<@Size(min = 1, max = 63) @Pattern(NAME) String> include;

        @Size(max = 256)
        @JsonPropertyDescription("Names of namespaces that are not selected; * stands for any part of one.")
        public List<@Size(min = 1, max = 63) @Pattern(NAME) String> exclude;

        @JsonPropertyDescription("Labels that the namespaces have.")
        public LabelSelector selector;
    }

    /** Which cluster-scoped objects are captured. */
    public enum ClusterResources {
        Referenced,
        None,
        All
    }

    /** Promises. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Objectives {
        @Required
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription(
                "Recovery point objective: the age that the newest good RestorePoint may reach, as 15m or 1h30m.")
        public String rpo;

        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription(
                "Recovery time objective: how long a restore may take; compared with the time that verifications measure.")
        public String rto;
    }

    /** How the content of volumes is kept. */
    public enum VolumeMethod {
        /** As CSI snapshots that stay in the storage: at hand at once, and lost with it. */
        Snapshot,
        /** From CSI snapshots; a volume that cannot be snapshotted is not captured. */
        SnapshotAndMove,
        /** From CSI snapshots where there are any, and from the volume itself, while it is in use, where there are none. */
        LiveCopy
    }

    /** How volumes are captured: CSI snapshots, whose content is moved to the location unless the policy wants them kept. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "self.method != 'Snapshot' || !has(self.groupBy)",
            message = "groupBy goes with methods that move the data: a member of a group snapshot cannot be kept alone")
    public static class Volumes {
        @Default("SnapshotAndMove")
        @JsonPropertyDescription(
                "SnapshotAndMove: from CSI snapshots. LiveCopy: the same, and volumes that cannot be snapshotted are read while they"
                        + " are in use; files that change meanwhile may not fit together. Snapshot: CSI snapshots stay in the"
                        + " storage, and nothing is moved; such a point is quickly made and restored, and lost with the storage.")
        public VolumeMethod method;

        @Size(max = 253)
        @JsonPropertyDescription("VolumeSnapshotClass; the default class of the volume's driver when absent.")
        public String snapshotClassName;

        @Size(min = 1, max = 317)
        @Pattern("^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
        @JsonPropertyDescription(
                "Key of a label. PersistentVolumeClaims with the same value of it are a group, whose volumes are cut at one moment by"
                        + " one VolumeGroupSnapshot; a group that cannot be had makes the RestorePoint fail. Without it, and for claims"
                        + " without the label, each volume has a snapshot of its own.")
        public String groupBy;

        @Size(max = 256)
        @JsonPropertyDescription(
                "PersistentVolumeClaims that may stay out. Any other volume that cannot be captured makes the RestorePoint fail.")
        public List<String> allowUnprotected;

        @JsonPropertyDescription("The pods that move the volumes' content to the location.")
        public MoverSettings mover;
    }

    /** Whether snapshots stay in the storage, and nothing is moved. */
    public boolean keepsSnapshots() {
        return volumes != null && volumes.method == VolumeMethod.Snapshot;
    }

    /** Whether both would do the same with the same volumes; one that keeps snapshots may stand beside one that moves them. */
    public boolean isRivalOf(BackupPolicySpec other) {
        return keepsSnapshots() == other.keepsSnapshots();
    }

    /** The settings of the movers; defaults where the policy has none. */
    public MoverSettings mover() {
        return volumes == null || volumes.mover == null ? new MoverSettings() : volumes.mover;
    }

    /** A database in this namespace. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Database {
        @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Name under which status and messages speak of this database.")
        public String name;

        @Required
        @JsonPropertyDescription("A PostgreSQL server that runs in a pod.")
        public Postgresql postgresql;
    }

    /** PostgreSQL, reached by psql inside its own pod. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Postgresql {
        @Required
        @JsonPropertyDescription("Labels of the pod that runs the primary; exactly one running pod must match.")
        public LabelSelector podSelector;

        @Size(max = 63)
        @JsonPropertyDescription("Container with the server; the pod's first one when absent.")
        public String container;

        @Default("postgres")
        @Size(min = 1, max = 63)
        @Pattern("^[A-Za-z_][A-Za-z0-9_$-]*$")
        @JsonPropertyDescription("Role to connect as; needs pg_checkpoint, or superuser.")
        public String user;
    }

    /** Commands before and after the snapshots. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Hooks {
        @Size(max = 16)
        @JsonPropertyDescription("Run in order before the snapshots are cut.")
        public List<Hook> pre;

        @Size(max = 16)
        @JsonPropertyDescription("Run in order after the snapshots are cut; always, also when something before failed.")
        public List<Hook> post;
    }

    /** A command in a pod. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Hook {
        @Required
        @JsonPropertyDescription(
                "Labels of the pods to run in; every running pod that matches is used, and there must be one.")
        public LabelSelector podSelector;

        @Size(max = 63)
        @JsonPropertyDescription("Container to run in; the pod's first one when absent.")
        public String container;

        @Required
        @Size(min = 1, max = 64)
        @JsonPropertyDescription("Command and arguments; no shell is involved unless it is named.")
        public List<String> command = new ArrayList<>();

        @Default("30s")
        @Pattern(Durations.PATTERN)
        @Size(max = 32)
        @JsonPropertyDescription("How long the command may take.")
        public String timeout;

        @Default("Fail")
        @JsonPropertyDescription("Fail: the RestorePoint fails. Continue: it goes on, with a warning.")
        public OnError onError;
    }

    /** What a failing hook means. */
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
        @JsonPropertyDescription("Age that the newest RestorePoint in this location may reach.")
        public String rpo;
    }

    /**
     * What is kept: the newest points, and the newest of each of the last hours, days, weeks, months and years that have one.
     * Without any of these counts no good point is removed.
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Retention {
        @Min(1)
        @Max(1000)
        @JsonPropertyDescription("Keep this many of the newest good RestorePoints; the last good one is never removed.")
        public Integer keepLast;

        @Min(1)
        @Max(1000)
        @JsonPropertyDescription(
                "Keep the newest RestorePoint of each of this many hours, counting hours that have one.")
        public Integer hourly;

        @Min(1)
        @Max(1000)
        @JsonPropertyDescription(
                "Keep the newest RestorePoint of each of this many days, as the schedule's time zone has them.")
        public Integer daily;

        @Min(1)
        @Max(1000)
        @JsonPropertyDescription(
                "Keep the newest RestorePoint of each of this many weeks, which begin on Monday (ISO 8601).")
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
                "RestorePoints younger than this cannot be removed, by retention or by anyone. Fixed in each RestorePoint when"
                        + " it is sealed: a later, shorter value shortens nothing.")
        public String lockedFor;

        @JsonPropertyDescription("Which scheduled RestorePoints that failed are kept for people to look at.")
        public Failed failed;
    }

    /** Failed points that stay. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Failed {
        @Default("3")
        @Min(0)
        @Max(100)
        @JsonPropertyDescription("Keep at most this many.")
        public Integer keepLast;

        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription("Keep them no longer than this, as 7d; without it for as long as keepLast has room.")
        public String keepFor;
    }
}
