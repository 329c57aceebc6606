package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;

/** A request to delete a backup and its data. */
@Group("velero.io")
@Version("v1")
public class DeleteBackupRequest extends CustomResource<DeleteBackupRequest.Spec, DeleteBackupRequest.Status>
        implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public String backupName;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public List<String> errors;
        public String phase;
    }
}
