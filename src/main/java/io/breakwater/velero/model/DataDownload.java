package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.Map;

/** The movement of data from a repository into a volume. */
@Group("velero.io")
@Version("v2alpha1")
public class DataDownload extends CustomResource<DataDownload.Spec, DataDownload.Status> implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public String backupStorageLocation;
        public Boolean cancel;
        public Map<String, String> dataMoverConfig;
        public String datamover;
        public String nodeOS;
        public String operationTimeout;
        public String snapshotID;
        public Long snapshotSize;
        public String sourceNamespace;
        public TargetVolume targetVolume;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String acceptedByNode;
        public String acceptedTimestamp;
        public String completionTimestamp;
        public String message;
        public String node;
        public String phase;
        public Progress progress;
        public String startTimestamp;
    }

    /** The volume that is filled. */
    public static class TargetVolume extends UnknownFields {
        public String namespace;
        public String pv;
        public String pvc;
    }

    /** Progress. */
    public static class Progress extends UnknownFields {
        public Long bytesDone;
        public Long totalBytes;
    }
}
