package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;

/** Backups on a schedule. */
@Group("velero.io")
@Version("v1")
public class Schedule extends CustomResource<Schedule.Spec, Schedule.Status> implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public Boolean paused;
        public String schedule;
        public Boolean skipImmediately;
        public Backup.Spec template;
        public Boolean useOwnerReferencesInBackup;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String lastBackup;
        public String lastSkipped;
        public String phase;
        public List<String> validationErrors;
    }
}
