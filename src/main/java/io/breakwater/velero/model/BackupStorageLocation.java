package io.breakwater.velero.model;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.SecretKeySelector;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.Map;

/** A bucket for backups. */
@Group("velero.io")
@Version("v1")
public class BackupStorageLocation extends CustomResource<BackupStorageLocation.Spec, BackupStorageLocation.Status>
        implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public String accessMode;
        public String backupSyncPeriod;
        public Map<String, String> config;
        public SecretKeySelector credential;

        @JsonProperty("default")
        public Boolean isDefault;

        public ObjectStorage objectStorage;
        public String provider;
        public String validationFrequency;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String accessMode;
        public String lastSyncedRevision;
        public String lastSyncedTime;
        public String lastValidationTime;
        public String message;
        public String phase;
    }

    /** The bucket. */
    public static class ObjectStorage extends UnknownFields {
        public String bucket;
        public String caCert;
        public SecretKeySelector caCertRef;
        public String prefix;
    }
}
