package io.breakwater.catalog;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.breakwater.api.RepositoryNames;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.WorkloadUser;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.PointKey;
import java.util.List;
import java.util.Optional;

/**
 * Content of {@code point.json}: everything that a restore needs to know, and the digest of every object that it needs in
 * addition to the repository. Times are RFC 3339 in UTC. {@link #builder} makes one.
 *
 * @param schemaVersion 2
 * @param cluster uid of the cluster that captured
 * @param namespaceUid of the captured namespace
 * @param uid of the RestorePoint, which distinguishes two points of the same name
 * @param epoch of the FailoverPlan under which it was captured; 0 without one
 * @param capturedAt the moment whose state the point has
 * @param keyId id of the master key that the seal's key derives from; null in a point without a seal, which is a backup of Velero
 * @param archiveKey data key of the archive, wrapped with a key that derives from that master key; null without an encrypted archive
 * @param leaseId id of the lease of the FailoverPlan under which it was captured; null without one
 * @param runId id of the failover that captured it; null for a point that no failover captured
 * @param sequence number of the point within the epoch, from 1; null without a FailoverPlan
 * @param storeTime the moment of the capture by the clock of the store with the lease; null without a FailoverPlan
 * @param lockedUntil time before which the point must not be deleted; null when it has no lock
 * @param absentVolumes claims of the archive whose data is only in Velero's own repositories; null when there are none
 * @param repository id of the repository that has the data of the volumes; null when no data was moved
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record PointDocument(
        int schemaVersion,
        String site,
        String namespace,
        String cluster,
        String namespaceUid,
        String point,
        String uid,
        String policy,
        Trigger trigger,
        long epoch,
        String operatorVersion,
        String capturedAt,
        Consistency consistency,
        List<Volume> volumes,
        List<Database> databases,
        String archive,
        int resourceCount,
        List<StoredObject> objects,
        String keyId,
        String archiveKey,
        String lockedUntil,
        List<String> absentVolumes,
        String leaseId,
        String runId,
        Long sequence,
        String storeTime,
        String repository) {

    private static final int SCHEMA = 2;

    /**
     * One volume.
     *
     * @param size requested or real size, as a quantity; the whole claim is in the archive
     * @param path of the data in the repository's snapshot
     * @param repositorySnapshot restic's snapshot id; null where the data was not moved
     * @param volumeMode null in points of earlier versions, whose volumes all have files
     * @param kept the snapshot in the storage of the point's site, where the data was not moved; null where it was
     * @param user of the workload that used the claim; null if it is unknown
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Volume(
            String pvc,
            String storageClass,
            String size,
            String path,
            String repositorySnapshot,
            long logicalBytes,
            long addedBytes,
            VolumeMode volumeMode,
            Kept kept,
            WorkloadUser user) {
        /** A volume whose workload is unknown. */
        public Volume(
                String pvc,
                String storageClass,
                String size,
                String path,
                String repositorySnapshot,
                long logicalBytes,
                long addedBytes,
                VolumeMode volumeMode,
                Kept kept) {
            this(pvc, storageClass, size, path, repositorySnapshot, logicalBytes, addedBytes, volumeMode, kept, null);
        }

        /** A volume of a point of an earlier version. */
        public Volume(
                String pvc,
                String storageClass,
                String size,
                String path,
                String repositorySnapshot,
                long logicalBytes,
                long addedBytes) {
            this(pvc, storageClass, size, path, repositorySnapshot, logicalBytes, addedBytes, null, null);
        }

        private Optional<String> illegal() {
            String expected = ofBlocks() ? RepositoryNames.deviceOf(pvc) : RepositoryNames.filesOf(pvc);
            if (!RepositoryNames.isClaim(pvc)) {
                return Optional.of("volume '" + pvc + "' does not have a valid name of a claim");
            }
            if (kept != null) {
                return Optional.empty();
            }
            if (!expected.equals(path)) {
                return Optional.of("volume " + pvc + " has path '" + path + "' instead of " + expected);
            }
            return RepositoryNames.isSnapshot(repositorySnapshot)
                    ? Optional.empty()
                    : Optional.of(
                            "volume " + pvc + " has '" + repositorySnapshot + "', which is not a valid snapshot id");
        }

        /** Whether it is a raw block device: then its data is the file {@link #path}, otherwise the files below it. */
        public boolean ofBlocks() {
            return volumeMode == VolumeMode.Block;
        }
    }

    /** A snapshot that stays in the storage of its site: its CSI driver, and that driver's name for it. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Kept(String driver, String handle) {}

    /**
     * One database.
     *
     * @param position of its log at the capture, in the engine's own notation
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Database(String name, String kind, String version, String position) {}

    /**
     * One object that belongs to the point.
     *
     * @param sha256 of its content, lower-case hexadecimal
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record StoredObject(String key, long size, String sha256) {}

    /** The volumes whose data is in the repository. */
    public List<Volume> moved() {
        return volumes.stream().filter(v -> v.kept == null).toList();
    }

    /** The volumes whose data stays in the storage of the point's site. */
    public List<Volume> kept() {
        return volumes.stream().filter(v -> v.kept != null).toList();
    }

    /** Why a volume cannot be one that Breakwater wrote: its names become arguments of a mover. Empty when all are legal. */
    Optional<String> illegalVolume() {
        if (moved().isEmpty() ? repository != null : !RepositoryNames.isRepository(repository)) {
            return Optional.of("'" + repository + "' is not the id of the repository of its volumes");
        }
        return volumes.stream().map(Volume::illegal).flatMap(Optional::stream).findFirst();
    }

    /** The repository that has the data of the volumes; empty when no data was moved. */
    public Optional<OwnedRepository> owned() {
        return Optional.ofNullable(repository).map(id -> new OwnedRepository(id, key().source()));
    }

    /** The same point, to be signed with a key that derives from the master key of this id. */
    PointDocument signedWith(String masterKey) {
        return new Builder(this).keyId(masterKey).build();
    }

    /** The archive with its digest; empty when the seal does not name it among its objects. */
    Optional<StoredObject> storedArchive() {
        return objects.stream().filter(o -> o.key().equals(archive)).findFirst();
    }

    /** The first object that is in no directory of this point; empty for a seal that Breakwater wrote. */
    public Optional<String> foreignObject() {
        return objects.stream()
                .map(StoredObject::key)
                .filter(name -> key().objectPrefixes(uid).stream().noneMatch(name::startsWith))
                .findFirst();
    }

    /** The point's place in a location. */
    public PointKey key() {
        return PointKey.ofStore(new CapturedNamespace(site, namespace, cluster, namespaceUid), point);
    }

    /** Starts the document of a point without volumes, databases and objects; all other fields are absent or 0. */
    public static Builder builder(PointKey key, String uid) {
        return new Builder(key, uid);
    }

    /** Makes a document. The methods have the names of the fields that they set. */
    public static final class Builder {
        private final int schemaVersion;
        private final PointKey key;
        private final String uid;
        private String policy;
        private Trigger trigger;
        private long epoch;
        private String operatorVersion;
        private String capturedAt;
        private Consistency consistency;
        private List<Volume> volumes = List.of();
        private List<Database> databases = List.of();
        private String archive;
        private int resourceCount;
        private List<StoredObject> objects = List.of();
        private String keyId;
        private String archiveKey;
        private String lockedUntil;
        private List<String> absentVolumes;
        private String leaseId;
        private String runId;
        private Long sequence;
        private String storeTime;
        private String repository;

        private Builder(PointKey key, String uid) {
            this.schemaVersion = SCHEMA;
            this.key = key;
            this.uid = uid;
        }

        private Builder(PointDocument d) {
            this.schemaVersion = d.schemaVersion;
            this.key = d.key();
            this.uid = d.uid;
            this.policy = d.policy;
            this.trigger = d.trigger;
            this.epoch = d.epoch;
            this.operatorVersion = d.operatorVersion;
            this.capturedAt = d.capturedAt;
            this.consistency = d.consistency;
            this.volumes = d.volumes;
            this.databases = d.databases;
            this.archive = d.archive;
            this.resourceCount = d.resourceCount;
            this.objects = d.objects;
            this.keyId = d.keyId;
            this.archiveKey = d.archiveKey;
            this.lockedUntil = d.lockedUntil;
            this.absentVolumes = d.absentVolumes;
            this.leaseId = d.leaseId;
            this.runId = d.runId;
            this.sequence = d.sequence;
            this.storeTime = d.storeTime;
            this.repository = d.repository;
        }

        public Builder policy(String name) {
            this.policy = name;
            return this;
        }

        public Builder trigger(Trigger of) {
            this.trigger = of;
            return this;
        }

        public Builder epoch(long number) {
            this.epoch = number;
            return this;
        }

        public Builder operatorVersion(String version) {
            this.operatorVersion = version;
            return this;
        }

        public Builder capturedAt(String time) {
            this.capturedAt = time;
            return this;
        }

        public Builder consistency(Consistency of) {
            this.consistency = of;
            return this;
        }

        public Builder volumes(List<Volume> all) {
            this.volumes = all;
            return this;
        }

        public Builder databases(List<Database> all) {
            this.databases = all;
            return this;
        }

        /** The archive of resources and the number of resources in it. */
        public Builder archive(String archiveKey, int resources) {
            this.archive = archiveKey;
            this.resourceCount = resources;
            return this;
        }

        public Builder objects(List<StoredObject> all) {
            this.objects = all;
            return this;
        }

        public Builder keyId(String masterKey) {
            this.keyId = masterKey;
            return this;
        }

        public Builder archiveKey(String wrapped) {
            this.archiveKey = wrapped;
            return this;
        }

        public Builder lockedUntil(String time) {
            this.lockedUntil = time;
            return this;
        }

        public Builder absentVolumes(List<String> claims) {
            this.absentVolumes = claims;
            return this;
        }

        public Builder leaseId(String id) {
            this.leaseId = id;
            return this;
        }

        public Builder runId(String id) {
            this.runId = id;
            return this;
        }

        public Builder sequence(Long number) {
            this.sequence = number;
            return this;
        }

        public Builder storeTime(String time) {
            this.storeTime = time;
            return this;
        }

        public Builder repository(String id) {
            this.repository = id;
            return this;
        }

        public PointDocument build() {
            return new PointDocument(
                    schemaVersion,
                    key.site(),
                    key.namespace(),
                    key.source().cluster(),
                    key.source().uid(),
                    key.point(),
                    uid,
                    policy,
                    trigger,
                    epoch,
                    operatorVersion,
                    capturedAt,
                    consistency,
                    volumes,
                    databases,
                    archive,
                    resourceCount,
                    objects,
                    keyId,
                    archiveKey,
                    lockedUntil,
                    absentVolumes,
                    leaseId,
                    runId,
                    sequence,
                    storeTime,
                    repository);
        }
    }
}
