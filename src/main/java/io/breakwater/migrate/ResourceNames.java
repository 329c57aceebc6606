package io.breakwater.migrate;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Converts names of kinds from Velero's forms (plural, singular or short, with or without group) to the plural, with
 * the group unless it is the core group.
 */
final class ResourceNames {
    static final String ALL = "*";

    /** Group, and then the plural with its other names. */
    private static final Map<String, List<String>> KNOWN = Map.ofEntries(
            Map.entry(
                    "",
                    List.of(
                            "pods/pod/po",
                            "configmaps/configmap/cm",
                            "secrets/secret",
                            "services/service/svc",
                            "endpoints/endpoint/ep",
                            "events/event/ev",
                            "serviceaccounts/serviceaccount/sa",
                            "persistentvolumeclaims/persistentvolumeclaim/pvc",
                            "persistentvolumes/persistentvolume/pv",
                            "replicationcontrollers/replicationcontroller/rc",
                            "resourcequotas/resourcequota/quota",
                            "limitranges/limitrange/limits",
                            "namespaces/namespace/ns",
                            "nodes/node/no")),
            Map.entry(
                    "apps",
                    List.of(
                            "deployments/deployment/deploy",
                            "statefulsets/statefulset/sts",
                            "daemonsets/daemonset/ds",
                            "replicasets/replicaset/rs",
                            "controllerrevisions/controllerrevision")),
            Map.entry("batch", List.of("jobs/job", "cronjobs/cronjob/cj")),
            Map.entry("autoscaling", List.of("horizontalpodautoscalers/horizontalpodautoscaler/hpa")),
            Map.entry("policy", List.of("poddisruptionbudgets/poddisruptionbudget/pdb")),
            Map.entry("coordination.k8s.io", List.of("leases/lease")),
            Map.entry(
                    "admissionregistration.k8s.io",
                    List.of(
                            "validatingwebhookconfigurations/validatingwebhookconfiguration",
                            "mutatingwebhookconfigurations/mutatingwebhookconfiguration",
                            "validatingadmissionpolicies/validatingadmissionpolicy",
                            "validatingadmissionpolicybindings/validatingadmissionpolicybinding")),
            Map.entry("node.k8s.io", List.of("runtimeclasses/runtimeclass")),
            Map.entry("apiregistration.k8s.io", List.of("apiservices/apiservice")),
            Map.entry("scheduling.k8s.io", List.of("priorityclasses/priorityclass/pc")),
            Map.entry("apiextensions.k8s.io", List.of("customresourcedefinitions/customresourcedefinition/crd/crds")),
            Map.entry(
                    "networking.k8s.io",
                    List.of(
                            "ingresses/ingress/ing",
                            "ingressclasses/ingressclass",
                            "networkpolicies/networkpolicy/netpol")),
            Map.entry(
                    "rbac.authorization.k8s.io",
                    List.of(
                            "roles/role",
                            "rolebindings/rolebinding",
                            "clusterroles/clusterrole",
                            "clusterrolebindings/clusterrolebinding")),
            Map.entry(
                    "storage.k8s.io",
                    List.of(
                            "storageclasses/storageclass/sc",
                            "volumeattachments/volumeattachment",
                            "csidrivers/csidriver",
                            "csinodes/csinode")),
            Map.entry(
                    "snapshot.storage.k8s.io",
                    List.of(
                            "volumesnapshots/volumesnapshot/vs",
                            "volumesnapshotcontents/volumesnapshotcontent/vsc",
                            "volumesnapshotclasses/volumesnapshotclass")));

    private static final Set<String> CLUSTER_SCOPED = Set.of(
            "persistentvolumes",
            "namespaces",
            "nodes",
            "validatingwebhookconfigurations.admissionregistration.k8s.io",
            "mutatingwebhookconfigurations.admissionregistration.k8s.io",
            "validatingadmissionpolicies.admissionregistration.k8s.io",
            "validatingadmissionpolicybindings.admissionregistration.k8s.io",
            "runtimeclasses.node.k8s.io",
            "apiservices.apiregistration.k8s.io",
            "priorityclasses.scheduling.k8s.io",
            "customresourcedefinitions.apiextensions.k8s.io",
            "ingressclasses.networking.k8s.io",
            "clusterroles.rbac.authorization.k8s.io",
            "clusterrolebindings.rbac.authorization.k8s.io",
            "storageclasses.storage.k8s.io",
            "volumeattachments.storage.k8s.io",
            "csidrivers.storage.k8s.io",
            "csinodes.storage.k8s.io",
            "volumesnapshotcontents.snapshot.storage.k8s.io",
            "volumesnapshotclasses.snapshot.storage.k8s.io");

    private static final Map<String, String> BY_NAME = byName();

    private ResourceNames() {}

    private static Map<String, String> byName() {
        Map<String, String> names = new HashMap<>();
        KNOWN.forEach((group, kinds) -> kinds.forEach(kind -> {
            String[] all = kind.split("/");
            String qualified = group.isEmpty() ? all[0] : all[0] + "." + group;
            for (String name : all) {
                names.put(name, qualified);
                names.put(group.isEmpty() ? name : name + "." + group, qualified);
            }
        }));
        return Map.copyOf(names);
    }

    /** The qualified name of a kind. An unknown name is not changed; it is reported unless it has a group. */
    static String qualified(String name, String field, ConversionReport.Subject about) {
        String plain = name.toLowerCase(Locale.ROOT);
        String known = BY_NAME.get(plain);
        if (known == null && !plain.contains(".")) {
            about.add(
                    field,
                    "'" + name
                            + "' is not changed; write it with its group, as kubectl api-resources -o name prints it");
        }
        return known == null ? plain : known;
    }

    /** Whether a kind is known to be cluster-scoped. */
    static boolean isClusterScoped(String qualified) {
        return CLUSTER_SCOPED.contains(qualified);
    }
}
