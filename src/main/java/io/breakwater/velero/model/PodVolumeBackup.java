package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.Map;

/** The backup of one volume of a pod by its file system. */
@Group("velero.io")
@Version("v1")
public class PodVolumeBackup extends CustomResource<PodVolumeBackup.Spec, PodVolumeBackup.Status>
        implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public String backupStorageLocation;
        public Boolean cancel;
        public String node;
        public ObjectReference pod;
        public String repoIdentifier;
        public Map<String, String> tags;
        public Map<String, String> uploaderSettings;
        public String uploaderType;
        public String volume;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String acceptedTimestamp;
        public String completionTimestamp;
        public Long incrementalBytes;
        public String message;
        public String path;
        public String phase;
        public Progress progress;
        public String snapshotID;
        public String startTimestamp;
    }

    /** Progress. */
    public static class Progress extends UnknownFields {
        public Long bytesDone;
        public Long totalBytes;
    }
}
