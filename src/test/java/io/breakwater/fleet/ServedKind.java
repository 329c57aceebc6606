package io.breakwater.fleet;

import java.util.List;
import java.util.stream.Stream;

/** A kind that the generated API server has. */
record ServedKind(String group, String version, String plural, String kind, boolean namespaced) {
    private static final String BREAKWATER = "breakwater.io";
    private static final String BREAKWATER_API = "v1alpha1";

    /** The API version of the kinds of Breakwater. */
    static final String BREAKWATER_VERSION = BREAKWATER + "/" + BREAKWATER_API;

    /** What an ordinary cluster with Breakwater has, as far as the operator asks for it. */
    static final List<ServedKind> ALL = Stream.of(
                    of("", "v1", true, "configmaps/ConfigMap secrets/Secret services/Service pods/Pod events/Event"),
                    of("", "v1", true, "serviceaccounts/ServiceAccount persistentvolumeclaims/PersistentVolumeClaim"),
                    of("", "v1", true, "resourcequotas/ResourceQuota limitranges/LimitRange endpoints/Endpoints"),
                    of("", "v1", false, "namespaces/Namespace nodes/Node persistentvolumes/PersistentVolume"),
                    of("apps", "v1", true, "deployments/Deployment statefulsets/StatefulSet daemonsets/DaemonSet"),
                    of("apps", "v1", true, "replicasets/ReplicaSet"),
                    of("batch", "v1", true, "jobs/Job cronjobs/CronJob"),
                    of("networking.k8s.io", "v1", true, "ingresses/Ingress networkpolicies/NetworkPolicy"),
                    of("networking.k8s.io", "v1", false, "servicecidrs/ServiceCIDR"),
                    of("events.k8s.io", "v1", true, "events/Event"),
                    of("rbac.authorization.k8s.io", "v1", true, "roles/Role rolebindings/RoleBinding"),
                    of("rbac.authorization.k8s.io", "v1", false, "clusterroles/ClusterRole"),
                    of("rbac.authorization.k8s.io", "v1", false, "clusterrolebindings/ClusterRoleBinding"),
                    of("storage.k8s.io", "v1", false, "storageclasses/StorageClass csidrivers/CSIDriver"),
                    of("snapshot.storage.k8s.io", "v1", true, "volumesnapshots/VolumeSnapshot"),
                    of("snapshot.storage.k8s.io", "v1", false, "volumesnapshotcontents/VolumeSnapshotContent"),
                    of("snapshot.storage.k8s.io", "v1", false, "volumesnapshotclasses/VolumeSnapshotClass"),
                    of("coordination.k8s.io", "v1", true, "leases/Lease"),
                    of("apiextensions.k8s.io", "v1", false, "customresourcedefinitions/CustomResourceDefinition"),
                    of(
                            "admissionregistration.k8s.io",
                            "v1",
                            false,
                            "validatingwebhookconfigurations/ValidatingWebhookConfiguration"
                                    + " mutatingwebhookconfigurations/MutatingWebhookConfiguration"),
                    of(
                            BREAKWATER,
                            BREAKWATER_API,
                            true,
                            "restorepoints/RestorePoint backuppolicies/BackupPolicy backuplocations/BackupLocation"
                                    + " restores/Restore verifications/Verification failoverplans/FailoverPlan"
                                    + " failoverrequests/FailoverRequest"))
            .flatMap(s -> s)
            .toList();

    private static Stream<ServedKind> of(String group, String version, boolean namespaced, String names) {
        return Stream.of(names.split(" "))
                .map(name -> name.split("/"))
                .map(name -> new ServedKind(group, version, name[0], name[1], namespaced));
    }

    String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    /** Whether its status is written apart from the rest. */
    boolean hasStatus() {
        return group.equals(BREAKWATER) || group.equals("batch") || group.equals("apps");
    }
}
