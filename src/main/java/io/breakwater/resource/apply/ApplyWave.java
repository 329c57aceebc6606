package io.breakwater.resource.apply;

import io.breakwater.velero.ObjectKey;
import java.util.Map;
import java.util.Set;

/**
 * Order in which objects are restored: those of one wave in parallel, after all earlier waves. Isolation and rights
 * come before the pods that need them. Custom resources come after the pods of their controllers.
 */
enum ApplyWave {
    DEFINITIONS("customresourcedefinitions.apiextensions.k8s.io"),
    CLUSTER(
            "storageclasses.storage.k8s.io",
            "volumeattributesclasses.storage.k8s.io",
            "csidrivers.storage.k8s.io",
            "volumesnapshotclasses.snapshot.storage.k8s.io",
            "volumegroupsnapshotclasses.groupsnapshot.storage.k8s.io",
            "priorityclasses.scheduling.k8s.io",
            "runtimeclasses.node.k8s.io",
            "ingressclasses.networking.k8s.io",
            "deviceclasses.resource.k8s.io",
            "securitycontextconstraints.security.openshift.io"),
    /** Before Secrets: a token Secret without its account is deleted. */
    ACCOUNTS("serviceaccounts"),
    BASICS(
            "secrets",
            "configmaps",
            "limitranges",
            "resourcequotas",
            "networkpolicies.networking.k8s.io",
            "controllerrevisions.apps"),
    ROLES("roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"),
    BINDINGS("rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io"),
    SERVICES("services", "endpoints", "endpointslices.discovery.k8s.io"),
    WORKLOADS(
            "pods",
            "replicationcontrollers",
            "deployments.apps",
            "statefulsets.apps",
            "daemonsets.apps",
            "replicasets.apps",
            "jobs.batch",
            "cronjobs.batch"),
    REST,
    WEBHOOKS(
            "validatingwebhookconfigurations.admissionregistration.k8s.io",
            "mutatingwebhookconfigurations.admissionregistration.k8s.io");

    private static final Map<String, ApplyWave> BY_KIND = index();
    private final Set<String> kinds;

    ApplyWave(String... kinds) {
        this.kinds = Set.of(kinds);
    }

    static ApplyWave of(ObjectKey key) {
        return BY_KIND.getOrDefault(key.directory(), REST);
    }

    private static Map<String, ApplyWave> index() {
        Map<String, ApplyWave> all = new java.util.HashMap<>();
        for (ApplyWave wave : values()) {
            wave.kinds.forEach(k -> all.put(k, wave));
        }
        return Map.copyOf(all);
    }
}
