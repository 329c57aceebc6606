package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;

/** A request for a signed URL of a file of a backup or restore. */
@Group("velero.io")
@Version("v1")
public class DownloadRequest extends CustomResource<DownloadRequest.Spec, DownloadRequest.Status>
        implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public Target target;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String downloadURL;
        public String expiration;
        public String phase;
    }

    /** The file. */
    public static class Target extends UnknownFields {
        public String kind;
        public String name;
    }
}
