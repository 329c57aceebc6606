package io.breakwater.velero.model;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.TypedLocalObjectReference;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;
import java.util.Map;

/** A restore from a backup: request and result. */
@Group("velero.io")
@Version("v1")
public class Restore extends CustomResource<Restore.Spec, Restore.Status> implements Namespaced {
    private static final long serialVersionUID = 1;

    /** Desired state. */
    public static class Spec extends UnknownFields {
        public String backupName;
        public List<String> excludedNamespaces;
        public List<String> excludedResources;
        public String existingResourcePolicy;
        public Hooks hooks;
        public Boolean includeClusterResources;
        public List<String> includedNamespaces;
        public List<String> includedResources;
        public String itemOperationTimeout;
        public LabelSelector labelSelector;
        public Map<String, String> namespaceMapping;
        public List<LabelSelector> orLabelSelectors;
        public Boolean preserveNodePorts;
        public TypedLocalObjectReference resourceModifier;
        public TypedLocalObjectReference resourcePolicy;
        public Boolean restorePVs;
        public RestoreStatus restoreStatus;
        public String scheduleName;
        public UploaderConfig uploaderConfig;
    }

    /** Observed state. */
    public static class Status extends UnknownFields {
        public String completionTimestamp;
        public Integer errors;
        public String failureReason;
        public HookStatus hookStatus;
        public String phase;
        public Progress progress;
        public Integer restoreItemOperationsAttempted;
        public Integer restoreItemOperationsCompleted;
        public Integer restoreItemOperationsFailed;
        public String startTimestamp;
        public List<String> validationErrors;
        public Integer warnings;
    }

    /** A command in a container. */
    public static class Exec extends UnknownFields {
        public List<String> command;
        public String container;
        public String execTimeout;
        public String onError;
        public Boolean waitForReady;
        public String waitTimeout;
    }

    /** Containers that run before the containers of the pod. */
    public static class Init extends UnknownFields {
        public List<Map<String, Object>> initContainers;
        public String timeout;
    }

    /** A command. */
    public static class Hook extends UnknownFields {
        public Exec exec;
        public Init init;
    }

    /** Commands for the pods that match. */
    public static class ResourceHook extends UnknownFields {
        public List<String> excludedNamespaces;
        public List<String> excludedResources;
        public List<String> includedNamespaces;
        public List<String> includedResources;
        public LabelSelector labelSelector;
        public String name;
        public List<Hook> postHooks;
    }

    /** Commands after the restore. */
    public static class Hooks extends UnknownFields {
        public List<ResourceHook> resources;
    }

    /** Kinds whose status is restored too. */
    public static class RestoreStatus extends UnknownFields {
        public List<String> excludedResources;
        public List<String> includedResources;
    }

    /** Settings of the uploader. */
    public static class UploaderConfig extends UnknownFields {
        public Integer parallelFilesDownload;
        public Boolean writeSparseFiles;
    }

    /** Number of commands that ran. */
    public static class HookStatus extends UnknownFields {
        public Integer hooksAttempted;
        public Integer hooksFailed;
    }

    /** Progress. */
    public static class Progress extends UnknownFields {
        public Integer itemsRestored;
        public Integer totalItems;
    }
}
