package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;
import java.util.Map;

/** A repository for the data of volumes, one for each namespace, location and kind of repository. */
@Group("velero.io")
@Version("v1")
public class BackupRepository extends CustomResource<BackupRepository.Spec, BackupRepository.Status>
        implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public String backupStorageLocation;
        public String maintenanceFrequency;
        public Map<String, String> repositoryConfig;
        public String repositoryType;
        public String resticIdentifier;
        public String volumeNamespace;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String lastMaintenanceTime;
        public String message;
        public String phase;
        public List<Maintenance> recentMaintenance;
    }

    /** One run of the maintenance. */
    public static class Maintenance extends UnknownFields {
        public String completeTimestamp;
        public String message;
        public String result;
        public String startTimestamp;
    }
}
