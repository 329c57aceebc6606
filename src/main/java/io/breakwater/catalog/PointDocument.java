package io.breakwater.catalog;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import java.util.List;

/**
 * Content of {@code point.json}: everything that restoring needs to know, and the digest of every object that it needs
 * besides the repository. Times are RFC 3339 in UTC.
 *
 * @param schemaVersion 1
 * @param uid of the RestorePoint, which tells two points of the same name apart
 * @param epoch of the FailoverPlan under which it was captured; 0 without one
 * @param capturedAt the moment whose state the point holds
 * @param keyId id of the master key that the seal's key derives from; null in a point that nobody has sealed, which is a
 *     backup of Velero
 * @param lockedUntil before which the point must not be removed; null when nothing was promised
 * @param absentVolumes claims of the archive whose data somebody else holds, in a form of his own; null when there are none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record PointDocument(
        int schemaVersion,
        String site,
        String namespace,
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
        String lockedUntil,
        List<String> absentVolumes) {

    /**
     * One volume.
     *
     * @param size requested or real size, as a quantity; the whole claim is in the archive
     * @param path where the data lies in the repository's snapshot
     * @param repositorySnapshot restic's snapshot id; null where the data was not moved
     * @param volumeMode null in points of earlier versions, whose volumes all have files
     * @param kept the snapshot in the storage of the point's site, where the data was not moved; null where it was
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
            Kept kept) {
        /** A volume as points of earlier versions have them. */
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

        /** Whether it is a raw block device: then its data is the file {@link #path}, otherwise what lies below. */
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
     * @param position where its log stood, in the engine's own notation
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

    /** The volumes whose data lies in the repository. */
    public List<Volume> moved() {
        return volumes.stream().filter(v -> v.kept == null).toList();
    }

    /** The volumes whose data stays in the storage of the point's site. */
    public List<Volume> kept() {
        return volumes.stream().filter(v -> v.kept != null).toList();
    }

    /** The same point, to be signed with a key that derives from the master key of this id. */
    PointDocument signedWith(String masterKey) {
        return new PointDocument(
                schemaVersion,
                site,
                namespace,
                point,
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
                masterKey,
                lockedUntil,
                absentVolumes);
    }

    /** Where this point lies. */
    public PointKey key() {
        return new PointKey(site, namespace, point);
    }
}
