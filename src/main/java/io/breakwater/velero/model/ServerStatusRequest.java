package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;

/** A request for the version and the plugins of the server. */
@Group("velero.io")
@Version("v1")
public class ServerStatusRequest extends CustomResource<ServerStatusRequest.Spec, ServerStatusRequest.Status>
        implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {}

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String phase;
        public List<Plugin> plugins;
        public String processedTimestamp;
        public String serverVersion;
    }

    /** A plugin of the server. */
    public static class Plugin extends UnknownFields {
        public String kind;
        public String name;
    }
}
