package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.TypedLocalObjectReference;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;
import java.util.Map;

/** A backup of namespaces: request and result. */
@Group("velero.io")
@Version("v1")
public class Backup extends CustomResource<Backup.Spec, Backup.Status> implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public String csiSnapshotTimeout;
        public String datamover;
        public Boolean defaultVolumesToFsBackup;
        public Boolean defaultVolumesToRestic;
        public List<String> excludedClusterScopedResources;
        public List<String> excludedNamespaceScopedResources;
        public List<String> excludedNamespaces;
        public List<String> excludedResources;
        public Hooks hooks;
        public Boolean includeClusterResources;
        public List<String> includedClusterScopedResources;
        public List<String> includedNamespaceScopedResources;
        public List<String> includedNamespaces;
        public List<String> includedResources;
        public String itemOperationTimeout;
        public LabelSelector labelSelector;
        public Metadata metadata;
        public List<LabelSelector> orLabelSelectors;
        public Map<String, String> orderedResources;
        public TypedLocalObjectReference resourcePolicy;
        public Boolean snapshotMoveData;
        public Boolean snapshotVolumes;
        public String storageLocation;
        public String ttl;
        public UploaderConfig uploaderConfig;
        public String volumeGroupSnapshotLabelKey;
        public List<String> volumeSnapshotLocations;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public Integer backupItemOperationsAttempted;
        public Integer backupItemOperationsCompleted;
        public Integer backupItemOperationsFailed;
        public String completionTimestamp;
        public Integer csiVolumeSnapshotsAttempted;
        public Integer csiVolumeSnapshotsCompleted;
        public Integer errors;
        public String expiration;
        public String failureReason;
        public String formatVersion;
        public HookStatus hookStatus;
        public String phase;
        public Progress progress;
        public Integer queuePosition;
        public String startTimestamp;
        public List<String> validationErrors;
        public Integer version;
        public Integer volumeSnapshotsAttempted;
        public Integer volumeSnapshotsCompleted;
        public Integer warnings;
    }

    /** A command in a container. */
    public static class Exec extends UnknownFields {
        public List<String> command;
        public String container;
        public String onError;
        public String timeout;
    }

    /** A command. */
    public static class Hook extends UnknownFields {
        public Exec exec;
    }

    /** Commands for the pods that match. */
    public static class ResourceHook extends UnknownFields {
        public List<String> excludedNamespaces;
        public List<String> excludedResources;
        public List<String> includedNamespaces;
        public List<String> includedResources;
        public LabelSelector labelSelector;
        public String name;
        public List<Hook> post;
        public List<Hook> pre;
    }

    /** Commands before and after the backup. */
    public static class Hooks extends UnknownFields {
        public List<ResourceHook> resources;
    }

    /** Labels for created objects. */
    public static class Metadata extends UnknownFields {
        public Map<String, String> labels;
    }

    /** Settings of the uploader. */
    public static class UploaderConfig extends UnknownFields {
        public Integer parallelFilesUpload;
    }

    /** Number of commands that ran. */
    public static class HookStatus extends UnknownFields {
        public Integer hooksAttempted;
        public Integer hooksFailed;
    }

    /** Progress. */
    public static class Progress extends UnknownFields {
        public Integer itemsBackedUp;
        public Integer totalItems;
    }
}
