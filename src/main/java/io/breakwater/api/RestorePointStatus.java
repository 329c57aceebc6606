package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** What was captured, and where it is stored. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class RestorePointStatus extends RunStatus {
    @JsonPropertyDescription(
            "Finished: the run ended, with success or failure. Succeeded, and Ready with the same value. Stalled: the attempt failed and is not retried.")
    public List<Condition> conditions = new ArrayList<>();

    @JsonPropertyDescription("Moment whose state the point contains, RFC 3339 in UTC: the time of the first snapshot.")
    public String capturedAt;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Time before which the point cannot be deleted, RFC 3339 in UTC; absent when its policy sets no lock.")
    public String lockedUntil;

    @JsonPropertyDescription(
            "Quality of the data. Application: databases and hooks took part. Crash: as after a power cut. Live:"
                    + " volumes were read while they were in use.")
    public Consistency consistency;

    @JsonPropertyDescription("Epoch of the FailoverPlan at the time of the capture; 0 without a plan.")
    public Long epoch;

    @JsonPropertyDescription(
            "Number of the point within its epoch, from 1, in the order of the captures; absent without a plan. Points are"
                    + " ordered by epoch and number, not by the clock of a site.")
    public Long sequence;

    @JsonPropertyDescription(
            "Time right before the capture, by the clock of the store that has the lease, RFC 3339 in UTC; absent without"
                    + " a plan. The data loss of a failover counts from here.")
    public String storeTime;

    @JsonPropertyDescription(
            "For points that catalog sync found: the cause of the capture, as the seal names it. Absent for other points.")
    public RestorePointSpec.Trigger trigger;

    @Size(max = 63)
    @JsonPropertyDescription("Site that captured the point.")
    public String site;

    @Size(max = 253)
    @JsonPropertyDescription("Namespace that was captured.")
    public String namespace;

    @Size(max = 63)
    @JsonPropertyDescription("Uid of the cluster that was captured: that of its namespace kube-system.")
    public String cluster;

    @Size(max = 63)
    @JsonPropertyDescription(
            "Uid of the namespace that was captured. A namespace that is created again has another one.")
    public String namespaceUid;

    @Size(max = 253)
    @JsonPropertyDescription(
            "Name of the point in the store. It differs from the name of this object if catalog sync created the"
                    + " object.")
    public String point;

    @Size(max = 253)
    @JsonPropertyDescription("BackupLocation in which the point was sealed, or in which catalog sync found it.")
    public String location;

    @Size(max = 128)
    @JsonPropertyDescription("SHA-256 of point.json. A copy counts as this point only if it has the same digest.")
    public String digest;

    @Size(max = 512)
    @JsonPropertyDescription("Volumes of the point.")
    public List<VolumeStatus> volumes;

    @JsonPropertyDescription("Number of volumes.")
    public Integer volumeCount;

    @JsonPropertyDescription("Number of objects in the archive.")
    public Integer resourceCount;

    @Size(max = 16)
    @JsonPropertyDescription("Files of the archive in the store, during the capture; afterwards the seal lists them.")
    public List<StoredObject> archive;

    @Size(max = 16)
    @JsonPropertyDescription("Databases that were quiesced.")
    public List<DatabaseStatus> databases;

    @JsonPropertyDescription("Bytes of all volumes, as the application sees them.")
    public Long logicalBytes;

    @JsonPropertyDescription("Bytes that this point added to the repository.")
    public Long addedBytes;

    @Size(max = 32)
    @JsonPropertyDescription(
            "The number logicalBytes in readable units, such as \"1.5 GiB\"; absent if all volumes are retained snapshots.")
    public String size;

    @Size(max = 32)
    @JsonPropertyDescription(
            "Time from the creation of the RestorePoint to its seal or to its failure, waits included (12.5s); absent for"
                    + " points of other sites.")
    public String duration;

    @Size(max = 32)
    @JsonPropertyDescription("Duration for which the application was quiesced, in milliseconds (312ms).")
    public String quiescedFor;

    @Size(max = 16)
    @JsonPropertyDescription("State of each copy in a further location.")
    public List<PointCopy> copies;

    @JsonPropertyDescription("Number of completed copies.")
    public Integer copiesCompleted;

    @Size(max = 128)
    @JsonPropertyDescription("Current step of the run.")
    public String progress;

    @JsonPropertyDescription("Progress of the data of volumes; absent while no data is moved.")
    public TransferStatus transfer;

    @Size(max = 64)
    @JsonPropertyDescription("Problems that need attention although the point is good.")
    public List<String> warnings;

    @JsonPropertyDescription("Result of the newest Verification of this point.")
    public Verified verified;

    /** Result of a Verification. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Verified {
        @Size(max = 253)
        @JsonPropertyDescription("Name of the Verification.")
        public String verification;

        @JsonPropertyDescription("Level of the Verification.")
        public VerificationSpec.Level level;

        @JsonPropertyDescription("Whether the point was proven.")
        public Boolean proven;

        @JsonPropertyDescription("Time at which the Verification ended, RFC 3339 in UTC.")
        public String at;

        @Size(max = 32)
        @JsonPropertyDescription("The measured restore time.")
        public String restoreTime;

        @Size(max = 4096)
        @JsonPropertyDescription("Evidence, or the cause of the failure.")
        public String evidence;
    }

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    /** Records the bytes of all volumes, which are in the status. The bytes of retained snapshots are not known. */
    public void measured(long logical, long added) {
        logicalBytes = logical;
        addedBytes = added;
        boolean moved = volumes == null || volumes.isEmpty() || volumes.stream().anyMatch(v -> v.kept == null);
        size = moved ? Quota.text(logical) : null;
    }

    /** Quality of captured data. */
    public enum Consistency {
        /** Volumes were read while they were in use, so their files may belong to different moments. */
        Live,
        /**
         * As after a power cut. Snapshots were taken one after the other, those of a group at one moment, without
         * notice to the application.
         */
        Crash,
        /** Databases and hooks took part, and paused the application until every snapshot was taken. */
        Application
    }

    /** One volume. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class VolumeStatus {
        @Size(max = 253)
        @JsonPropertyDescription("PersistentVolumeClaim.")
        public String pvc;

        @Size(max = 253)
        @JsonPropertyDescription("StorageClass of the claim.")
        public String storageClass;

        @JsonPropertyDescription("Filesystem or Block: whether the volume contains files, or is a raw block device.")
        public VolumeMode volumeMode;

        @Size(max = 64)
        @JsonPropertyDescription("Size of the volume.")
        public String size;

        @Size(max = 253)
        @JsonPropertyDescription("VolumeSnapshot that the data was read from; deleted after the data was moved.")
        public String snapshot;

        @Size(max = 253)
        @JsonPropertyDescription("VolumeSnapshotClass; for a volume in a group the VolumeGroupSnapshotClass.")
        public String snapshotClass;

        @Size(max = 63)
        @JsonPropertyDescription(
                "Group of the volume in the capture: the value of the label that groupBy of the policy names.")
        public String group;

        @Size(max = 253)
        @JsonPropertyDescription("VolumeGroupSnapshot that the snapshot belongs to.")
        public String groupSnapshot;

        @JsonPropertyDescription("Whether the volume itself was read while it was in use, instead of a snapshot.")
        public Boolean live;

        @JsonPropertyDescription(
                "User of the workload that uses the claim. A mover without root has this user, also in a restore."
                        + " Absent if no workload names the claim.")
        public WorkloadUser user;

        @JsonPropertyDescription("Time at which the snapshot was taken, RFC 3339 in UTC.")
        public String snapshotAt;

        @JsonPropertyDescription(
                "The retained snapshot of the volume: its data stays in the storage of the site and is not moved to"
                        + " the location. Absent for other volumes.")
        public Kept kept;

        @Size(max = 128)
        @Pattern(RepositoryNames.SNAPSHOT)
        @JsonPropertyDescription("Id of the snapshot in the repository.")
        public String repositorySnapshot;

        @JsonPropertyDescription("Bytes of the volume, as the application sees them.")
        public Long logicalBytes;

        @JsonPropertyDescription("Bytes that this volume added to the repository.")
        public Long addedBytes;

        @Size(max = 1024)
        @JsonPropertyDescription(
                "Reason why the volume was skipped, which the policy allows; absent for captured volumes.")
        public String skipped;
    }

    /** A snapshot that stays in its storage. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Kept {
        @Size(max = 253)
        @JsonPropertyDescription("CSI driver; absent until the snapshot is ready.")
        public String driver;

        @Size(max = 1024)
        @JsonPropertyDescription("Handle of the snapshot in the driver; absent until it is ready.")
        public String handle;

        /** A snapshot whose driver and handle are not known yet. */
        public Kept() {}

        /** A snapshot that is ready. */
        public Kept(String driver, String handle) {
            this.driver = driver;
            this.handle = handle;
        }
    }

    /** Form in which pods use a volume. */
    public enum VolumeMode {
        Filesystem,
        Block
    }

    /** One object in the store. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class StoredObject {
        @Size(max = 1024)
        @JsonPropertyDescription("Key of the object, below the prefix of the location.")
        public String key;

        @JsonPropertyDescription("Bytes.")
        public Long size;

        @Size(max = 64)
        @JsonPropertyDescription("SHA-256 of the content.")
        public String sha256;
    }

    /** One database. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class DatabaseStatus {
        @Size(max = 63)
        @JsonPropertyDescription("Name of the database in the policy.")
        public String name;

        @Size(max = 32)
        @JsonPropertyDescription("Engine.")
        public String kind;

        @Size(max = 128)
        @JsonPropertyDescription("Version of the server.")
        public String version;

        @Size(max = 256)
        @JsonPropertyDescription("Position of the log at the time of the snapshots, in the notation of the engine.")
        public String position;
    }

    /** One copy of the point. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class PointCopy {
        @Size(max = 253)
        @JsonPropertyDescription("BackupLocation.")
        public String location;

        @JsonPropertyDescription("Pending, Copying, Completed or Failed. A failed copy is retried.")
        public CopyState state;

        @JsonPropertyDescription("Time at which the copy was complete, RFC 3339 in UTC.")
        public String completedAt;

        @JsonPropertyDescription("Bytes that were written there; data that the location already had does not count.")
        public Long bytes;

        @Size(max = 4096)
        @JsonPropertyDescription("Error of the last attempt.")
        public String message;
    }

    /** State of a copy. */
    public enum CopyState {
        Pending,
        Copying,
        Completed,
        Failed
    }
}
