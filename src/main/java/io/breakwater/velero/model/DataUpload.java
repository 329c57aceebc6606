package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.Map;

/** The movement of a CSI snapshot into a repository. */
@Group("velero.io")
@Version("v2alpha1")
public class DataUpload extends CustomResource<DataUpload.Spec, DataUpload.Status> implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public String backupStorageLocation;
        public Boolean cancel;
        public CsiSnapshot csiSnapshot;
        public Map<String, String> dataMoverConfig;
        public String datamover;
        public String operationTimeout;
        public String snapshotType;
        public String sourceNamespace;
        public String sourcePVC;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String acceptedByNode;
        public String acceptedTimestamp;
        public String completionTimestamp;
        public Map<String, String> dataMoverResult;
        public Long incrementalBytes;
        public String message;
        public String node;
        public String nodeOS;
        public String path;
        public String phase;
        public Progress progress;
        public String snapshotID;
        public String startTimestamp;
    }

    /** The snapshot that is read. */
    public static class CsiSnapshot extends UnknownFields {
        public String driver;
        public String snapshotClass;
        public String storageClass;
        public String volumeSnapshot;
    }

    /** Progress. */
    public static class Progress extends UnknownFields {
        public Long bytesDone;
        public Long totalBytes;
    }
}
