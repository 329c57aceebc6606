package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** What was captured, and where it lies. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class RestorePointStatus extends RunStatus {
    @JsonPropertyDescription("Succeeded, mirrored to Ready; Stalled when the attempt failed for good.")
    public List<Condition> conditions = new ArrayList<>();

    @JsonPropertyDescription(
            "The moment whose state the point holds, RFC 3339 in UTC: when the first snapshot was cut.")
    public String capturedAt;

    @Size(max = 64)
    @JsonPropertyDescription(
            "The point cannot be removed before, RFC 3339 in UTC; absent when its policy locks nothing.")
    public String lockedUntil;

    @JsonPropertyDescription("What the data is worth without recovery work by the user.")
    public Consistency consistency;

    @JsonPropertyDescription("Epoch of the FailoverPlan under which the point was captured; 0 without a plan.")
    public Long epoch;

    @Size(max = 63)
    @JsonPropertyDescription("Site whose operator captured the point.")
    public String site;

    @Size(max = 253)
    @JsonPropertyDescription("Namespace that was captured.")
    public String namespace;

    @Size(max = 253)
    @JsonPropertyDescription("Name of the point in the store; another than this object's where catalog sync found it.")
    public String point;

    @Size(max = 253)
    @JsonPropertyDescription("BackupLocation that the point was sealed in, or found in by catalog sync.")
    public String location;

    @Size(max = 128)
    @JsonPropertyDescription("SHA-256 of point.json; what a replica has to show to count as this point.")
    public String digest;

    @Size(max = 512)
    @JsonPropertyDescription("Volumes of the point.")
    public List<VolumeStatus> volumes;

    @JsonPropertyDescription("Number of volumes.")
    public Integer volumeCount;

    @JsonPropertyDescription("Number of resources in the archive.")
    public Integer resourceCount;

    @Size(max = 16)
    @JsonPropertyDescription("Objects of the resource archive in the store.")
    public List<StoredObject> archive;

    @Size(max = 16)
    @JsonPropertyDescription("Databases that were quiesced.")
    public List<DatabaseStatus> databases;

    @JsonPropertyDescription("Bytes of all volumes as the application sees them.")
    public Long logicalBytes;

    @JsonPropertyDescription("Bytes that this point added to the repository.")
    public Long addedBytes;

    @Size(max = 32)
    @JsonPropertyDescription("How long the application was quiesced, as a duration in milliseconds (312ms).")
    public String quiescedFor;

    @Size(max = 16)
    @JsonPropertyDescription("State of each copy in a further location.")
    public List<PointCopy> copies;

    @JsonPropertyDescription("Number of completed copies.")
    public Integer copiesCompleted;

    @Size(max = 128)
    @JsonPropertyDescription("The step that the run is in.")
    public String progress;

    @JsonPropertyDescription("How far the content of volumes is; absent while nothing is on its way.")
    public TransferStatus transfer;

    @Size(max = 64)
    @JsonPropertyDescription("What deserves a look although the point is good.")
    public List<String> warnings;

    @JsonPropertyDescription("The newest proof that this point restores, or that it does not.")
    public Verified verified;

    /** A proof. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Verified {
        @Size(max = 253)
        @JsonPropertyDescription("The Verification.")
        public String verification;

        @JsonPropertyDescription("How thoroughly.")
        public VerificationSpec.Level level;

        @JsonPropertyDescription("Whether the point was proven.")
        public Boolean proven;

        @JsonPropertyDescription("When, RFC 3339 in UTC.")
        public String at;

        @Size(max = 32)
        @JsonPropertyDescription("The measured restore time.")
        public String restoreTime;

        @Size(max = 4096)
        @JsonPropertyDescription("What was found.")
        public String evidence;
    }

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    /** What captured data is worth. */
    public enum Consistency {
        /** Volumes were read while they were in use: their files may be of different moments. */
        Live,
        /** As after a power cut: volumes cut one after the other, those of a group at one moment; nothing was told. */
        Crash,
        /** Databases and hooks took part, and held until every snapshot was cut. */
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

        @JsonPropertyDescription("Whether the volume has files, or is a raw block device.")
        public VolumeMode volumeMode;

        @Size(max = 64)
        @JsonPropertyDescription("Size of the volume.")
        public String size;

        @Size(max = 253)
        @JsonPropertyDescription("VolumeSnapshot that the data comes from; removed after it was moved.")
        public String snapshot;

        @Size(max = 253)
        @JsonPropertyDescription("VolumeSnapshotClass; VolumeGroupSnapshotClass of a volume in a group.")
        public String snapshotClass;

        @Size(max = 63)
        @JsonPropertyDescription(
                "The group that the volume was cut with: the value of the label that groupBy of the policy names.")
        public String group;

        @Size(max = 253)
        @JsonPropertyDescription("VolumeGroupSnapshot that the snapshot is a member of.")
        public String groupSnapshot;

        @JsonPropertyDescription("Whether the volume itself was read, and no snapshot of it.")
        public Boolean live;

        @JsonPropertyDescription("When the snapshot was cut, RFC 3339 in UTC.")
        public String snapshotAt;

        @JsonPropertyDescription(
                "Set where the data stays in the storage of its site, as a snapshot, and is not moved to the location.")
        public Kept kept;

        @Size(max = 128)
        @JsonPropertyDescription("Snapshot in the repository.")
        public String repositorySnapshot;

        @JsonPropertyDescription("Bytes as the application sees them.")
        public Long logicalBytes;

        @JsonPropertyDescription("Bytes added to the repository.")
        public Long addedBytes;

        @Size(max = 1024)
        @JsonPropertyDescription("Why the volume is not in the point, although its policy allows that.")
        public String skipped;
    }

    /** A snapshot that stays where it is. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Kept {
        @Size(max = 253)
        @JsonPropertyDescription("CSI driver; absent until the snapshot is ready.")
        public String driver;

        @Size(max = 1024)
        @JsonPropertyDescription("The driver's name for the snapshot; absent until it is ready.")
        public String handle;

        /** A snapshot of which nothing is known yet. */
        public Kept() {}

        /** A snapshot that is ready. */
        public Kept(String driver, String handle) {
            this.driver = driver;
            this.handle = handle;
        }
    }

    /** What a volume is to its pods. */
    public enum VolumeMode {
        Filesystem,
        Block
    }

    /** One object in the store. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class StoredObject {
        @Size(max = 1024)
        @JsonPropertyDescription("Key below the location's prefix.")
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
        @JsonPropertyDescription("Name that the policy gave it.")
        public String name;

        @Size(max = 32)
        @JsonPropertyDescription("Engine.")
        public String kind;

        @Size(max = 128)
        @JsonPropertyDescription("Version of the server.")
        public String version;

        @Size(max = 256)
        @JsonPropertyDescription("Where its log stood, in the engine's own notation.")
        public String position;
    }

    /** One copy. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class PointCopy {
        @Size(max = 253)
        @JsonPropertyDescription("BackupLocation.")
        public String location;

        @JsonPropertyDescription("Pending, Copying, Completed, or Failed; a failed copy is tried again.")
        public CopyState state;

        @JsonPropertyDescription("When the point was complete there, RFC 3339 in UTC.")
        public String completedAt;

        @JsonPropertyDescription("Bytes that were written there; what the location had already does not count.")
        public Long bytes;

        @Size(max = 4096)
        @JsonPropertyDescription("What went wrong last.")
        public String message;
    }

    /** How far a copy is. */
    public enum CopyState {
        Pending,
        Copying,
        Completed,
        Failed
    }
}
