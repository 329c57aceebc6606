package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.SecretKeySelector;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.Map;

/** A place where a plugin stores native snapshots of volumes. */
@Group("velero.io")
@Version("v1")
public class VolumeSnapshotLocation extends CustomResource<VolumeSnapshotLocation.Spec, VolumeSnapshotLocation.Status>
        implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public Map<String, String> config;
        public SecretKeySelector credential;
        public String provider;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String phase;
    }
}
